import { expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, backendsOf, chat, fakeServer, type Json, ollamaChat, openAi, routerWith } from '../support/flow-bed.ts';

/** `deep` thinks by its server's word; the others only seem to, or not, by their names. */
async function thinker(context: Json = {}) {
  const can = (...capabilities: string[]) => ({ contextLength: 32_768, capabilities: ['completion', ...capabilities] });
  const fake = await fakeServer({ models: [{ name: 'qwen3:8b', ...can('thinking', 'tools') }, { name: 'phi-4:14b', ...can('tools') }] });
  return { fake, router: await routerWith({ backends: backendsOf({ one: fake }), context }) };
}

function limitSent(fake: FakeBackend): unknown {
  const { options, max_tokens: plain, max_completion_tokens: completion } = fake.requests.at(-1)?.body ?? ({} as Json);
  return (options as Json | undefined)?.['num_predict'] ?? completion ?? plain;
}

test.each<[string, Json]>([
  [ollamaChat, { options: { num_predict: 500 } }],
  [openAi, { max_tokens: 500 }],
  [openAi, { max_completion_tokens: 500 }],
  ['/v1/messages', { max_tokens: 500 }],
])('%s %j: the limit is raised for a model that thinks, and the answer says so', async (path, limit) => {
  const { fake, router } = await thinker();
  const answer = await ask(router, path, chat({ model: 'qwen3:8b', ...limit }));
  expect(answer.status).toBe(200);
  expect(limitSent(fake)).toBe(2000);
  expect(answer.headers.get('x-oar-rewrites')).toContain('thinking_budget');
});

test('phi-4:14b does not think, whatever its name suggests: its requests pass byte for byte', async () => {
  const { fake, router } = await thinker();
  const text = '{ "model":"phi-4:14b", "max_tokens": 100, "messages":[{"role":"user","content":"Hello"}] }';
  expect((await ask(router, openAi, text)).headers.get('x-oar-rewrites')).toBeNull();
  expect(fake.requests.at(-1)?.text).toBe(text);
});

test.each<[string, Json, Json]>([
  ['a factor of 0', { thinkingBudget: { factor: 0 } }, {}],
  ['a caller who wants no thinking', {}, { think: false }],
])('%s leaves the limit', async (_what, context, more) => {
  const { fake, router } = await thinker(context);
  await ask(router, ollamaChat, chat({ model: 'qwen3:8b', options: { num_predict: 100 }, ...more }));
  expect(limitSent(fake)).toBe(100);
});

test.each([openAi, ollamaChat])('%s: a whole answer says what went into thinking, why it ended, and how much of the limit it used', async (path) => {
  const { fake, router } = await thinker();
  fake.script('qwen3:8b', { reasoning: 'z'.repeat(400), text: 'Yes.', usage: { promptTokens: 9, completionTokens: 101 } });
  const { headers } = await ask(router, path, chat({ model: 'qwen3:8b', max_tokens: 500, options: { num_predict: 500 } }));
  expect(headers.get('x-thinking-tokens')).toBe('100');
  expect(headers.get('x-output-tokens')).toBe('1');
  expect(headers.get('x-done-reason')).toBe('stop');
  expect(headers.get('x-budget-used')).toBe('101/2000');
  expect((await ask(router, path, chat({ model: 'qwen3:8b', stream: true }))).headers.get('x-done-reason')).toBeNull();
});
