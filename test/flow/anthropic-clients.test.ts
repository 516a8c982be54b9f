/** The official Anthropic client, unmodified, against the router: what its users see must be what the API promises. */
import Anthropic from '@anthropic-ai/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { fakeServer, routerWith } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

let backend: FakeBackend;
let router: TestRouter;
let client: Anthropic;

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const name = 'claude-small';
const tools: Anthropic.Tool[] = [{ name: 'get_weather', description: 'Tells the weather.', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];
const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };
const hello: Anthropic.MessageParam[] = [{ role: 'user', content: 'Hello there' }];
const base = { model: name, max_tokens: 64, messages: hello };

type Software = 'ollama' | 'llama-server' | 'anthropic';

async function start(software: Software, config: Record<string, unknown> = {}): Promise<void> {
  backend = await fakeServer({ software, models: [{ name, contextLength: 4096, capabilities: ['completion', 'tools', 'vision', 'thinking'] }] });
  router = await routerWith({ backends: [{ id: 'main', kind: software === 'llama-server' ? 'openai' : software, url: backend.url, timeouts: { connectMs: 1000, firstByteMs: 5000, idleMs: 500, totalMs: 0 } }], ...config });
  client = new Anthropic({ baseURL: router.url, apiKey: 'unused', maxRetries: 0 });
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('It succeeded.');
    },
    (error: unknown) => error as Error,
  );
}

function textIn(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

/** A model whose server says that it thinks gets room to think beside the answer. */
const roomFor = { ollama: 1024, 'llama-server': 64, anthropic: 64 } as const;

describe.each(['ollama', 'llama-server', 'anthropic'] as const)('over %s', (software) => {
  beforeEach(() => start(software));

  test('a whole answer', async () => {
    backend.script(name, { text: 'Good day!', usage: { promptTokens: 12, completionTokens: 3 } });
    const message = await client.messages.create({ ...base, system: 'Be brief.', stop_sequences: ['END'] });
    expect(message).toMatchObject({ type: 'message', role: 'assistant', model: name, stop_reason: 'end_turn', stop_sequence: null, content: [{ type: 'text', text: 'Good day!' }], usage: { input_tokens: 12, output_tokens: 3 } });
    expect(message.id).toMatch(/^msg_/);
    expect(backend.requests[0]?.body).toMatchObject(software === 'anthropic' ? { system: 'Be brief.', stop_sequences: ['END'] } : { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }], stop: ['END'], max_tokens: roomFor[software] });
  });

  test('a stream, event by event', async () => {
    backend.script(name, { chunks: ['Good ', 'day, ', 'Ärger 🎉'], chunkDelayMs: 0, usage: { promptTokens: 12, completionTokens: 3 } });
    const types: string[] = [];
    let text = '';
    for await (const event of await client.messages.create({ ...base, stream: true })) {
      types.push(event.type);
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    expect(text).toBe('Good day, Ärger 🎉');
    expect(types).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
  });

  test('the client\'s own helper adds a stream up to the message', async () => {
    backend.script(name, { reasoning: 'Let me think.', chunks: ['a', 'b'], toolCalls: [{ name: 'get_weather', arguments: { city: 'Łódź' }, id: 'toolu_1' }], usage: { promptTokens: 12, completionTokens: 3 } });
    const texts: string[] = [];
    const stream = client.messages.stream({ ...base, tools, thinking: { type: 'enabled', budget_tokens: 2048 } }).on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts).toEqual(['a', 'b']);
    expect(message.content).toMatchObject([{ type: 'thinking', thinking: 'Let me think.' }, { type: 'text', text: 'ab' }, { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Łódź' } }]);
    expect(message).toMatchObject({ stop_reason: 'tool_use', usage: { input_tokens: 12, output_tokens: 3 } });
    expect(backend.requests[0]?.body).toMatchObject(software === 'anthropic' ? { thinking: { type: 'enabled', budget_tokens: 2048 } } : { reasoning_effort: 'low' });
  });

  test('tools, there and back, with thinking handed on', async () => {
    backend.script(name, { reasoning: 'Weather!', toolCalls: [{ name: 'get_weather', arguments: { city: 'Łódź' }, id: 'toolu_1' }], times: 1 });
    backend.script(name, { text: 'Sunny.' });
    const first = await client.messages.create({ ...base, tools, tool_choice: { type: 'any' } });
    const use = first.content.find((block) => block.type === 'tool_use');
    expect(use).toMatchObject({ id: 'toolu_1', name: 'get_weather', input: { city: 'Łódź' } });
    const last = await client.messages.create({
      ...base, tools,
      messages: [...hello, { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'sunny' }] }] }],
    });
    expect(textIn(last)).toBe('Sunny.');
    expect(backend.requests[0]?.body).toMatchObject({ tool_choice: software === 'anthropic' ? { type: 'any' } : 'required' });
    const turns = software === 'anthropic'
      ? [{ role: 'user' }, { role: 'assistant', content: [{ type: 'thinking', thinking: 'Weather!' }, { type: 'tool_use', id: 'toolu_1' }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] }]
      : [{ role: 'user' }, { role: 'assistant', reasoning_content: 'Weather!', tool_calls: [{ id: 'toolu_1', function: { name: 'get_weather', arguments: '{"city":"Łódź"}' } }] }, { role: 'tool', tool_call_id: 'toolu_1', content: 'sunny' }];
    expect(backend.requests[1]?.body).toMatchObject({ messages: turns });
  });

  test('images and structured output', async () => {
    backend.script(name, { text: '{"answer":42}' });
    const message = await client.messages.parse({
      ...base,
      messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }, { type: 'text', text: 'What is this?' }] }],
      output_config: { format: { type: 'json_schema', schema } },
    });
    expect(JSON.parse(textIn(message))).toEqual({ answer: 42 });
    expect(backend.requests[0]?.text).toContain(png);
    expect(backend.requests[0]?.body).toMatchObject(software === 'anthropic' ? { output_config: { format: { schema } } } : { response_format: { type: 'json_schema', json_schema: { schema } } });
  });

  test('a client that leaves ends the work', async () => {
    backend.script(name, { chunks: ['one'], fault: 'stall' });
    const stream = await client.messages.create({ ...base, stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    await backend.waitForAborts(1);
    backend.script(name, { fault: 'hang' });
    const leaving = new AbortController();
    const pending = failure(client.messages.create(base, { signal: leaving.signal }));
    await backend.waitForRequests(2);
    leaving.abort();
    expect(await pending).toBeInstanceOf(Anthropic.APIUserAbortError);
    await backend.waitForAborts(2);
    await expect.poll(() => router.service.load().totalRunning).toBe(0);
  });

  test('errors have their class, their type and the router\'s code', async () => {
    const missing = await failure(client.messages.create({ ...base, model: 'none' }));
    expect(missing).toBeInstanceOf(Anthropic.NotFoundError);
    expect(missing).toMatchObject({ status: 404, type: 'not_found_error', errorCode: 'unknown_model', message: expect.stringContaining('none') });
    const malformed = await failure(client.messages.create({ ...base, messages: 'hello' as never }));
    expect(malformed).toBeInstanceOf(Anthropic.BadRequestError);
    expect(malformed).toMatchObject({ type: 'invalid_request_error', details: { param: 'messages' } });
    backend.script(name, { status: 500, body: JSON.stringify({ error: { message: 'the runner has crashed' } }) });
    const failed = await failure(client.messages.create({ ...base, stream: true }));
    expect(failed).toBeInstanceOf(Anthropic.InternalServerError);
    expect(failed).toMatchObject({ status: 502, type: 'api_error', message: expect.stringContaining('the runner has crashed') });
  });

  test.each(['cut', 'stall', 'error-in-stream'] as const)('%s: an answer that breaks off is an error, never a short answer', async (fault) => {
    backend.script(name, { chunks: ['one ', 'two ', 'three ', 'four'], chunkDelayMs: 0, fault });
    const broken = await failure((async () => {
      for await (const event of await client.messages.create({ ...base, stream: true })) expect(event.type).not.toBe('message_stop');
    })());
    expect(broken).toBeInstanceOf(Anthropic.APIError);
    expect(broken).toMatchObject({ type: 'api_error', message: expect.stringMatching(/broke off|interrupted|silent|has stopped/) });
    expect(await failure(client.messages.stream(base).finalMessage())).toBeInstanceOf(Anthropic.AnthropicError);
  });

  test('models are listed and read, tokens are counted', async () => {
    const ids: string[] = [];
    for await (const one of client.models.list()) ids.push(one.id);
    expect(ids).toEqual([name, 'auto']);
    expect(await client.models.retrieve(name)).toMatchObject({ type: 'model', id: name, created_at: expect.stringMatching(/^\d{4}-/) });
    expect(await failure(client.models.retrieve('none'))).toBeInstanceOf(Anthropic.NotFoundError);
    expect(await client.messages.countTokens({ model: name, messages: [{ role: 'user', content: 'x'.repeat(80) }], tools })).toEqual({ input_tokens: expect.any(Number) });
  });
});

test('a model whose arguments are no JSON breaks neither a stream nor an answer', async () => {
  await start('llama-server');
  backend.script(name, { toolCalls: [{ name: 'get_weather', arguments: '{"city": "Par', id: 'toolu_1' }] });
  const expected = [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { INVALID_JSON: '{"city": "Par' } }];
  expect((await client.messages.stream({ ...base, tools }).finalMessage()).content).toMatchObject(expected);
  expect((await client.messages.create({ ...base, tools })).content).toMatchObject(expected);
});

test('any version and both ways to send a key are taken', async () => {
  await start('ollama');
  for (const headers of [{ 'x-api-key': 'k', 'anthropic-version': '2023-01-01' }, { authorization: 'Bearer k', 'anthropic-version': '2099-01-01' }]) {
    expect(textIn(await client.messages.create(base, { headers }))).toBe(`Hello from ${name}.`);
  }
  const byToken = new Anthropic({ baseURL: router.url, authToken: 'k', apiKey: null, maxRetries: 0 });
  expect(textIn(await byToken.messages.create(base))).toBe(`Hello from ${name}.`);
});

test('a full queue is overloaded_error with Retry-After, and the client that tries again gets its answer', async () => {
  await start('ollama', { models: [model(name)], queue: { globalMaxQueued: 0 } });
  const release = backend.hold();
  const first = client.messages.create(base);
  await backend.waitForRequests(1);
  const full = await failure(client.messages.create(base));
  expect(full).toMatchObject({ status: 503, type: 'overloaded_error', errorCode: 'queue_full' });
  expect(Number((full as { headers?: Headers }).headers?.get('retry-after'))).toBeGreaterThanOrEqual(1);
  const patient = client.messages.create(base, { maxRetries: 3 });
  await expect.poll(() => router.lines.filter((line) => line.fields.error === 'queue_full').length).toBe(2);
  release();
  expect([textIn(await first), textIn(await patient)]).toEqual([`Hello from ${name}.`, `Hello from ${name}.`]);
});
