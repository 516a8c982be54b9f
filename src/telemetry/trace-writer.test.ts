import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { attemptOn, traceOf } from '../../test/fakes/traces.ts';
import { RouterError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import { TraceWriter } from './trace-writer.ts';

function bed() {
  const clock = new FakeClock();
  const batches: (readonly Trace[])[] = [];
  const lines: string[] = [];
  const note = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void lines.push(`${level}: ${message}${fields['lost'] === undefined ? '' : ` ${fields['lost']}`}`);
  const state: { fault: 'store_unavailable' | 'internal' | null; hold: Promise<void> | null; during: () => void } = { fault: null, hold: null, during: () => {} };
  const store = {
    async add(traces: readonly Trace[]): Promise<void> {
      state.during();
      await state.hold;
      if (state.fault !== null) throw new RouterError(state.fault, 'It does not answer.');
      batches.push(traces);
    },
  };
  const writer = new TraceWriter({ clock, store, log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error'), flush: () => Promise.resolve() } });
  const record = (...names: string[]): void => {
    for (const name of names) writer.record(traceOf(name));
  };
  const ids = (): string[] => batches.flatMap((batch) => batch.map(({ requestId }) => requestId));
  return { clock, batches, lines, state, writer, record, ids };
}

const many = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `req_${from + index}`);

test('what was recorded is in the store half a second later, in one batch', async () => {
  const { clock, writer, batches, record } = bed();
  record('a', 'b');
  await clock.advanceAsync(300);
  record('c');
  expect(batches).toEqual([]);
  await clock.advanceAsync(200);
  await settled();
  expect(batches.map((batch) => batch.map(({ requestId }) => requestId))).toEqual([['a', 'b', 'c']]);
  expect(await writer.flush()).toBe(true);
  expect(clock.pending).toBe(0);
});

test('many at once do not wait for the time, and go in pieces', async () => {
  const { clock, batches, record, ids } = bed();
  record(...many(2_000));
  await settled();
  await clock.advanceAsync(0);
  await clock.advanceAsync(10);
  await settled();
  expect(ids()).toEqual(many(2_000));
  for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(500);
});

test('whoever asks for the present finds what was recorded a moment ago, while a batch is on its way too', async () => {
  const { state, writer, record, ids } = bed();
  let release = (): void => {};
  state.hold = new Promise((resolve) => {
    release = resolve;
  });
  record('a');
  const first = writer.flush();
  record('b');
  const second = writer.flush();
  release();
  expect([await first, await second]).toEqual([true, true]);
  expect(ids()).toEqual(['a', 'b']);
});

test('whoever asks for the present does not wait for requests that end meanwhile, though they never stop', async () => {
  const { state, writer, record, ids } = bed();
  record(...many(150));
  let later = 0;
  state.during = () => {
    later += 1;
    if (later < 1_000) record(`later ${later}`);
  };
  expect(await writer.flush()).toBe(true);
  expect(ids().slice(0, 150)).toEqual(many(150));
  expect(later).toBeLessThan(5);
});

test('a store that is out of order gets them when it is back; what is too much is lost, and that is told once and at the stop', async () => {
  const { clock, lines, state, writer, record, ids } = bed();
  state.fault = 'store_unavailable';
  record(...many(5_000));
  await clock.advanceAsync(60_000);
  record('too much', 'too much');
  await clock.advanceAsync(60_000);
  record('too much');
  expect(lines).toEqual(['warn: traces cannot be written now; the newest requests are kept in memory for a while', 'error: traces are lost: the store does not take them']);
  state.fault = null;
  await clock.advanceAsync(60_000);
  await settled();
  await writer.flush();
  expect(ids()).toEqual(many(5_000));
  await writer.stop();
  expect(lines.slice(2)).toEqual(['warn: traces were lost in this run 3']);
});

test('a stop writes what is left, or says how much is lost', async () => {
  const { clock, lines, state, writer, record, ids } = bed();
  record('a');
  await writer.stop();
  expect([ids(), lines, clock.pending]).toEqual([['a'], [], 0]);
  record('b', 'c');
  state.fault = 'store_unavailable';
  await writer.stop();
  expect(lines.slice(-1)).toEqual(['warn: traces were lost in this run 2']);
  expect(clock.pending).toBe(0);
});

test('rows that the store refuses are not sent for ever', async () => {
  const { clock, state, writer, record, ids } = bed();
  state.fault = 'internal';
  record('bad');
  await clock.advanceAsync(500);
  await settled();
  state.fault = null;
  record('good');
  await writer.flush();
  expect(ids()).toEqual(['good']);
});

test('what a backend said is not kept: it may quote the prompt', async () => {
  const { writer, batches } = bed();
  writer.record(traceOf('a', { attempts: [attemptOn('east', { error: 'backend_rejected', message: 'Backend east refused the request: cannot read "secret"' })] }));
  await writer.flush();
  expect(JSON.stringify(batches)).not.toContain('secret');
});
