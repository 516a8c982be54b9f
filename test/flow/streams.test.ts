import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Step } from '../fakes/backend.ts';
import { ask, backendsOf, call, chat, errorIn, expectAtRest, fakeServer, faultsOf, handWritten, type Json, objectIn, ollamaChat, ollamaGenerate, openAi, payloadsIn, read, routerOver, routerWith, until } from '../support/flow-bed.ts';
import { model } from '../support/test-router.ts';

const streamed = (more: Json = {}) => chat({ model: 'a:1b', stream: true, ...more });
const generated = { model: 'a:1b', prompt: 'Hello there' };
const short = { timeouts: { connectMs: 1000, firstByteMs: 200, idleMs: 60, totalMs: 0 } };

/** Reads a body piece by piece. */
function piecesOf(response: Response) {
  const reader = response.body!.getReader();
  return async () => {
    const { done, value } = await reader.read();
    return done ? null : Buffer.from(value).toString('latin1');
  };
}

/** What an answer says in all, in the words of any of the three APIs. */
function saidIn(text: string): string {
  return payloadsIn(text).map((payload) => {
    const value = objectIn(payload) as { choices?: { delta?: { content?: string } }[]; message?: { content?: string }; response?: string };
    return value.choices?.[0]?.delta?.content ?? value.message?.content ?? value.response ?? '';
  }).join('');
}

const sse = ': a comment\r\n\r\ndata: {"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":"Héé\\u00e9"},"logprobs":{"content":[{"token":"H","logprob":-0.10,"bytes":[72]}]},"finish_reason":null}],"x_own":12345678901234567890}\r\n\r\nevent: own\ndata:{"choices":[{"index":0,"delta":{"content":" 1.0 error \\"done\\":true"},"finish_reason":null}]}\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"x":null}}\n\ndata: [DONE]\n\n';
const ndjson = '{"model":"a:1b","created_at":"2026-01-01T00:00:00.123456789Z","message":{"role":"assistant","content":"Héé \\"error\\""},"logprobs":[{"token":"H","logprob":-0.10}],"done":false,"x_own":12345678901234567890}\n\n{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":2,"x":1.0}\n';

test.each([[openAi, sse, 'text/event-stream'], [ollamaChat, ndjson, 'application/x-ndjson']])('%s: an answer of the same API passes byte for byte', async (path, wire, contentType) => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { models: [model('a:1b')], routes: { unknown: ['a:1b'] } });
  backend.script('a:1b', { body: wire, headers: { 'content-type': contentType } });
  for (const asked of ['a:1b', 'auto']) {
    const { text, headers, status } = await ask(router, path, streamed({ model: asked, router: { taskType: 'unknown' } }));
    expect({ text, status, type: headers.get('content-type') }).toEqual({ text: wire, status: 200, type: contentType });
  }
});

test.each([[openAi, '{"id":"x", "choices":[{"message":{"content":"é"},"logprobs":null,"finish_reason":"stop"}],"big":12345678901234567890 ,"one":1.0}'], [ollamaChat, '{"message":{"content":"é"},"done":true, "big":12345678901234567890,"one":1.0}\n']])('%s: a whole answer passes byte for byte, or with the router object alone put in', async (path, wire) => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend);
  backend.script('a:1b', { body: wire });
  expect((await ask(router, path, chat({ model: 'a:1b' }))).text).toBe(wire);
  const routed = await ask(router, path, chat({ model: 'a:1b', router: {} }));
  if (path === ollamaChat) expect(routed.text).toBe(wire);
  else expect(routed.text.startsWith(`${wire.slice(0, -1)},"router":{`)).toBe(true);
});

test('each event reaches the caller before the next one is written, however the bytes were cut', async () => {
  const steps: ((response: ServerResponse) => void)[] = [];
  let go = (): void => {};
  const hand = await handWritten(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const step of steps) {
      step(response);
      await new Promise<void>((resolve) => (go = resolve));
    }
    response.end();
  });
  const router = await routerWith({ backends: [hand] });
  const event = (text: string) => Buffer.from(`data: {"choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`);
  const accented = event('é');
  const middle = accented.indexOf(0xc3) + 1;
  const end = Buffer.from('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  steps.push((response) => response.write(event('one')));
  steps.push((response) => response.write(Buffer.concat([event('two'), event('three'), accented.subarray(0, middle)])));
  steps.push((response) => response.write(accented.subarray(middle)));
  steps.push((response) => response.write(end));
  const next = piecesOf(await call(router, openAi, streamed()).answer);
  for (const expected of [event('one'), Buffer.concat([event('two'), event('three')]), accented, end]) {
    let got = '';
    while (got.length < expected.length) got += await next();
    expect(got).toBe(expected.toString('latin1'));
    go();
  }
  expect(await next()).toBeNull();
});

test.each([[ollamaChat, streamed()], [ollamaGenerate, generated]])('%s: an Ollama client is served by a server that only speaks the OpenAI API', async (path, body) => {
  const backend = await fakeServer({ software: 'llama-server', models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ backend }) });
  backend.script('a:1b', { chunks: ['One ', 'twö ', '☃'], reasoning: 'hm', usage: { promptTokens: 7, completionTokens: 3 } });
  const { text, headers, status } = await ask(router, path, body);
  expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'application/x-ndjson' });
  const lines = payloadsIn(text).map(objectIn);
  expect(saidIn(text)).toBe('One twö ☃');
  expect(lines.filter((line) => line['done'] === true)).toHaveLength(1);
  expect(lines.at(-1)).toMatchObject({ model: 'a:1b', done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 3 });
  expect(JSON.stringify(lines[0])).toContain('"thinking":"hm"');
  expect(backend.requests[0]).toMatchObject({ path: openAi, body: { model: 'a:1b', stream: true, stream_options: { include_usage: true } } });
  const whole = await ask(router, path, { ...body, stream: false });
  expect(whole.body).toMatchObject({ model: 'a:1b', done: true, eval_count: 3 });
  expect(JSON.stringify(whole.body)).toContain('One twö ☃');
  await expectAtRest(router);
});

test('tool calls cross from the OpenAI API into Ollama\'s', async () => {
  const backend = await fakeServer({ software: 'vllm', models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ backend }) });
  backend.script('a:1b', { toolCalls: [{ name: 'weather', arguments: { in: 'Łódź' }, id: 'call_7' }] });
  for (const stream of [true, false]) {
    const { text } = await ask(router, ollamaChat, streamed({ stream, tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }] }));
    const calls = payloadsIn(text).flatMap((payload) => (objectIn(payload)['message'] as { tool_calls?: unknown[] } | undefined)?.tool_calls ?? []);
    expect(calls).toEqual([expect.objectContaining({ function: expect.objectContaining({ name: 'weather', arguments: { in: 'Łódź' } }) })]);
  }
});

test('a client of either API is never translated when an Ollama serves, since it speaks both', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend);
  for (const [path, body] of [[openAi, streamed()], [ollamaChat, streamed()], [ollamaGenerate, generated]] as const) {
    await ask(router, path, body);
    expect(backend.requests.at(-1)).toMatchObject({ path, text: JSON.stringify(body) });
  }
});

test('an omitted stream means what each API says', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend);
  const { stream: _stream, ...omitted } = streamed();
  const types = await Promise.all([[openAi, omitted], [ollamaChat, omitted], [ollamaGenerate, generated]].map(async ([path, body]) => (await ask(router, String(path), body)).headers.get('content-type')?.split(';')[0]));
  expect(types).toEqual(['application/json', 'application/x-ndjson', 'application/x-ndjson']);
  for (const request of backend.requests) expect(request.body).not.toHaveProperty('stream');
});

const four: Step = { chunks: ['one ', 'two ', 'three ', 'four '] };
const callers = [[openAi, 'ollama'], [ollamaChat, 'ollama'], [ollamaGenerate, 'ollama'], [openAi, 'llama-server'], [ollamaChat, 'llama-server']] as const;

describe.each(callers)('%s over %s', (path, software) => {
  const body = path === ollamaGenerate ? generated : streamed();

  test.each(['cut', 'half-line', 'error-in-stream', 'stall'] as const)('%s: the answer ends with an error in the caller\'s words, and without a sign of completeness', async (fault) => {
    const broken = await fakeServer({ software, models: ['a:1b'] });
    const spare = await fakeServer({ software, models: ['a:1b'] });
    const [first, second] = backendsOf({ broken, spare }, short);
    const router = await routerWith({ backends: [{ ...first, priority: 1 }, second] });
    // In packets of their own: a fault that arrives together with the first word is still healed elsewhere.
    broken.script('a:1b', { ...four, fault, chunkDelayMs: 0 });
    const { status, text, headers } = await ask(router, path, body);
    expect(status).toBe(200);
    expect('one two three four '.startsWith(saidIn(text))).toBe(true);
    expect(saidIn(text)).toMatch(/^one/);
    const payloads = payloadsIn(text);
    for (const payload of payloads) expect(() => JSON.parse(payload)).not.toThrow();
    const told = payloads.map(objectIn).filter((value) => 'error' in value);
    expect(told).toHaveLength(1);
    expect(objectIn(payloads.at(-1) ?? '')).toEqual(told[0]);
    if (fault === 'error-in-stream') expect(errorIn(told[0] ?? {}).message).toContain('the model runner has stopped');
    else expect(errorIn(told[0] ?? {})).toMatchObject({ code: 'stream_interrupted', requestId: headers.get('x-oar-request-id') });
    expect(text).not.toContain('[DONE]');
    expect(text).not.toMatch(/"done":\s*true/);
    expect(spare.received).toBe(0);
    if (fault === 'stall') await broken.waitForAborts(1);
    await broken.waitForIdle();
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });
});

const beforeTheFirst: readonly (readonly [string, (path: string) => Step])[] = [
  ['a connection that is closed', () => ({ fault: 'refuse' })],
  ['an answer without a byte', () => ({ fault: 'empty' })],
  ['silence', () => ({ fault: 'hang' })],
  ['status 500', () => ({ status: 500 })],
  ['something that is no such stream', () => ({ fault: 'not-json' })],
  ['an error as the first word', (path) => ({ body: path === openAi ? 'data: {"error":{"message":"no memory"}}\n\n' : '{"error":"no memory"}\n', headers: { 'content-type': path === openAi ? 'text/event-stream' : 'application/x-ndjson' } })],
  ['only blank lines and comments', (path) => ({ body: path === openAi ? ': ping\n\n\n' : '\n\n', headers: { 'content-type': path === openAi ? 'text/event-stream' : 'application/x-ndjson' } })],
  ['half of a first word', (path) => ({ body: path === openAi ? 'data: {"choices":[{"del' : '{"message":{"co', headers: { 'content-type': path === openAi ? 'text/event-stream' : 'application/x-ndjson' } })],
];

describe.each(beforeTheFirst)('%s', (_what, step) => {
  test.each([[openAi, 'ollama'], [ollamaChat, 'ollama'], [ollamaChat, 'vllm']] as const)('%s over %s: before the first word nobody notices that another backend had to be asked', async (path, software) => {
    const bad = await fakeServer({ software, models: ['a:1b'] });
    const good = await fakeServer({ software, models: ['a:1b'] });
    const [first, second] = backendsOf({ bad, good }, short);
    const router = await routerWith({ backends: [{ ...first, priority: 1 }, second] });
    bad.script('a:1b', step(software === 'vllm' ? openAi : path));
    const direct = await ask(await routerWith({ backends: [second ?? {}] }), path, streamed());
    const { status, text, headers } = await ask(router, path, streamed());
    const timeless = (wire: string) => wire.replace(/"created_at":"[^"]*"/g, '');
    expect({ status, text: timeless(text) }).toEqual({ status: 200, text: timeless(direct.text) });
    expect(headers.get('x-oar-attempts')).toBe('2');
    expect(headers.get('x-oar-backend')).toBe('good');
    expect([bad.received, good.received]).toEqual([1, 2]);
    await expectAtRest(router);
  });
});

test('a held event stream gets comments, then the answer; lines of JSON get nothing before it', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { server: { holdHeadMs: 25 } });
  const release = backend.hold();
  let linesBegan = false;
  const lines = call(router, ollamaChat, streamed()).answer.then((response) => {
    linesBegan = true;
    return read(response);
  });
  const response = await call(router, openAi, streamed()).answer;
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const next = piecesOf(response);
  let text = '';
  while ((text.match(/^: \w+/gm) ?? []).length < 3) text += await next();
  expect(text).toMatch(/^(?:: \w+\n\n)+$/);
  expect(linesBegan).toBe(false);
  release();
  for (let piece = await next(); piece !== null; piece = await next()) text += piece;
  expect(saidIn(text)).toBe('Hello from a:1b.');
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  expect((await lines).status).toBe(200);
  await expectAtRest(router);
});

test('a failure behind a held head is an event, and a clean status where no head was sent', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { server: { holdHeadMs: 25 } });
  backend.script('a:1b', { status: 500, body: '{"error":{"message":"no memory left"}}' });
  const release = backend.hold();
  const lines = ask(router, ollamaChat, streamed());
  const response = await call(router, openAi, streamed()).answer;
  expect(response.status).toBe(200);
  await backend.waitForRequests(2);
  release();
  const { text } = await read(response);
  const told = payloadsIn(text).map(objectIn);
  expect(told).toHaveLength(1);
  expect(errorIn(told[0] ?? {})).toMatchObject({ code: 'backend_failed', message: expect.stringContaining('no memory left'), requestId: response.headers.get('x-oar-request-id') });
  expect(text).not.toContain('[DONE]');
  expect((await lines).status).toBe(502);
  await expectAtRest(router);
});

test('waiting in line keeps an event stream alive too, and a wait that is too long ends it with an event', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { server: { holdHeadMs: 20 }, router: { holdMs: 120 }, models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const first = ask(router, openAi, chat({ model: 'a:1b' }));
  await backend.waitForRequests(1);
  const { status, text } = await ask(router, openAi, streamed());
  expect(status).toBe(200);
  expect(text).toMatch(/^: \w+\n\n/);
  expect(errorIn(objectIn(payloadsIn(text)[0] ?? ''))).toMatchObject({ code: 'queue_timeout' });
  expect(text).not.toContain('[DONE]');
  release();
  expect((await first).status).toBe(200);
});

test('no comment follows the first word, however long the next one takes', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { server: { holdHeadMs: 20 } });
  backend.script('a:1b', { chunks: ['one ', 'two'], chunkDelayMs: 80 });
  const { text } = await ask(router, openAi, streamed());
  expect(text).not.toMatch(/^:/m);
  expect(saidIn(text)).toBe('one two');
});

test('large requests and answers pass whole, streamed or not', async () => {
  const backend = await fakeServer({ software: 'vllm', models: [{ name: 'a:1b', contextLength: 2_000_000 }] });
  const router = await routerWith({ backends: backendsOf({ main: backend }), models: [model('a:1b')], routes: {} });
  const piece = 'ünïcode ☃ '.repeat(500);
  backend.script('a:1b', { chunks: Array.from({ length: 800 }, () => piece) });
  const body = JSON.stringify(streamed({ messages: [{ role: 'user', content: 'é'.repeat(3_500_000) }] }));
  const long = await ask(router, openAi, body);
  expect(saidIn(long.text) === piece.repeat(800)).toBe(true);
  expect(backend.requests[0]?.text === body).toBe(true);
  const whole = await ask(router, openAi, chat({ model: 'a:1b' }));
  expect((whole.body as { choices: { message: { content: string } }[] }).choices[0]?.message.content === piece.repeat(800)).toBe(true);
  expect(whole.body).toHaveProperty('router');
  await until(() => router.service.load().totalRunning === 0);
});

test('a caller that reads slowly gets everything, and slows down nobody else', async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend);
  const piece = 'x'.repeat(64_000);
  backend.script('a:1b', { chunks: Array.from({ length: 300 }, () => piece), times: 1 });
  const slow = await call(router, openAi, streamed()).answer;
  expect((await ask(router, openAi, streamed())).status).toBe(200);
  // Nothing of it was read so far: most of it still is in the backend.
  expect(backend.running.now).toBe(1);
  const { text } = await read(slow);
  expect(saidIn(text).length).toBe(300 * piece.length);
  await expectAtRest(router);
});

test.each([openAi, ollamaChat])('%s: a connection that breaks after the answer\'s end takes nothing away from it', async (path) => {
  const end = 'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
  const hand = await handWritten(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(end, () => setImmediate(() => response.socket?.destroy()));
  });
  const router = await routerWith({ backends: [hand] });
  const { text } = await ask(router, path, streamed());
  expect(text).not.toContain('"error"');
  expect(saidIn(text)).toBe('one');
  if (path === openAi) expect(text).toBe(end);
  else expect(objectIn(payloadsIn(text).at(-1) ?? '')).toMatchObject({ done: true });
  expect(router.lines.find((line) => line.message === 'request')?.fields).toMatchObject({ outcome: 'succeeded' });
});
