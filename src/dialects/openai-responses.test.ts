import { expect, test } from 'vitest';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { dialect as ollama } from './ollama-chat.ts';
import { dialect as chat } from './openai-chat.ts';
import { dialect } from './openai-responses.ts';

const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ model: 'm', input: 'Hello', ...body }));

// biome-ignore lint/suspicious/noExplicitAny: events of a foreign API
type Json = any;

function write(parts: readonly StreamPart[], body: object = {}, more: Partial<AnswerContext> = {}): string {
  const encoder = dialect.encodeResponse({ requestId: 'req_ab1', request: ask(body), model: 'served', stream: true, relay: false, includeUsage: true, createdAt: 1_767_225_600_900, router: null, ...more });
  return [...parts.map((part) => encoder.push(part)), encoder.end()].map((bytes) => bytes ?? '').join('');
}

function eventsOf(wire: string): Json[] {
  return wire.trimEnd().split('\n\n').map((event) => {
    const [name, data] = event.split('\n');
    const value = JSON.parse(data?.slice('data: '.length) ?? '');
    expect(name).toBe(`event: ${value.type}`);
    return value;
  });
}

const finish = (reason: 'stop' | 'length' | 'tool-calls' = 'stop'): StreamPart => ({ type: 'finish', reason, usage: { promptTokens: 9, completionTokens: 4, cachedTokens: 5, reasoningTokens: 2 } });
const text = (value: string): StreamPart => ({ type: 'text-delta', text: value });
const thought = (value: string): StreamPart => ({ type: 'reasoning-delta', text: value });
const call = (name: string, argumentText: string, index = 0): StreamPart => ({ type: 'tool-call', index, id: `c${index}`, name, arguments: argumentText });

test('items become messages: what belongs to one answer stays together', () => {
  const request = ask({
    instructions: 'Be brief.',
    input: [
      { role: 'user', content: 'Weather?' },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'short' }], content: [{ type: 'reasoning_text', text: 'Ask the tools.' }] },
      { type: 'message', role: 'assistant', id: 'msg_1', status: 'completed', content: [{ type: 'output_text', text: 'Let me see.', annotations: [] }] },
      { type: 'function_call', id: 'fc_1', call_id: 'a', name: 'weather', arguments: '{"city":"Łódź"}' },
      { type: 'function_call', call_id: 'b', name: 'now', arguments: '' },
      { type: 'function_call_output', call_id: 'a', output: '12°' },
      { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'noon' }, { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' }] },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Go on.' }] },
    ],
  });
  expect(request.conversation).toEqual({ keep: true, passing: 1 });
  expect(request.messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
    { role: 'assistant', reasoning: 'Ask the tools.', content: [{ type: 'text', text: 'Let me see.' }], toolCalls: [{ id: 'a', name: 'weather', arguments: '{"city":"Łódź"}' }, { id: 'b', name: 'now', arguments: '{}' }] },
    { role: 'tool', toolCallId: 'a', toolName: 'weather', content: [{ type: 'text', text: '12°' }] },
    { role: 'tool', toolCallId: 'b', toolName: 'now', content: [{ type: 'text', text: 'noon' }, { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }] },
    { role: 'system', content: [{ type: 'text', text: 'Go on.' }] },
  ]);
});

test('text between a call and its result joins the call, for results must follow calls', () => {
  const { messages } = ask({ input: [{ type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' }, { role: 'assistant', content: 'Calling.' }, { type: 'function_call_output', call_id: 'a', output: 'x' }, { role: 'assistant', content: 'one' }, { role: 'assistant', content: 'two' }] });
  expect(messages.map((message) => [message.role, message.content.length, message.toolCalls?.length ?? 0])).toEqual([['assistant', 1, 1], ['tool', 1, 0], ['assistant', 1, 0], ['assistant', 1, 0]]);
});

test('the other fields', () => {
  expect(ask({
    previous_response_id: 'resp_1', store: false, stream: true, max_output_tokens: 7, temperature: 0.1, top_p: 0.2, user: 'ann', reasoning: { effort: 'xhigh', summary: 'auto' },
    text: { format: { type: 'json_schema', name: 'n', strict: true, schema: { type: 'object' } }, verbosity: 'low' }, include: ['message.output_text.logprobs'], top_logprobs: 3, tool_choice: 'required', metadata: { a: 'b' }, truncation: 'auto',
  })).toMatchObject({
    conversation: { previousId: 'resp_1', keep: false, passing: 0 }, stream: true, sampling: { maxTokens: 7, temperature: 0.1, topP: 0.2 }, user: 'ann', reasoning: { enabled: true },
    responseFormat: { type: 'json-schema', name: 'n', strict: true, schema: { type: 'object' } }, logprobs: { top: 3 }, toolChoice: 'required', extra: { metadata: { a: 'b' }, truncation: 'auto' },
  });
  expect(ask({ text: { format: { type: 'json_object' } }, reasoning: { effort: 'none' }, tools: [] })).toMatchObject({ responseFormat: { type: 'json' }, reasoning: { enabled: false } });
});

test.each([
  [{ input: null }, 'input'], [{ input: 5 }, 'input'], [{ input: [5] }, 'input[0]'], [{ input: [{ role: 'user', content: 5 }] }, 'input[0].content'], [{ input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'input[0].content[0].text'],
  [{ input: [{ type: 'function_call', name: 'f' }] }, 'input[0].call_id'], [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'], [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
  [{ tools: [{ type: 'function', name: 'a' }, { type: 'custom', name: 'a' }] }, 'tools'], [{ previous_response_id: 5 }, 'previous_response_id'], [{ text: { format: {} } }, 'text.format.type'], [{ max_output_tokens: 'x' }, 'max_output_tokens'],
])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});

test.each([[{ background: true }, 'background'], [{ conversation: 'conv_1' }, 'conversation']])('%j is what only OpenAI keeps', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param }) }));
});

const lookup = { type: 'function', name: 'lookup', description: 'Looks it up.', parameters: { type: 'object' }, strict: true };

test.each([
  [{ tools: [{ type: 'web_search' }] }, 'tools', 'web_search'], [{ tools: [lookup, { type: 'file_search' }, { type: 'mcp' }] }, 'tools', 'file_search, mcp'], [{ tools: [{ type: 'image_generation' }] }, 'tools', 'image_generation'],
  [{ tools: [lookup, { type: 'web_search', external_web_access: true }] }, 'tools', 'web_search'], [{ tools: [lookup], tool_choice: { type: 'file_search' } }, 'tool_choice', 'file_search'], [{ prompt: { id: 'p' } }, 'prompt', 'prompt'],
  [{ text: { format: { type: 'grammar' } } }, 'text', 'text'],
])('%j is refused by name, and passes to a server of the same API', (body, param, named) => {
  const request = ask(body);
  expect(JSON.parse(dialect.encodeRequest(request, { model: 'm' }).body)).toMatchObject(body);
  for (const other of [chat, ollama]) expect(() => other.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', message: expect.stringContaining(named), details: expect.objectContaining({ param }) }));
});

test.each([{ type: 'web_search_call', id: 'w' }, { role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }, { role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }, { role: 'critic', content: 'x' }])('an item %j cannot be said elsewhere', (item) => {
  expect(() => chat.encodeRequest(ask({ input: [item] }), { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
});

/** As a coding agent sends them: functions, groups of functions, a tool that takes text, and what OpenAI alone runs. */
const agentTools = [
  lookup,
  { type: 'namespace', name: 'mcp__files', description: 'Files.', tools: [{ type: 'function', name: 'read', parameters: { type: 'object' } }] },
  { type: 'namespace', name: 'functions', description: 'More.', tools: [{ type: 'function', name: 'wait', parameters: { type: 'object' } }] },
  { type: 'custom', name: 'apply_patch', description: 'Edits.', format: { type: 'grammar', syntax: 'lark', definition: 'start: x' } },
  { type: 'web_search', external_web_access: false },
  { type: 'image_generation', output_format: 'png' },
];

test("an agent's tools reach any model as functions", () => {
  const request = ask({ tools: agentTools, tool_choice: { type: 'custom', name: 'apply_patch' } });
  expect(request.tools.map((tool) => tool.name)).toEqual(['lookup', 'mcp__files__read', 'wait', 'apply_patch']);
  expect(request.tools[3]).toMatchObject({ description: 'Edits.\n\nThe input follows this lark grammar:\nstart: x', parameters: { properties: { input: { type: 'string' } }, required: ['input'] } });
  expect(request.toolChoice).toEqual({ name: 'apply_patch' });
  expect(() => chat.encodeRequest(request, { model: 'm' })).not.toThrow();
  expect(ask({ tools: agentTools, tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'read', namespace: 'mcp__files' }, { type: 'function', name: 'lookup' }] } })).toMatchObject({ toolChoice: 'required', tools: [{ name: 'lookup' }, { name: 'mcp__files__read' }] });
});

test("calls come back under the caller's names and kinds, and so do they in the next request", () => {
  const parts = [call('mcp__files__read', '{"path":"a"}'), call('apply_patch', '{"input":"*** Begin"}', 1), call('wait', '{}', 2), call('unknown', '{}', 3), finish('tool-calls')];
  const { output, tools } = JSON.parse(write(parts, { tools: agentTools }, { stream: false }));
  expect(output).toEqual([
    { id: 'fc_ab1_0', type: 'function_call', status: 'completed', call_id: 'c0', name: 'read', namespace: 'mcp__files', arguments: '{"path":"a"}' },
    { id: 'ctc_ab1_1', type: 'custom_tool_call', status: 'completed', call_id: 'c1', name: 'apply_patch', input: '*** Begin' },
    { id: 'fc_ab1_2', type: 'function_call', status: 'completed', call_id: 'c2', name: 'wait', arguments: '{}' },
    { id: 'fc_ab1_3', type: 'function_call', status: 'completed', call_id: 'c3', name: 'unknown', arguments: '{}' },
  ]);
  // What was left out for the agent's sake is not said to have been offered.
  expect(tools.map((tool: Json) => tool.type)).toEqual(['function', 'namespace', 'namespace', 'custom']);
  const [message, result] = ask({ input: [...output.slice(0, 2), { type: 'custom_tool_call_output', call_id: 'c1', output: 'Done.' }] }).messages;
  expect(message?.toolCalls).toEqual([{ id: 'c0', name: 'mcp__files__read', arguments: '{"path":"a"}' }, { id: 'c1', name: 'apply_patch', arguments: '{"input":"*** Begin"}' }]);
  expect(result).toMatchObject({ role: 'tool', toolCallId: 'c1', toolName: 'apply_patch' });
});

test('a custom tool gets what the model wrote even when that is no object with an input', () => {
  expect(JSON.parse(write([call('apply_patch', 'plain'), finish()], { tools: agentTools }, { stream: false })).output[0]).toMatchObject({ type: 'custom_tool_call', input: 'plain' });
});

test('a whole answer repeats what was asked', () => {
  const body = { instructions: 'Be brief.', temperature: 0.5, metadata: { a: 'b' }, previous_response_id: 'resp_0', tool_choice: 'auto', tools: [lookup], text: { verbosity: 'low' }, max_output_tokens: 9, router: {} };
  const answer = JSON.parse(write([thought('Hm.'), text('Hi'), text(' there'), finish()], body, { stream: false, router: () => ({ selectedModel: 'served' }) }));
  expect(answer).toEqual({
    id: 'resp_ab1', object: 'response', created_at: 1_767_225_600, status: 'completed', background: false, error: null, incomplete_details: null, instructions: 'Be brief.', max_output_tokens: 9, metadata: { a: 'b' },
    parallel_tool_calls: true, previous_response_id: 'resp_0', reasoning: { effort: null, summary: null }, service_tier: 'default', temperature: 0.5, text: { format: { type: 'text' }, verbosity: 'low' }, tool_choice: 'auto', tools: [lookup],
    top_logprobs: 0, top_p: null, truncation: 'disabled', user: null, model: 'served', store: true,
    output: [
      { id: 'rs_ab1_0', type: 'reasoning', status: 'completed', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
      { id: 'msg_ab1_1', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'Hi there', annotations: [], logprobs: [] }] },
    ],
    usage: { input_tokens: 9, input_tokens_details: { cached_tokens: 5 }, output_tokens: 4, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 13 },
    router: { selectedModel: 'served' },
  });
});

test('an answer that was cut short says so, and one of nothing is an empty message', () => {
  expect(JSON.parse(write([text('Hi'), finish('length')], {}, { stream: false }))).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [{ status: 'incomplete' }] });
  expect(JSON.parse(write([finish()], { store: false }, { stream: false }))).toMatchObject({ status: 'completed', store: false, output: [{ type: 'message', content: [{ text: '' }] }] });
});

test('a stream tells every step, numbered', () => {
  const events = eventsOf(write([thought('Hm.'), text('Hi'), call('lookup', '{"a":1}'), finish('tool-calls')], { tools: [lookup] }));
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
  expect(events.map((event) => [event.type.replace('response.', ''), event.output_index])).toEqual([
    ['created', undefined], ['in_progress', undefined],
    ['output_item.added', 0], ['content_part.added', 0], ['reasoning_text.delta', 0], ['reasoning_text.done', 0], ['content_part.done', 0], ['output_item.done', 0],
    ['output_item.added', 1], ['content_part.added', 1], ['output_text.delta', 1], ['output_text.done', 1], ['content_part.done', 1], ['output_item.done', 1],
    ['output_item.added', 2], ['function_call_arguments.delta', 2], ['function_call_arguments.done', 2], ['output_item.done', 2],
    ['completed', undefined],
  ]);
  expect(events[0].response).toMatchObject({ id: 'resp_ab1', status: 'in_progress', output: [], usage: null });
  expect(events[10]).toMatchObject({ item_id: 'msg_ab1_1', content_index: 0, delta: 'Hi', logprobs: [] });
  expect(events[15]).toMatchObject({ item_id: 'fc_ab1_0', delta: '{"a":1}' });
  expect(events.at(-1).response.output).toEqual(events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item));
});

test('a caller that asks for a summary of the thinking reads it there', () => {
  const events = eventsOf(write([thought('Hm'), thought('.'), finish()], { reasoning: { summary: 'auto' } }));
  expect(events.map((event) => event.type).slice(2, 9)).toEqual(['response.output_item.added', 'response.reasoning_summary_part.added', 'response.reasoning_summary_text.delta', 'response.reasoning_summary_text.delta', 'response.reasoning_summary_text.done', 'response.reasoning_summary_part.done', 'response.output_item.done']);
  expect(events.at(-1).response.output[0]).toMatchObject({ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] });
});

test('a broken stream ends as failed and with an error, never as completed', () => {
  const encoder = dialect.encodeResponse({ requestId: 'req_1', request: ask({}), model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 0, router: null });
  const begun = String(encoder.push(text('Hi')));
  const events = eventsOf(begun + encoder.error(new RouterError('stream_interrupted', 'It broke off.')));
  expect(events.slice(-2)).toMatchObject([
    { type: 'response.failed', response: { status: 'failed', error: { code: 'server_error', message: 'It broke off.' } } },
    { type: 'error', code: 'stream_interrupted', message: 'It broke off.', error: { message: 'It broke off.', code: 'stream_interrupted' } },
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
  // Before anything was written, the response that failed is made known first.
  const early = dialect.encodeResponse({ requestId: 'req_1', request: ask({}), model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 0, router: null });
  expect(eventsOf(early.error(new RouterError('context_overflow', 'Too long.'))).map((event) => event.type)).toEqual(['response.created', 'response.in_progress', 'response.failed', 'error']);
});

test('recorded answers of Ollama', () => {
  const read = (name: string, stream: boolean): readonly StreamPart[] => {
    const decoder = dialect.decodeResponse({ stream, relay: false });
    return [...decoder.push(readWire(name)), ...decoder.end()];
  };
  const stream = read('ollama-responses-stream.sse', true);
  expect(stream.map((part) => (part.type === 'text-delta' ? part.text : part.type)).join('')).toBe("Hello! I'm here to help with any programming or codingfinish");
  expect(stream.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { promptTokens: 20, completionTokens: 12 } });
  expect(read('ollama-responses-whole.json', false)).toEqual([{ type: 'text-delta', text: "I'm so glad you're here! I hope it's" }, { type: 'finish', reason: 'stop', usage: { promptTokens: 12, completionTokens: 12 } }]);
});

test('our stream has the members of the recorded one', () => {
  const recorded = eventsOf(readWire('ollama-responses-stream.sse').toString());
  const ours = new Map(eventsOf(write([text('Hi'), finish()])).map((event) => [event.type, event]));
  const notOurs = new Set(['completed_at', 'frequency_penalty', 'presence_penalty', 'max_tool_calls', 'prompt_cache_key', 'safety_identifier']);
  for (const event of recorded) {
    expect(Object.keys(ours.get(event.type))).toEqual(expect.arrayContaining(Object.keys(event)));
    for (const inner of ['item', 'part', 'response'].filter((name) => name in event)) expect(Object.keys(ours.get(event.type)[inner])).toEqual(expect.arrayContaining(Object.keys(event[inner]).filter((name) => !notOurs.has(name))));
  }
});

test.each([true, false])('a failed response tells its own message (relay %s)', (relay) => {
  const decoder = dialect.decodeResponse({ stream: true, relay });
  const parts = decoder.push(Buffer.from('event: response.created\ndata: {"type":"response.created","response":{"status":"in_progress","error":null}}\n\nevent: response.failed\ndata: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"GPU gone"}}}\n\n'));
  expect(parts.find((part) => part.type === 'error')).toMatchObject({ error: { code: 'backend_failed', message: 'GPU gone' } });
});

test('a request that goes on from an answer is written anew even for a server of the same API', () => {
  const request = { ...ask({ previous_response_id: 'resp_1' }), messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Before' }] }] };
  const sent = JSON.parse(dialect.encodeRequest(request, { model: 'm' }).body);
  expect(sent).toMatchObject({ input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Before' }] }], store: false });
  expect(sent).not.toHaveProperty('previous_response_id');
});
