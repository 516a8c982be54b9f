import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import type { UsageTotal } from '../core/usage.ts';
import type { UsageBatch, UsageStore } from '../store/store.ts';
import { UsageLedger } from './usage-ledger.ts';

/** A store that can be out of order, and can take a batch without saying so. */
class FakeStore implements Pick<UsageStore, 'add' | 'totals'> {
  readonly batches: UsageBatch[] = [];
  calls = 0;
  before: UsageTotal[] = [];
  fault: { readonly code: 'store_unavailable' | 'internal'; readonly taken: boolean } | null = null;
  during = (): void => {};

  async add(batch: UsageBatch): Promise<boolean> {
    this.calls += 1;
    this.during();
    const isNew = !this.batches.some(({ writer, number }) => writer === batch.writer && number >= batch.number);
    if (isNew && this.fault?.taken !== false) this.batches.push(structuredClone(batch));
    if (this.fault !== null) throw new RouterError(this.fault.code, 'It does not answer.');
    return isNew;
  }

  async totals(): Promise<readonly UsageTotal[]> {
    return this.before;
  }

  get sum(): { promptTokens: number; completionTokens: number; requests: number } {
    const rows = this.batches.flatMap((batch) => batch.rows);
    const of = (name: 'promptTokens' | 'completionTokens' | 'requests'): number => rows.reduce((sum, row) => sum + row[name], 0);
    return { requests: of('requests'), promptTokens: of('promptTokens'), completionTokens: of('completionTokens') };
  }
}

const noon = 1_700_049_600_000;

function bed() {
  const clock = new FakeClock(noon);
  const store = new FakeStore();
  const lines: string[] = [];
  const note = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void lines.push(`${level}: ${message}${fields['unwritten'] === undefined ? '' : ` ${JSON.stringify(fields['unwritten'])}`}`);
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error'), flush: () => Promise.resolve() };
  const ledger = new UsageLedger({ clock, store: store as unknown as UsageStore, writer: 'run', log });
  const record = (more: Partial<Trace> = {}): void =>
    ledger.record({
      requestId: 'r', principalId: 'p', plane: 'standalone', dialect: 'openai-chat', stream: false, requestedModel: 'm', servedModel: 'm', backendId: 'a', receivedAt: clock.now(), queueMs: 0,
      totalMs: 0, usage: { promptTokens: 10, completionTokens: 4 }, attempts: [], rewrites: [], outcome: 'succeeded', status: 200, ...more,
    });
  return { clock, store, lines, ledger, record };
}

const one = { requests: 1, promptTokens: 10, completionTokens: 4 };

test('a request is in memory at once, and in the store within half a second, with its minute', async () => {
  const { clock, store, ledger, record } = bed();
  record();
  record({ receivedAt: noon - 90_000, totalMs: 29_000 });
  record({ backendId: 'b' });
  record();
  expect(ledger.totals()).toEqual([{ backend: 'a', model: 'm', requests: 3, promptTokens: 30, completionTokens: 12 }, { backend: 'b', model: 'm', ...one }]);
  expect(store.calls).toBe(0);
  await clock.advanceAsync(500);
  const at = noon / 1000;
  const byMinute = new Map(store.batches.flatMap((batch) => batch.rows).map((row) => [`${row.backend} ${row.at}`, row.requests]));
  expect([...byMinute.keys()].sort()).toEqual([`a ${at - 120}`, `a ${at}`, `b ${at}`].sort());
  expect(store.sum).toEqual({ requests: 4, promptTokens: 40, completionTokens: 16 });
  expect(clock.pending).toBe(0);
});

test('what ended in failure and used nothing is not counted; what broke off with an estimate is', () => {
  const { ledger, record } = bed();
  record({ servedModel: undefined, backendId: undefined, outcome: 'failed', usage: {} });
  record({ outcome: 'failed', usage: {} });
  record({ outcome: 'cancelled', usage: {} });
  expect(ledger.totals()).toEqual([]);
  record({ outcome: 'cancelled', usageEstimated: true, usage: { promptTokens: 7, completionTokens: 2 } });
  record({ usage: {} });
  expect(ledger.totals()).toEqual([{ backend: 'a', model: 'm', requests: 2, promptTokens: 7, completionTokens: 2 }]);
});

test('a server that says nonsense spoils nothing', () => {
  const { ledger, record } = bed();
  record({ usage: { promptTokens: 1e300, completionTokens: 2.4 } });
  record({ usage: { promptTokens: Number.NaN, completionTokens: -5 } });
  expect(ledger.totals()).toEqual([{ backend: 'a', model: 'm', requests: 2, promptTokens: 1e9, completionTokens: 2 }]);
});

test('totals go on from those of earlier runs; what this run counted begins at nothing', async () => {
  const { store, ledger, record } = bed();
  store.before = [{ backend: 'a', model: 'm', requests: 5, promptTokens: 50, completionTokens: 5 }];
  await ledger.load();
  record();
  expect(ledger.totals()).toEqual([{ backend: 'a', model: 'm', requests: 6, promptTokens: 60, completionTokens: 9 }]);
  expect(ledger.counted()).toEqual([{ backend: 'a', model: 'm', ...one }]);
});

test('a store that is out of order is tried again, later each time, and then has everything once (PX-D15)', async () => {
  const { clock, store, lines, record } = bed();
  store.fault = { code: 'store_unavailable', taken: false };
  record();
  await clock.advanceAsync(60_000);
  const inFirstMinute = store.calls;
  expect(inFirstMinute).toBeGreaterThanOrEqual(4);
  expect(inFirstMinute).toBeLessThanOrEqual(12);
  for (let count = 0; count < 3; count += 1) record();
  store.fault = null;
  await clock.advanceAsync(31_000);
  expect(store.sum).toEqual({ requests: 4, promptTokens: 40, completionTokens: 16 });
  expect(lines).toEqual([expect.stringMatching(/^warn: token counts cannot be written now/), 'info: token counts are written again']);
});

test('a batch that arrived although the answer was lost is not counted twice', async () => {
  const { clock, store, record } = bed();
  store.fault = { code: 'store_unavailable', taken: true };
  record();
  await clock.advanceAsync(260);
  record();
  store.fault = null;
  await clock.advanceAsync(2_000);
  expect(store.sum).toEqual({ requests: 2, promptTokens: 20, completionTokens: 8 });
});

test('rows that the store refuses for good do not hold up those behind them, and are named', async () => {
  const { clock, store, lines, record } = bed();
  store.fault = { code: 'internal', taken: false };
  record();
  await clock.advanceAsync(500);
  store.fault = null;
  record();
  await clock.advanceAsync(500);
  expect(store.sum).toEqual(one);
  expect(lines).toEqual([`error: token counts were lost: the store refuses them ${JSON.stringify(one)}`]);
});

test('under constant load the store is written a few times a second, not for each request', async () => {
  const { clock, store, record } = bed();
  for (let count = 0; count < 1_000; count += 1) {
    record();
    await clock.advanceAsync(2);
  }
  expect(store.calls).toBeGreaterThanOrEqual(4);
  expect(store.calls).toBeLessThanOrEqual(20);
  await clock.advanceAsync(500);
  expect(store.sum.requests).toBe(1_000);
});

test('a flush waits for the write that is on its way and writes the rest; a stop leaves nothing behind', async () => {
  const { clock, store, ledger, record } = bed();
  record();
  clock.advance(250);
  record();
  expect(await ledger.flush()).toBe(true);
  expect(store.sum.requests).toBe(2);
  record();
  await ledger.stop();
  expect(store.sum.requests).toBe(3);
  expect(clock.pending).toBe(0);
});

test('a stop outlasts a short failure of the store, and names what a long one cost', async () => {
  const short = bed();
  short.store.fault = { code: 'store_unavailable', taken: false };
  short.record();
  const stopped = short.ledger.stop();
  await short.clock.advanceAsync(600);
  short.store.fault = null;
  await short.clock.advanceAsync(600);
  await stopped;
  expect(short.store.sum).toEqual(one);

  const long = bed();
  long.store.fault = { code: 'store_unavailable', taken: false };
  long.record();
  let ended = false;
  void long.ledger.stop().then(() => (ended = true));
  await long.clock.advanceAsync(5_000);
  await settled();
  expect(ended).toBe(true);
  expect(long.lines.at(-1)).toBe(`error: token counts were lost: the store did not take them ${JSON.stringify(one)}`);
  expect(long.clock.pending).toBe(0);
});

test('whoever asks for the present does not wait for requests that end meanwhile, though they never stop', async () => {
  const { store, ledger, record } = bed();
  store.during = () => {
    if (store.calls < 1_000) record();
  };
  record();
  record();
  expect(await ledger.flush()).toBe(true);
  expect(store.sum.requests).toBeGreaterThanOrEqual(2);
  expect(store.calls).toBeLessThan(3);
});
