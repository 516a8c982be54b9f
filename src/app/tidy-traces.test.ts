import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { traceOf } from '../../test/fakes/traces.ts';
import { driver } from '../store/memory/index.ts';
import { silentLog } from '../telemetry/log.ts';
import { TraceTidying } from './tidy-traces.ts';

const day = 86_400_000;

async function bed(retainDays: number, maxRows: number) {
  const clock = new FakeClock(500 * day);
  const store = await driver.open({ now: () => 0 });
  const tidying = new TraceTidying(clock, store, silentLog, { retainDays, maxRows });
  const kept = async (): Promise<string[]> => (await store.traces.list({ limit: 100 })).traces.map(({ requestId }) => requestId);
  return { clock, store, tidying, kept };
}

test('traces go when they are too old, figures of hours later, those of days last of all', async () => {
  const { clock, store, tidying, kept } = await bed(30, 1_000);
  const ago = (days: number) => traceOf(`${days} days`, { receivedAt: clock.now() - days * day, totalMs: 0 });
  await store.traces.add([ago(450), ago(100), ago(35), ago(29), ago(0)]);
  tidying.start();
  await settled();
  expect(await kept()).toEqual(['0 days', '29 days']);
  const count = async (span: 'hour' | 'day'): Promise<number> => (await store.traces.figures({ cut: 'all', span })).length;
  expect([await count('hour'), await count('day')]).toEqual([3, 4]);
  await clock.advanceAsync(day + 300_000);
  await settled();
  expect(await kept()).toEqual(['0 days']);
  tidying.stop();
  expect(clock.pending).toBe(0);
});

test('of too many the oldest go, however many there are at once', async () => {
  const { clock, store, tidying, kept } = await bed(30, 3);
  await store.traces.add(Array.from({ length: 5_000 }, (_, index) => traceOf(`req_${index}`, { receivedAt: clock.now() - 5_000 + index, totalMs: 0 })));
  tidying.start();
  await expect.poll(kept).toEqual(['req_4999', 'req_4998', 'req_4997']);
  tidying.stop();
});
