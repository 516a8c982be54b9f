import { describe, expect, test } from 'vitest';
import type { Trace } from '../../src/core/trace.ts';
import type { RequestLog } from '../../src/telemetry/telemetry.ts';
import type { FakeBackend, Step } from '../fakes/backend.ts';
import { ask, backendsOf, errorIn, expectAtRest, fakeServer, type Json, ollamaChat, openAi, payloadsIn, routerWith } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

/** What the backend was sent last, without its model's name. */
function sentTo(fake: FakeBackend): Json {
  return { ...fake.requests.at(-1)?.body, model: undefined };
}

/** A router whose traces and faults the test reads. */
async function traced(config: Json): Promise<{ readonly router: TestRouter; readonly traces: Trace[]; readonly faults: unknown[] }> {
  const traces: Trace[] = [];
  const faults: unknown[] = [];
  const log: RequestLog = { debug: nothing, info: nothing, warn: nothing, error: (fields) => void faults.push(fields), flush: () => Promise.resolve(), request: (trace) => void traces.push(trace) };
  return { router: await routerWith(config, { log }), traces, faults };
}

const nothing = (): void => {};

describe('a stable prefix', () => {
  const billing = 'x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=cli; cch=eb6c6;';
  const clock = 'Current date and time: 2026-03-09 18:00:31';
  const tool = (name: string): Json => ({ type: 'function', function: { name, parameters: { type: 'object', properties: {} } } });
  const body = (more: Json = {}): Json => ({ model: 'a:1b', stream: false, messages: [{ role: 'system', content: `${billing}\nBe brief. ${clock}` }, { role: 'user', content: 'Hello' }], ...more });
  const steady = [{ role: 'system', content: 'Be brief. Current date and time: 2026-03-09' }, { role: 'user', content: 'Hello\n\n[Current date and time: 2026-03-09 18:00:31]' }];

  async function oneBackend(config: Json = {}) {
    const fake = await fakeServer({ models: ['a:1b'] });
    return { fake, ...(await traced({ backends: backendsOf({ one: fake }), ...config })) };
  }

  test.each([openAi, ollamaChat])('%s: what changes is not at the front any more, and headers and trace name the rules', async (path) => {
    const { fake, router, traces, faults } = await oneBackend();
    const answer = await ask(router, path, body());
    expect(answer.status).toBe(200);
    expect(sentTo(fake)['messages']).toEqual(steady);
    expect(answer.headers.get('x-oar-rewrites')).toBe('billing-header, clock-time');
    expect(traces.map((trace) => trace.rewrites)).toEqual([['billing-header', 'clock-time']]);
    expect(faults).toEqual([]);
  });

  test('it is so on the way to a server that speaks another API, too', async () => {
    const fake = await fakeServer({ software: 'llama-server', models: ['a:1b'] });
    const router = await routerWith({ backends: backendsOf({ one: fake }) });
    expect((await ask(router, ollamaChat, body())).headers.get('x-oar-rewrites')).toBe('billing-header, clock-time');
    expect(sentTo(fake)['messages']).toEqual(steady);
  });

  test('`context.stablePrefix: false` leaves every byte', async () => {
    const { fake, router } = await oneBackend({ context: { stablePrefix: false } });
    const text = JSON.stringify(body()).replace('{', '{ ');
    const answer = await ask(router, openAi, text);
    expect(answer.headers.get('x-oar-rewrites')).toBeNull();
    expect(fake.requests.at(-1)?.text).toBe(text);
  });

  test('a request without any of it passes byte for byte', async () => {
    const { fake, router } = await oneBackend();
    const text = `{ "model": "a:1b","stream":false , "seed": 1.0, "messages":[{"role":"user","content":"${clock}"}]}`;
    const answer = await ask(router, openAi, text);
    expect(answer.headers.get('x-oar-rewrites')).toBeNull();
    expect(fake.requests.at(-1)?.text).toBe(text);
  });

  test('tools keep the order in which they came first', async () => {
    const { fake, router } = await oneBackend();
    const names = () => (sentTo(fake)['tools'] as { function: Json }[]).map((one) => one.function['name']);
    await ask(router, openAi, body({ tools: [tool('read'), tool('bash')] }));
    expect(names()).toEqual(['read', 'bash']);
    const again = await ask(router, openAi, body({ tools: [tool('bash'), tool('read')] }));
    expect(names()).toEqual(['read', 'bash']);
    expect(again.headers.get('x-oar-rewrites')).toContain('tool-order');
  });
});

describe('a prompt longer than the context', () => {
  const words = 'word '.repeat(400);
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: `one ${words}` },
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: `two ${words}` },
    { role: 'assistant', content: 'yes' },
    { role: 'user', content: 'three' },
  ];
  const body = (stream: boolean): Json => ({ model: 'a:1b', stream, messages });

  /** How servers say it, each with both numbers. */
  const refusals: readonly (readonly [string, 'ollama' | 'llama-server' | 'vllm', Step])[] = [
    ['Ollama', 'ollama', { status: 400, body: '{"error":"the input length exceeds the context length: prompt (1020 tokens) is longer than the context window (700 tokens)"}' }],
    ['llama.cpp', 'llama-server', { status: 400, body: '{"error":{"code":400,"message":"request (1020 tokens) exceeds the available context size (700 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":1020,"n_ctx":700}}' }],
    ['vLLM', 'vllm', { status: 400, body: '{"object":"error","message":"This model\'s maximum context length is 700 tokens. However, you requested 1020 tokens (1020 in the messages, 0 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}' }],
  ];
  const tries = refusals.flatMap(([name, software, step]) => [openAi, ollamaChat].flatMap((path) => [false, true].map((stream) => ({ name, software, step, path, stream }))));

  async function refusing(software: 'ollama' | 'llama-server' | 'vllm', step: Step, context: Json) {
    const fake = await fakeServer({ software, models: ['a:1b'] });
    fake.script('a:1b', step);
    return { fake, ...(await traced({ backends: backendsOf({ one: fake }), context })) };
  }

  test.each(tries)('$name, $path, stream $stream: the default is a 400 with both numbers', async ({ software, step, path, stream }) => {
    const { fake, router } = await refusing(software, step, {});
    const answer = await ask(router, path, body(stream));
    expect(answer.status).toBe(400);
    expect(errorIn(answer.body)).toMatchObject({ code: 'context_overflow', message: expect.stringMatching(/1020.*700/) });
    expect(answer.headers.get('x-oar-dropped-messages')).toBeNull();
    expect(fake.received).toBe(1);
    await expectAtRest(router);
  });

  test.each(tries)('$name, $path, stream $stream: with `overflow: trim` the oldest turn goes, and the answer says so', async ({ software, step, path, stream }) => {
    const { fake, router, traces, faults } = await refusing(software, { ...step, times: 1 }, { overflow: 'trim' });
    const answer = await ask(router, path, body(stream));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-oar-dropped-messages')).toBe('2');
    expect(answer.headers.get('x-oar-rewrites')).toContain('context_trim');
    expect(answer.headers.get('x-oar-attempts')).toBe('1');
    expect(stream ? payloadsIn(answer.text).length : answer.text).toBeTruthy();
    expect((sentTo(fake)['messages'] as Json[]).map((one) => one['content'])).toEqual([messages[0], ...messages.slice(3)].map((one) => one?.content));
    expect(traces[0]?.rewrites).toContain('context_trim');
    await expectAtRest(router);
    expect(faults).toEqual([]);
  });

  test('it is tried again as long as turns are left, three times at most; then the 400 stays', async () => {
    const [, , step] = refusals[1] ?? refusals[0]!;
    const { fake, router } = await refusing('llama-server', step, { overflow: 'trim' });
    const answer = await ask(router, openAi, body(false));
    expect(answer.status).toBe(400);
    expect(errorIn(answer.body).message).toMatch(/1020.*700/);
    expect(fake.received).toBe(3);
    await expectAtRest(router);
  });

  test('what fits no configured model is made shorter before any backend is asked', async () => {
    const fake = await fakeServer({ models: ['a:1b'] });
    const config = (context: Json): Json => ({ ollama: { baseUrl: fake.url }, models: [model('a:1b', { maxContext: 700 })], context });
    const refused = await ask(await routerWith(config({})), openAi, body(false));
    expect(refused.status).toBe(400);
    expect(errorIn(refused.body)).toMatchObject({ code: 'context_overflow', message: expect.stringMatching(/10\d\d.*700/) });
    expect(fake.received).toBe(0);
    const answer = await ask(await routerWith(config({ overflow: 'trim' })), openAi, body(false));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-oar-dropped-messages')).toBe('2');
    expect(answer.headers.get('x-oar-rewrites')).toContain('context_trim');
    expect(fake.received).toBe(1);
  });
});
