import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { driver } from '../store/memory/index.ts';
import { silentLog } from '../telemetry/log.ts';
import { StoreTidying } from './tidy-store.ts';

const day = 86_400;

test('what is over its time goes within the hour, and the minutes of three months ago become days', async () => {
  const clock = new FakeClock(200.5 * day * 1000);
  // The store's own clock stands still, so that only the tidying can take a key away.
  const store = await driver.open({ now: () => 0 });
  const minute = (at: number) => ({ backend: 'a', model: 'm', at, requests: 1, promptTokens: 1, completionTokens: 1 });
  await store.usage.add({ writer: 'w', number: 1, rows: [minute(110 * day - 60), minute(110 * day - 120), minute(110 * day)] });
  await store.kv.put('soon', 'value', clock.now() + 1_000);
  await store.kv.put('for ever', 'value', null);
  const tidying = new StoreTidying(clock, store, silentLog);
  tidying.start();
  await settled();
  expect((await store.usage.series({ models: ['m'], limit: 10 })).map((row) => [row.at, row.spanSeconds])).toEqual([[110 * day, 60], [109 * day, day]]);
  expect(await store.kv.get('soon')).toBe('value');
  await clock.advanceAsync(3_600_000);
  await settled();
  expect(await Promise.all(['soon', 'for ever'].map((key) => store.kv.get(key)))).toEqual([null, 'value']);
  tidying.stop();
  expect(clock.pending).toBe(0);
});

test('a store that is out of order is no reason to stop trying', async () => {
  const clock = new FakeClock();
  const store = await driver.open({});
  await store.close();
  const said: string[] = [];
  const tidying = new StoreTidying(clock, store, { ...silentLog, warn: (_fields, message) => void said.push(message) });
  tidying.start();
  await clock.advanceAsync(7_200_000);
  await settled();
  expect(said).toHaveLength(3);
  tidying.stop();
});
