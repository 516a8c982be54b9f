/** OpenAI's responses API over real sockets: answers, streams, tools, and conversations that the router remembers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, backendsOf, fakeServer, type Json, routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const path = '/v1/responses';
const weather = { type: 'function' as const, name: 'get_weather', description: 'Tells the weather.', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } };
const softwares = ['ollama', 'llama-server'] as const;

function clientOf(router: TestRouter): OpenAI {
  return new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
}

function serverWith(software: (typeof softwares)[number], name: string): Promise<FakeBackend> {
  return fakeServer({ software, models: [{ name, contextLength: 4096, capabilities: ['completion', 'tools', 'vision'] }] });
}

async function start(software: (typeof softwares)[number] = 'ollama', config: Json = {}) {
  const backend = await serverWith(software, 'small:1b');
  const router = await routerWith({ backends: backendsOf({ main: backend }), ...config });
  return { backend, router, openai: clientOf(router) };
}

function sentTo(backend: FakeBackend): Json {
  return { ...backend.requests.at(-1)?.body };
}

describe.each(softwares)('over %s', (software) => {
  test('a whole answer', async () => {
    const { backend, openai } = await start(software);
    backend.script('small:1b', { text: 'Good day!', usage: { promptTokens: 12, completionTokens: 3 } });
    const answer = await openai.responses.create({ model: 'small:1b', instructions: 'Be brief.', input: 'Hello', temperature: 0.2, max_output_tokens: 20 });
    expect(answer).toMatchObject({ object: 'response', status: 'completed', model: 'small:1b', instructions: 'Be brief.', temperature: 0.2, usage: { input_tokens: 12, output_tokens: 3, total_tokens: 15 } });
    expect(answer.output_text).toBe('Good day!');
    expect(sentTo(backend)).toMatchObject({ messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello' }], temperature: 0.2, max_tokens: 20 });
  });

  test("a stream, read by the client's own helper", async () => {
    const { backend, openai } = await start(software);
    backend.script('small:1b', { reasoning: 'Hm.', chunks: ['Good ', 'day, ', 'Ärger 🎉'], chunkDelayMs: 0, usage: { promptTokens: 12, completionTokens: 3 } });
    const numbers: number[] = [];
    const deltas: string[] = [];
    const stream = openai.responses.stream({ model: 'small:1b', input: 'Hello' });
    for await (const event of stream) {
      if ('sequence_number' in event) numbers.push(event.sequence_number);
      if (event.type === 'response.output_text.delta') deltas.push(event.delta);
    }
    const answer = await stream.finalResponse();
    expect(deltas).toEqual(['Good ', 'day, ', 'Ärger 🎉']);
    expect(numbers).toEqual(numbers.map((_number, index) => index));
    expect(answer).toMatchObject({ status: 'completed', output_text: 'Good day, Ärger 🎉', usage: { input_tokens: 12, output_tokens: 3 }, output: [{ type: 'reasoning', content: [{ text: 'Hm.' }] }, { type: 'message' }] });
  });

  test('tools, there and back, going on by id', async () => {
    const { backend, openai } = await start(software);
    backend.script('small:1b', { toolCalls: [{ name: 'get_weather', arguments: { city: 'Łódź' }, id: 'call_1' }], times: 1 });
    backend.script('small:1b', { text: 'Sunny.' });
    const first = await openai.responses.create({ model: 'small:1b', input: 'Weather?', tools: [weather] });
    const [call] = first.output;
    if (call?.type !== 'function_call') throw new Error('No call of a function.');
    expect([call.name, JSON.parse(call.arguments)]).toEqual(['get_weather', { city: 'Łódź' }]);
    const last = await openai.responses.create({ model: 'small:1b', previous_response_id: first.id, input: [{ type: 'function_call_output', call_id: call.call_id, output: 'sunny' }], tools: [weather] });
    expect(last.output_text).toBe('Sunny.');
    expect(last.previous_response_id).toBe(first.id);
    expect(sentTo(backend)).toMatchObject({ messages: [{ role: 'user', content: 'Weather?' }, { role: 'assistant', tool_calls: [{ function: { name: 'get_weather' } }] }, { role: 'tool', content: 'sunny' }] });
  });

  test('structured output', async () => {
    const { backend, openai } = await start(software);
    backend.script('small:1b', { text: '{"answer":42}' });
    const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };
    const answer = await openai.responses.parse({ model: 'small:1b', input: 'How many?', text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } } });
    expect(JSON.parse(answer.output_text)).toEqual({ answer: 42 });
    expect(sentTo(backend)).toMatchObject({ response_format: { json_schema: { schema } } });
  });

  test('a stream that breaks off fails, and is not kept', async () => {
    const { backend, router, openai } = await start(software);
    backend.script('small:1b', { chunks: ['one ', 'two ', 'three ', 'four'], fault: 'cut' });
    const types: string[] = [];
    let id = '';
    const reading = async (): Promise<void> => {
      for await (const event of await openai.responses.create({ model: 'small:1b', input: 'Hello', stream: true })) {
        types.push(event.type);
        if (event.type === 'response.created') id = event.response.id;
      }
    };
    await expect(reading()).rejects.toThrow(/broke off|interrupted|incomplete/i);
    expect(types.at(-1)).toBe('response.failed');
    expect(types).not.toContain('response.completed');
    expect((await router.get(`${path}/${id}`)).status).toBe(404);
  });
});

test('a conversation goes on over servers of different kinds, and across stream and not', async () => {
  const native = await serverWith('ollama', 'one:1b');
  const other = await serverWith('llama-server', 'two:1b');
  const openai = clientOf(await routerWith({ backends: backendsOf({ native, other }) }));
  native.script('one:1b', { text: 'I am one.' });
  other.script('two:1b', { chunks: ['I am ', 'two.'] });
  const first = await openai.responses.create({ model: 'one:1b', instructions: 'Speak English.', input: 'Who are you?' });
  const second = await openai.responses.stream({ model: 'two:1b', instructions: 'Be brief.', input: 'And you?', previous_response_id: first.id }).finalResponse();
  await openai.responses.create({ model: 'one:1b', input: 'Both?', previous_response_id: second.id });
  expect(sentTo(other)['messages']).toEqual([{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Who are you?' }, { role: 'assistant', content: 'I am one.' }, { role: 'user', content: 'And you?' }]);
  expect(sentTo(native)['messages']).toMatchObject([{ content: 'Who are you?' }, { content: 'I am one.' }, { content: 'And you?' }, { content: 'I am two.' }, { content: 'Both?' }]);
});

test('parts of an earlier answer are referred to by id, without the id of the answer', async () => {
  const { backend, openai } = await start();
  backend.script('small:1b', { text: 'Good day!' });
  const first = await openai.responses.create({ model: 'small:1b', input: 'Hello' });
  await openai.responses.create({ model: 'small:1b', input: [{ role: 'user', content: 'Hello' }, { type: 'item_reference', id: first.output[0]?.id ?? '' }, { role: 'user', content: 'Again!' }] });
  expect(sentTo(backend)['messages']).toMatchObject([{ content: 'Hello' }, { role: 'assistant', content: 'Good day!' }, { content: 'Again!' }]);
});

test('what is not stored cannot be gone on from: 404, and no server is asked', async () => {
  const { backend, router, openai } = await start();
  const unkept = await openai.responses.create({ model: 'small:1b', input: 'Hello', store: false });
  expect(unkept).toMatchObject({ store: false });
  for (const id of [unkept.id, 'resp_none']) {
    const answer = await ask(router, path, { model: 'small:1b', input: 'Go on', previous_response_id: id });
    expect(answer.status).toBe(404);
    expect(answer.body['error']).toMatchObject({ code: 'not_found', param: 'previous_response_id', message: expect.stringContaining(id) });
  }
  expect(backend.requests).toHaveLength(1);
});

test('an answer is read and deleted by its id', async () => {
  const { backend, router, openai } = await start();
  backend.script('small:1b', { text: 'Good day!' });
  const { id } = await openai.responses.create({ model: 'small:1b', input: 'Hello', metadata: { a: 'b' } });
  expect(await openai.responses.retrieve(id)).toMatchObject({ id, object: 'response', status: 'completed', metadata: { a: 'b' }, output_text: 'Good day!' });
  const response = await fetch(`${router.url}${path}/${id}`, { method: 'DELETE' });
  expect([response.status, await response.json()]).toEqual([200, { id, object: 'response', deleted: true }]);
  await expect(openai.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  await expect(openai.responses.delete(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  await expect(openai.responses.create({ model: 'small:1b', input: 'Go on', previous_response_id: id })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  expect((await router.get(`${path}/%00`)).status).toBe(404);
});

test('a restart forgets no answer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oar-responses-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const backend = await serverWith('ollama', 'small:1b');
  backend.script('small:1b', { text: 'Good day!' });
  const config = { backends: backendsOf({ main: backend }), store: { kind: 'sqlite', path: join(folder, 'oar.sqlite') } };
  const before = await routerWith(config);
  const { id } = await clientOf(before).responses.create({ model: 'small:1b', input: 'Hello' });
  await before.stop();
  const openai = clientOf(await routerWith(config));
  expect((await openai.responses.retrieve(id)).output_text).toBe('Good day!');
  await openai.responses.create({ model: 'small:1b', input: 'Again!', previous_response_id: id });
  expect(sentTo(backend)['messages']).toMatchObject([{ content: 'Hello' }, { content: 'Good day!' }, { content: 'Again!' }]);
});

test('what only OpenAI can do is refused by name before any server is asked', async () => {
  const { backend, router } = await start();
  for (const [param, more] of Object.entries({ background: { background: true }, tools: { tools: [{ type: 'web_search' }] }, conversation: { conversation: 'conv_1' } })) {
    const answer = await ask(router, path, { model: 'small:1b', input: 'Hello', ...more });
    expect(answer.status).toBe(400);
    expect(answer.body['error']).toMatchObject({ code: 'unsupported_feature', param });
  }
  expect(backend.requests).toEqual([]);
});
