/** Prompts that may be longer than the context: an Ollama is told to refuse them, since it cuts them without a word otherwise. */
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, errorIn, fakeServer, type Json, ollamaChat, ollamaGenerate, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const long = 'All work and no play makes a long prompt. '.repeat(300);
const short = 'Hello there';
const turns = (text: string): Json[] => [{ role: 'user', content: text }];

const callers: readonly (readonly [string, string, (text: string) => Json])[] = [
  ['Ollama chat', ollamaChat, (text) => ({ model: 'a:1b', stream: false, messages: turns(text) })],
  ['Ollama generate', ollamaGenerate, (text) => ({ model: 'a:1b', stream: false, prompt: text })],
  ['OpenAI chat', openAi, (text) => ({ model: 'a:1b', messages: turns(text) })],
  ['Anthropic', '/v1/messages', (text) => ({ model: 'a:1b', max_tokens: 64, messages: turns(text) })],
];

async function start(config: Json = {}): Promise<{ readonly backend: FakeBackend; readonly router: TestRouter }> {
  const backend = await fakeServer({ models: [{ name: 'a:1b', contextLength: 8192, capabilities: ['completion', 'tools'] }] });
  backend.catalogue.resident.add('a:1b');
  const router = await routerWith({ backends: [{ id: 'main', kind: 'ollama', url: backend.url }], ...config });
  await until(() => router.fleet.view().backends[0]?.report?.resident?.length === 1);
  return { backend, router };
}

describe.each(callers)('%s', (_name, path, body) => {
  test('a long prompt asks for a refusal, and the refusal has both numbers', async () => {
    const { backend, router } = await start();
    backend.script('a:1b', { status: 400, body: '{"error":"the input length exceeds the context length"}' });
    const answer = await ask(router, path, body(long));
    expect(backend.requests.at(-1)).toMatchObject({ path: path === ollamaGenerate ? ollamaGenerate : ollamaChat, body: { truncate: false } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toMatch(/about 3\d{3} tokens.*is 4096 tokens/);
    expect(answer.text).toContain('context_overflow');
    if (path === '/v1/messages') expect(answer.text).toMatch(/prompt is too long: \d+ tokens > 4096 maximum/);
  });

  test('a short one goes as it is', async () => {
    const { backend, router } = await start();
    expect((await ask(router, path, body(short))).status).toBe(200);
    expect(backend.requests.at(-1)?.text).not.toContain('truncate');
  });
});

test('what the caller says of cutting holds', async () => {
  const { backend, router } = await start();
  await ask(router, ollamaChat, { model: 'a:1b', stream: false, truncate: true, messages: turns(long) });
  expect(backend.requests.at(-1)?.body).toMatchObject({ truncate: true });
});

test('a request that only the OpenAI API can say stays in it, long as it is', async () => {
  const { backend, router } = await start();
  expect((await ask(router, openAi, { model: 'a:1b', logit_bias: { 7: 5 }, messages: turns(long) })).status).toBe(200);
  expect(backend.requests.at(-1)).toMatchObject({ path: openAi, body: { logit_bias: { 7: 5 } } });
});

test('trimmed, the oldest turns go until it fits, and the answer says so', async () => {
  const { backend, router } = await start({ context: { overflow: 'trim' } });
  backend.script('a:1b', { status: 400, body: '{"error":"the input length exceeds the context length"}', times: 1 });
  backend.script('a:1b', { text: 'Short enough.' });
  const messages = [...Array.from({ length: 6 }, (_, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content: long.slice(0, 3000) })), { role: 'user', content: 'And now?' }];
  const answer = await ask(router, openAi, { model: 'a:1b', messages });
  expect(answer.status, answer.text).toBe(200);
  expect(Number(answer.headers.get('x-oar-dropped-messages'))).toBeGreaterThan(0);
  expect(errorIn(answer.body).code).toBeUndefined();
  const sent = backend.requests.at(-1)?.body?.['messages'] as Json[];
  expect(sent.at(-1)).toMatchObject({ content: 'And now?' });
  expect(sent.length).toBeLessThan(messages.length);
});
