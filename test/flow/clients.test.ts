/** The official clients, unmodified, against the router: what their users see must be what the API promises. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { model, startTestRouter, type TestRouter } from '../support/test-router.ts';

let backend: FakeBackend;
let router: TestRouter;
let openai: OpenAI;
let ollama: Ollama;

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const weather = { type: 'function' as const, function: { name: 'get_weather', description: 'Tells the weather.', parameters: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] } } };
const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'], additionalProperties: false };
const hello = [{ role: 'user' as const, content: 'Hello there' }];

afterEach(async () => {
  await backend?.close();
  await router?.stop();
});

async function start(software: 'ollama' | 'llama-server', config: Record<string, unknown> = {}): Promise<void> {
  backend = await startFakeBackend({ software, models: [{ name: 'small:1b', contextLength: 4096, capabilities: ['completion', 'tools', 'vision'] }] });
  router = await startTestRouter({ backends: [{ id: 'main', kind: software === 'ollama' ? 'ollama' : 'openai', url: backend.url }], ...config });
  openai = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  ollama = new Ollama({ host: router.url });
}

/** What the first message that the backend was sent holds, whichever API it came in. */
function sent(): Record<string, unknown> & { messages: Record<string, unknown>[] } {
  return backend.requests.at(-1)?.body as never;
}

async function failure(promise: Promise<unknown>): Promise<Error & { status?: number; status_code?: number }> {
  return promise.then(
    () => {
      throw new Error('It succeeded.');
    },
    (error: unknown) => error as Error,
  );
}

// Either client reaches either kind of server: one of the two pairs is passed through, the other translated.
describe.each(['ollama', 'llama-server'] as const)('over %s', (software) => {
  beforeEach(() => start(software));

  test('OpenAI: a whole answer', async () => {
    backend.script('small:1b', { text: 'Good day!', usage: { promptTokens: 12, completionTokens: 3 } });
    const answer = await openai.chat.completions.create({ model: 'small:1b', messages: hello, temperature: 0.2, max_tokens: 20 });
    expect(answer.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Good day!' } });
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'small:1b', usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 } });
    expect(sent()).toMatchObject({ temperature: 0.2, max_tokens: 20 });
  });

  test('OpenAI: a stream, with its usage at the end', async () => {
    backend.script('small:1b', { chunks: ['Good ', 'day, ', 'Ärger 🎉'], chunkDelayMs: 0, usage: { promptTokens: 12, completionTokens: 3 } });
    const stream = await openai.chat.completions.create({ model: 'small:1b', messages: hello, stream: true, stream_options: { include_usage: true } });
    const texts: string[] = [];
    const ends: unknown[] = [];
    let usage: unknown = null;
    for await (const chunk of stream) {
      expect(chunk.object).toBe('chat.completion.chunk');
      if (chunk.choices[0]?.delta.content) texts.push(chunk.choices[0].delta.content);
      if (chunk.choices[0]?.finish_reason) ends.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect([texts.join(''), ends]).toEqual(['Good day, Ärger 🎉', ['stop']]);
    expect(texts).toHaveLength(3);
    expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 });
  });

  test("OpenAI: the client's own helper for streams", async () => {
    backend.script('small:1b', { chunks: ['a', 'b', 'c'] });
    const stream = openai.chat.completions.stream({ model: 'small:1b', messages: hello });
    expect(await stream.finalContent()).toBe('abc');
  });

  test('OpenAI: tools, there and back, streamed and not (AR-D1)', async () => {
    backend.script('small:1b', { toolCalls: [{ name: 'get_weather', arguments: { city: 'Łódź' }, id: 'call_1' }], times: 2 });
    backend.script('small:1b', { text: 'Sunny.' });
    const first = await openai.chat.completions.create({ model: 'small:1b', messages: hello, tools: [weather], tool_choice: 'auto' });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    if (message === undefined || call?.type !== 'function') throw new Error('No call of a function.');
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect([call.function.name, JSON.parse(call.function.arguments)]).toEqual(['get_weather', { city: 'Łódź' }]);
    const streamed = await openai.chat.completions.stream({ model: 'small:1b', messages: hello, tools: [weather] }).finalChatCompletion();
    const [again] = streamed.choices[0]?.message.tool_calls ?? [];
    expect(again?.type === 'function' ? JSON.parse(again.function.arguments) : again).toEqual({ city: 'Łódź' });
    const last = await openai.chat.completions.create({ model: 'small:1b', messages: [...hello, message, { role: 'tool', tool_call_id: call.id, content: 'sunny' }], tools: [weather] });
    expect(last.choices[0]?.message.content).toBe('Sunny.');
    expect(sent()).toMatchObject({ tools: [weather], messages: [{ role: 'user' }, { role: 'assistant', tool_calls: [{ id: call.id, function: { name: 'get_weather' } }] }, { role: 'tool', tool_call_id: call.id, content: 'sunny' }] });
  });

  test('OpenAI: images and structured output', async () => {
    backend.script('small:1b', { text: '{"answer":42}' });
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${png}` } };
    const answer = await openai.chat.completions.parse({
      model: 'small:1b',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] }],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ answer: 42 });
    expect(sent()).toMatchObject({ messages: [{ content: [{ type: 'text', text: 'What is this?' }, image] }], response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } });
  });

  test('OpenAI: a client that leaves ends the work (AR-D10)', async () => {
    backend.script('small:1b', { chunks: ['one'], fault: 'stall' });
    const stream = await openai.chat.completions.create({ model: 'small:1b', messages: hello, stream: true });
    for await (const _chunk of stream) break;
    stream.controller.abort();
    await backend.waitForAborts(1);
    backend.script('small:1b', { fault: 'hang' });
    const leaving = new AbortController();
    const pending = failure(openai.chat.completions.create({ model: 'small:1b', messages: hello }, { signal: leaving.signal }));
    await backend.waitForRequests(2);
    leaving.abort();
    expect(await pending).toBeInstanceOf(OpenAI.APIUserAbortError);
    await backend.waitForAborts(2);
    await expect.poll(() => router.service.load().totalRunning).toBe(0);
  });

  test('OpenAI: models are listed and read', async () => {
    const ids: string[] = [];
    for await (const one of openai.models.list()) ids.push(one.id);
    expect(ids.sort()).toEqual(['auto', 'small:1b']);
    expect(await openai.models.retrieve('small:1b')).toMatchObject({ id: 'small:1b', object: 'model', created: expect.any(Number), owned_by: expect.any(String) });
    const missing = await failure(openai.models.retrieve('org/none:1b'));
    expect(missing).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('Ollama: a whole answer, and a stream', async () => {
    backend.script('small:1b', { chunks: ['Good ', 'day!'], usage: { promptTokens: 12, completionTokens: 2 } });
    const whole = await ollama.chat({ model: 'small:1b', messages: hello, options: { temperature: 0.2, num_predict: 20 } });
    expect(whole).toMatchObject({ model: 'small:1b', done: true, done_reason: 'stop', message: { role: 'assistant', content: 'Good day!' }, prompt_eval_count: 12, eval_count: 2 });
    const parts: string[] = [];
    let end: unknown = null;
    for await (const part of await ollama.chat({ model: 'small:1b', messages: hello, stream: true })) {
      parts.push(part.message.content);
      if (part.done) end = part;
    }
    expect(parts.join('')).toBe('Good day!');
    expect(end).toMatchObject({ done: true, done_reason: 'stop', eval_count: 2 });
  });

  test('Ollama: generate, whole and streamed', async () => {
    backend.script('small:1b', { chunks: ['Good ', 'day!'] });
    const whole = await ollama.generate({ model: 'small:1b', prompt: 'Hello', system: 'Be brief.' });
    expect(whole).toMatchObject({ model: 'small:1b', response: 'Good day!', done: true });
    let text = '';
    for await (const part of await ollama.generate({ model: 'small:1b', prompt: 'Hello', stream: true })) text += part.response;
    expect(text).toBe('Good day!');
  });

  test('Ollama: tools, there and back (AR-D1)', async () => {
    backend.script('small:1b', { toolCalls: [{ name: 'get_weather', arguments: { city: 'Łódź' } }], times: 1 });
    backend.script('small:1b', { text: 'Sunny.' });
    const first = await ollama.chat({ model: 'small:1b', messages: hello, tools: [weather] });
    expect(first.message.tool_calls).toMatchObject([{ function: { name: 'get_weather', arguments: { city: 'Łódź' } } }]);
    const last = await ollama.chat({ model: 'small:1b', messages: [...hello, first.message, { role: 'tool', tool_name: 'get_weather', content: 'sunny' }], tools: [weather] });
    expect(last.message.content).toBe('Sunny.');
    expect(sent()).toMatchObject({ tools: [{ function: { name: 'get_weather' } }], messages: [{ role: 'user' }, { role: 'assistant', tool_calls: [{ function: { name: 'get_weather' } }] }, { role: 'tool', content: 'sunny' }] });
  });

  test('Ollama: images and structured output', async () => {
    backend.script('small:1b', { text: '{"answer":42}' });
    const answer = await ollama.chat({ model: 'small:1b', messages: [{ role: 'user', content: 'What is this?', images: [png] }], format: schema });
    expect(JSON.parse(answer.message.content)).toEqual({ answer: 42 });
    const text = backend.requests[0]?.text ?? '';
    expect(text).toContain(png);
    expect(text).toContain('"additionalProperties":false');
  });

  test('Ollama: a client that leaves ends the work (AR-D10)', async () => {
    backend.script('small:1b', { chunks: ['one'], fault: 'stall' });
    const stream = await ollama.chat({ model: 'small:1b', messages: hello, stream: true });
    const reading = failure((async () => {
      for await (const _part of stream) stream.abort();
    })());
    expect((await reading).name).toBe('AbortError');
    await backend.waitForAborts(1);
    await expect.poll(() => router.service.load().totalRunning).toBe(0);
  });

  test('Ollama: list, show, ps and version', async () => {
    const { models } = await ollama.list();
    expect(models.map((one) => one.name)).toEqual(expect.arrayContaining(['small:1b']));
    for (const one of models) expect(one).toMatchObject({ model: one.name, size: expect.any(Number), digest: expect.stringMatching(/^(sha256:)?[0-9a-f]{12,}$/), details: expect.any(Object), modified_at: expect.anything() });
    expect(await ollama.show({ model: 'small:1b' })).toMatchObject({ details: expect.any(Object), model_info: expect.any(Object), capabilities: expect.arrayContaining(['completion']) });
    await ollama.generate({ model: 'small:1b', prompt: 'Hello' });
    if (software === 'ollama') await expect.poll(async () => (await ollama.ps()).models.map((one) => one.name)).toEqual(['small:1b']);
    else expect((await ollama.ps()).models).toBeInstanceOf(Array);
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('errors carry their status and say what is wrong, in both', async () => {
    const missing = await failure(openai.chat.completions.create({ model: 'none:1b', messages: hello }));
    expect(missing).toBeInstanceOf(OpenAI.NotFoundError);
    expect(missing).toMatchObject({ status: 404, code: 'unknown_model', message: expect.stringContaining('none:1b') });
    expect(await failure(ollama.chat({ model: 'none:1b', messages: hello }))).toMatchObject({ name: 'ResponseError', status_code: 404, message: expect.stringContaining('none:1b') });
    expect(await failure(ollama.show({ model: 'none:1b' }))).toMatchObject({ status_code: 404 });
    const malformed = await failure(openai.chat.completions.create({ model: 'small:1b', messages: 'hello' as never }));
    expect(malformed).toBeInstanceOf(OpenAI.BadRequestError);
    expect(malformed).toMatchObject({ param: expect.stringContaining('messages') });
    backend.script('small:1b', { status: 500, body: JSON.stringify({ error: { message: 'the runner has crashed' } }) });
    const failed = await failure(openai.chat.completions.create({ model: 'small:1b', messages: hello }));
    expect(failed).toBeInstanceOf(OpenAI.InternalServerError);
    expect(failed).toMatchObject({ status: 502, message: expect.stringContaining('the runner has crashed') });
    expect(await failure(ollama.chat({ model: 'small:1b', messages: hello }))).toMatchObject({ status_code: 502, message: expect.stringContaining('crashed') });
  });

  test('an answer that breaks off is an error, never a short answer, in both', async () => {
    backend.script('small:1b', { chunks: ['one ', 'two ', 'three ', 'four'], fault: 'cut' });
    const broken = await failure((async () => {
      for await (const _chunk of await openai.chat.completions.create({ model: 'small:1b', messages: hello, stream: true }));
    })());
    expect(broken).toBeInstanceOf(OpenAI.APIError);
    expect(broken.message).toMatch(/broke off|interrupted|incomplete/i);
    const brokenToo = await failure((async () => {
      for await (const _part of await ollama.chat({ model: 'small:1b', messages: hello, stream: true }));
    })());
    expect(brokenToo.message).toMatch(/broke off|interrupted|incomplete/i);
  });
});

test('a full queue is 503 with Retry-After, a user with too many waiting 429', async () => {
  await start('ollama', { models: [model('small:1b')], queue: { globalMaxQueued: 2, perUserMaxQueued: 1 } });
  const release = backend.hold();
  const ask = (user: string) => openai.chat.completions.create({ model: 'small:1b', messages: hello, user });
  const first = ask('ada');
  await backend.waitForRequests(1);
  const second = ask('ada');
  await expect.poll(() => router.service.load().totalQueued).toBe(1);
  const limited = await failure(ask('ada'));
  expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
  const third = ask('bob');
  await expect.poll(() => router.service.load().totalQueued).toBe(2);
  const full = await failure(ask('cyd'));
  expect(full).toBeInstanceOf(OpenAI.InternalServerError);
  expect(full).toMatchObject({ status: 503, code: 'queue_full' });
  expect(Number((full as { headers?: Headers }).headers?.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await failure(ollama.chat({ model: 'small:1b', messages: hello }))).toMatchObject({ status_code: 503 });
  release();
  for (const answer of [first, second, third]) expect((await answer).choices).toHaveLength(1);
});

test('the client that tries again by itself gets its answer (Retry-After)', async () => {
  await start('ollama', { models: [model('small:1b')], queue: { globalMaxQueued: 0 } });
  const release = backend.hold();
  const first = openai.chat.completions.create({ model: 'small:1b', messages: hello });
  await backend.waitForRequests(1);
  const patient = openai.chat.completions.create({ model: 'small:1b', messages: hello }, { maxRetries: 3 });
  await expect.poll(() => router.lines.some((line) => line.fields.error === 'queue_full')).toBe(true);
  release();
  expect((await first).choices).toHaveLength(1);
  expect((await patient).choices).toHaveLength(1);
});
