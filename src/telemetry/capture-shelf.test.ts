import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { type Capture, CaptureShelf, type ShelfSources } from './capture-shelf.ts';
import { silentLog } from './log.ts';

const capture = (requestId: string, more: Partial<Capture> = {}): Capture => ({ requestId, principalId: 'ada', plane: 'standalone', address: '::1', at: 1, dialect: 'openai-chat', path: '/v1/chat/completions', body: { model: 'a:1b' }, status: 200, answer: null, redactions: 0, ...more });

function bed(more: Partial<ShelfSources> = {}) {
  const clock = new FakeClock(0);
  const kept = new Map<string, { value: string; expiresAt: number | null }>();
  const store: ShelfSources['store'] = {
    get: (key) => Promise.resolve(kept.get(key)?.value ?? null),
    put: async (key, value, expiresAt) => void kept.set(key, { value, expiresAt }),
    delete: (key) => Promise.resolve(kept.delete(key)),
    list: ({ prefix, limit, before }) => {
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix)).reverse();
      const page = keys.slice(before === undefined ? 0 : keys.indexOf(before) + 1).slice(0, limit);
      return Promise.resolve(page.map((key) => ({ key, head: '', bytes: Buffer.byteLength(kept.get(key)?.value ?? ''), expiresAt: kept.get(key)?.expiresAt ?? null })));
    },
  };
  const sources: ShelfSources = { store, clock, log: silentLog, retainMs: 1_000, maxBytes: 10_000, ...more };
  return { clock, kept, sources, shelf: new CaptureShelf(sources) };
}

test('what is kept can be read at once, and has an end', async () => {
  const { shelf, kept } = bed();
  shelf.put(capture('req_1'));
  expect(await shelf.get('req_1')).toEqual(capture('req_1'));
  expect([...kept.values()].map(({ expiresAt }) => expiresAt)).toEqual([1_000]);
  expect([await shelf.get('req_2'), await shelf.get('../x y')]).toEqual([null, null]);
});

test('the oldest go when there is no room, and what is over its time goes first', async () => {
  const { shelf, kept, clock } = bed({ maxBytes: 700 });
  for (const id of ['a', 'b', 'c', 'd']) shelf.put(capture(id));
  await shelf.flush();
  const ids = (): readonly string[] => [...kept.keys()].map((key) => key.replace('capture:', ''));
  expect(ids()).toEqual(['b', 'c', 'd'].slice(-ids().length));
  expect(ids().length).toBeLessThan(4);
  clock.advance(1_001);
  shelf.put(capture('e'));
  await shelf.flush();
  expect(ids()).toEqual(['e']);
});

test('one that is larger than all may be is not kept, and pushes nothing out', async () => {
  const { shelf, kept } = bed({ maxBytes: 700 });
  shelf.put(capture('a'));
  shelf.put(capture('b', { body: 'x'.repeat(1_000) }));
  await shelf.flush();
  expect([...kept.keys()]).toEqual(['capture:a']);
});

test('a new run counts what the one before left, page by page, and holds it to the new bound', async () => {
  const { sources, kept, shelf } = bed({ maxBytes: 10_000_000 });
  for (let index = 0; index < 1_500; index += 1) shelf.put(capture(`r${index}`));
  await shelf.flush();
  const pending = kept.size;
  for (let index = 0; index < 1_500; index += 100) {
    for (let one = index; one < index + 100; one += 1) shelf.put(capture(`s${one}`));
    await shelf.flush();
  }
  expect(pending).toBeLessThan(1_500);
  const size = Buffer.byteLength(JSON.stringify(capture('s1499')));
  await new CaptureShelf({ ...sources, maxBytes: 10 * size }).load();
  expect([...kept.keys()].slice(-1)).toEqual(['capture:s1499']);
  expect(kept.size).toBeLessThanOrEqual(10);
  expect(kept.size).toBeGreaterThan(5);
});

test('a store that cannot write is told to the log, and the next is kept', async () => {
  const warned: string[] = [];
  let broken = true;
  const { sources, kept } = bed();
  const shelf = new CaptureShelf({ ...sources, log: { ...silentLog, warn: (_, message) => void warned.push(message) }, store: { ...sources.store, put: (...given) => (broken ? Promise.reject(new Error('full')) : sources.store.put(...given)) } });
  shelf.put(capture('a'));
  await shelf.flush();
  broken = false;
  shelf.put(capture('b'));
  await shelf.flush();
  expect([warned.length, [...kept.keys()]]).toEqual([1, ['capture:b']]);
});
