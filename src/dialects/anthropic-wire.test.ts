import { expect, test } from 'vitest';
import { defaultMaxTokens } from './anthropic-wire.ts';
import { dialect } from './anthropic-messages.ts';
import { dialect as ollama } from './ollama-chat.ts';
import { dialect as openAi } from './openai-chat.ts';

const user = { role: 'user', content: 'Hello' };
const asText = (text: string) => ({ type: 'text', text });

function call(id: string, name: string, given: string) {
  return { id, type: 'function', function: { name, arguments: given } };
}

/** A request of the OpenAI API as it goes to an Anthropic server. */
function send(body: object): Record<string, unknown> {
  return JSON.parse(dialect.encodeRequest(openAi.decodeRequest(JSON.stringify({ messages: [user], ...body })), { model: 'claude' }).body);
}

function refused(body: object, from = openAi): string | undefined {
  try {
    dialect.encodeRequest(from.decodeRequest(JSON.stringify({ messages: [user], ...body })), { model: 'claude' });
    return undefined;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'unsupported_feature' });
    return (thrown as { details: { param?: string } }).details.param;
  }
}

test('turns alternate, results stand first behind their calls, system texts move up', () => {
  expect(send({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' }, { role: 'user', content: 'there' },
      { role: 'assistant', content: '', reasoning_content: 'hm', tool_calls: [call('a', 'weather', '{"city":"Łódź"}'), call('b', 'now', '')] },
      { role: 'system', content: [asText('Be'), asText('kind.')] },
      { role: 'tool', tool_call_id: 'b', content: 'noon' },
      { role: 'user', content: [asText('so?'), { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBOR' } }] },
      { role: 'tool', tool_call_id: 'a', content: [asText('12°'), { type: 'image_url', image_url: { url: 'https://a/b.png' } }] },
      { role: 'assistant', content: 'It is' }, { role: 'assistant', content: ' noon.' },
    ],
  })).toMatchObject({
    system: 'Be brief.\n\nBe\nkind.',
    messages: [
      { role: 'user', content: [asText('Hi'), asText('there')] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Łódź' } }, { type: 'tool_use', id: 'b', name: 'now', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'b', content: 'noon' },
          { type: 'tool_result', tool_use_id: 'a', content: [asText('12°'), { type: 'image', source: { type: 'url', url: 'https://a/b.png' } }] },
          asText('so?'),
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } },
        ],
      },
      { role: 'assistant', content: [asText('It is'), asText(' noon.')] },
    ],
  });
});

test('the API refuses empty texts and turns: none are sent', () => {
  expect(send({ messages: [{ role: 'system', content: '' }, { role: 'assistant', content: '' }, { role: 'user', content: [asText(''), asText('x')] }] })).toMatchObject({ messages: [{ role: 'user', content: [asText('x')] }] });
  expect(send({ messages: [{ role: 'system', content: '' }, user] })).not.toHaveProperty('system');
});

test('ids of calls become what the API takes, stay in pairs, and never come twice', () => {
  const turn = [{ role: 'assistant', content: '', tool_calls: [call('call 0/ż', 'f', '{}'), call('x', 'g', '{}')] }, { role: 'tool', tool_call_id: 'call 0/ż', content: 'r' }, { role: 'tool', tool_call_id: 'x', content: 's' }];
  const { messages } = send({ messages: [user, ...turn, ...turn] }) as { messages: { content: { type: string; id?: string; tool_use_id?: string }[] }[] };
  const blocks = messages.flatMap((message) => message.content);
  const given = blocks.flatMap((block) => block.id ?? []);
  expect(given).toHaveLength(4);
  expect(new Set(given).size).toBe(4);
  for (const id of given) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
  expect(blocks.flatMap((block) => block.tool_use_id ?? [])).toEqual(given);
});

test('arguments that are no JSON object are named as such', () => {
  for (const text of ['{"city": "Par', '[1]', 'null']) {
    expect(send({ messages: [user, { role: 'assistant', tool_calls: [call('a', 'f', text)] }] })).toMatchObject({ messages: [{}, { content: [{ type: 'tool_use', input: { INVALID_JSON: text } }] }] });
  }
});

test('tools, the choice, one call at most', () => {
  const tools = [{ type: 'function', function: { name: 'f', description: 'F.', parameters: { type: 'object' }, strict: true } }, { type: 'function', function: { name: 'g' } }];
  const choice = (more: object) => send({ tools, ...more }).tool_choice;
  expect(send({ tools }).tools).toEqual([{ name: 'f', description: 'F.', input_schema: { type: 'object' }, strict: true }, { name: 'g', input_schema: { type: 'object', properties: {} } }]);
  expect(['auto', 'none', 'required', { type: 'function', function: { name: 'f' } }, undefined].map((one) => choice({ tool_choice: one }))).toEqual([{ type: 'auto' }, { type: 'none' }, { type: 'any' }, { type: 'tool', name: 'f' }, undefined]);
  const alone = dialect.encodeRequest({ ...openAi.decodeRequest(JSON.stringify({ messages: [user], tools })), parallelToolCalls: false }, { model: 'm' });
  expect(JSON.parse(alone.body).tool_choice).toEqual({ type: 'auto', disable_parallel_tool_use: true });
  expect(send({ tool_choice: 'required' })).not.toHaveProperty('tool_choice');
});

test('a limit is put in, and named, only where none was asked for', () => {
  const wire = (maxTokens?: number) => dialect.encodeRequest(ollama.decodeRequest(JSON.stringify({ messages: [user], options: { num_predict: maxTokens } })), { model: 'm' });
  expect([wire(5), wire(), wire(-1)].map(({ body, rewrites }) => [JSON.parse(body).max_tokens, rewrites])).toEqual([[5, []], [defaultMaxTokens, ['max_tokens']], [defaultMaxTokens, ['max_tokens']]]);
});

test('thinking, formats, the user, stops', () => {
  const schema = { type: 'object', properties: {}, additionalProperties: false };
  expect(send({ reasoning_effort: 'high', user: 'ada', stop: 'END', response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } })).toMatchObject({
    thinking: { type: 'adaptive' }, output_config: { effort: 'high', format: { type: 'json_schema', schema } }, metadata: { user_id: 'ada' }, stop_sequences: ['END'],
  });
  expect(send({ reasoning_effort: 'none' })).toMatchObject({ thinking: { type: 'disabled' } });
  expect(send({})).toEqual({ model: 'claude', max_tokens: defaultMaxTokens, stream: false, messages: [{ role: 'user', content: [asText('Hello')] }] });
});

test.each([
  [{ logprobs: true }, 'logprobs'], [{ seed: 0 }, 'seed'], [{ min_p: 0.1 }, 'min_p'], [{ presence_penalty: 0.5 }, 'presence_penalty'], [{ frequency_penalty: -1 }, 'frequency_penalty'],
  [{ repeat_penalty: 1.1 }, 'repeat_penalty'], [{ response_format: { type: 'json_object' } }, 'response_format'], [{ n: 2 }, 'n'], [{ logit_bias: { 1: 2 } }, 'logit_bias'],
  [{ messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] }, 'messages'],
  [{ messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://a/b.png' } }] }] }, 'messages'],
])('%j cannot be said: %s is refused', (body, param) => {
  expect(refused(body)).toBe(param);
});

test('what changes nothing is no reason to refuse', () => {
  expect(refused({ n: 1, min_p: 0, presence_penalty: 0, frequency_penalty: 0, repeat_penalty: 1, logprobs: false, keep_alive: '5m', response_format: { type: 'text' } })).toBeUndefined();
  expect(refused({ options: { num_ctx: 8192 }, keep_alive: -1 }, ollama)).toBeUndefined();
});

test('loading and unloading is Ollama\'s alone', () => {
  expect(refused({ messages: [] }, ollama)).toBe('messages');
});
