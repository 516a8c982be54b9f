/** The turns of a conversation go where its beginning was read, and nothing else is given up for it. */
import { expect, test } from 'vitest';
import { ask, backendsOf, fakeServer, type Json, ollamaChat, ollamaGenerate, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** Two servers that both have the model in memory. */
async function warmPair(router: Json = {}, more: Json = { maxConcurrent: 2 }) {
  const a = await fakeServer({ models: ['m:1b'] });
  const b = await fakeServer({ models: ['m:1b'] });
  for (const fake of [a, b]) fake.catalogue.resident.add('m:1b');
  return { a, b, router: await routerWith({ backends: backendsOf({ a, b }, more), router }) };
}

const long = 'The river rises in the mountains and flows to the sea. '.repeat(40);
const turns = (name: string, count: number): Json => ({
  model: 'm:1b',
  stream: false,
  messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: `${name}: ${long}` }, ...Array.from({ length: count - 1 }, (_, index) => [{ role: 'assistant', content: `answer ${index}` }, { role: 'user', content: `question ${index}` }]).flat()],
});

async function served(router: TestRouter, name: string, count: number, path = openAi): Promise<string | null> {
  const { status, headers } = await ask(router, path, turns(name, count));
  expect(status).toBe(200);
  return headers.get('x-oar-backend');
}

/** Begins one conversation on a, and one on b while a is the busier of the two. */
async function begin({ a, router }: Awaited<ReturnType<typeof warmPair>>): Promise<void> {
  const release = a.hold();
  const first = served(router, 'first', 1);
  await a.waitForRequests(1);
  expect(await served(router, 'second', 1)).toBe('b');
  release();
  expect(await first).toBe('a');
}

test.each(['adaptive', 'least-busy'])('%s: two conversations in turn stay where they began', async (placement) => {
  const bed = await warmPair({ placement });
  await begin(bed);
  for (const count of [2, 3, 4]) {
    expect(await served(bed.router, 'second', count)).toBe('b');
    expect(await served(bed.router, 'first', count, ollamaChat)).toBe('a');
  }
});

test('without affinity every turn goes where it would go without a past', async () => {
  const bed = await warmPair({ affinity: { enabled: false } });
  await begin(bed);
  expect(await served(bed.router, 'second', 2)).toBe('a');
  expect(await (await bed.router.get('/api/affinity_stats')).json()).toEqual({ enabled: false, ttl: 300, entries: [] });
});

test('it is forgotten when its time is up', async () => {
  const bed = await warmPair({ affinity: { ttlMs: 1 } });
  await begin(bed);
  const begun = Date.now();
  await until(() => Date.now() > begun + 1);
  expect(await served(bed.router, 'second', 2)).toBe('a');
});

test('a full server is not waited for, and the conversation moves with its turn', async () => {
  const bed = await warmPair({ placement: 'least-busy' }, { maxConcurrent: 1 });
  await begin(bed);
  const release = bed.b.hold();
  const other = served(bed.router, 'second', 2);
  await bed.b.waitForRequests(2);
  expect(await served(bed.router, 'second', 3)).toBe('a');
  release();
  expect(await other).toBe('b');
  expect(await served(bed.router, 'second', 4)).toBe('a');
});

test('a server that has let go of the model has let go of the conversation', async () => {
  const bed = await warmPair();
  await begin(bed);
  bed.b.catalogue.resident.clear();
  await until(() => bed.router.fleet.view().backends[1]?.report?.resident?.length === 0);
  expect(await served(bed.router, 'second', 2)).toBe('a');
});

test('a conversation stays although its agent changes the front of its prompt with every turn', async () => {
  const bed = await warmPair();
  await begin(bed);
  const turn = (count: number): Json => {
    const { messages, ...rest } = turns('third', count) as { messages: Json[] };
    return { ...rest, messages: [{ role: 'system', content: `x-anthropic-billing-header: cc_version=2.1.${count}; cch=${count}f00;\n` }, ...messages] };
  };
  const release = bed.a.hold();
  const held = served(bed.router, 'first', 2);
  await bed.a.waitForRequests(2);
  expect((await ask(bed.router, openAi, turn(1))).headers.get('x-oar-backend')).toBe('b');
  release();
  await held;
  for (const count of [2, 3]) expect((await ask(bed.router, openAi, turn(count))).headers.get('x-oar-backend')).toBe('b');
});

test('a bare prompt is a conversation too', async () => {
  const bed = await warmPair();
  const prompt = (tail: string): Json => ({ model: 'm:1b', stream: false, raw: true, prompt: `${long}${tail}` });
  const release = bed.a.hold();
  const held = ask(bed.router, openAi, turns('first', 1));
  await bed.a.waitForRequests(1);
  expect((await ask(bed.router, ollamaGenerate, prompt(' One.'))).headers.get('x-oar-backend')).toBe('b');
  release();
  await held;
  expect((await ask(bed.router, ollamaGenerate, prompt(' One. Two.'))).headers.get('x-oar-backend')).toBe('b');
});

test('the stats list what is remembered, in seconds; a model with one server needs no memory', async () => {
  const bed = await warmPair({ affinity: { ttlMs: 60_000 } });
  await begin(bed);
  const stats = (await (await bed.router.get('/api/affinity_stats')).json()) as { entries: Json[] };
  expect(stats).toMatchObject({ enabled: true, ttl: 60 });
  expect(stats.entries.map(({ endpoint, model }) => [endpoint, model])).toEqual([[bed.a.url, 'm:1b'], [bed.b.url, 'm:1b']]);
  for (const { remaining } of stats.entries) expect(remaining).toSatisfy((seconds: number) => seconds > 50 && seconds <= 60);
  const only = await fakeServer({ models: ['m:1b'] });
  const router = await routerWith({ backends: backendsOf({ only }) });
  await served(router, 'first', 1);
  expect(await (await router.get('/api/affinity_stats')).json()).toMatchObject({ entries: [] });
});
