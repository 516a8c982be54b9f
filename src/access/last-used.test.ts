import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { driver } from '../store/memory/index.ts';
import { silentLog } from '../telemetry/log.ts';
import { LastUsed } from './last-used.ts';

async function bed() {
  const clock = new FakeClock();
  const { kv } = await driver.open({ now: () => clock.now() });
  const written: string[] = [];
  const counted: typeof kv = {
    ...kv,
    put(...args) {
      written.push(args[0]);
      return kv.put(...args);
    },
  };
  return { clock, kv, written, lastUsed: new LastUsed(clock, counted, silentLog), again: () => new LastUsed(clock, kv, silentLog) };
}

test('the last use is known at once, written at most once a minute, and there after a restart', async () => {
  const { clock, written, lastUsed, again } = await bed();
  const begin = clock.now();
  for (let at = begin; at < begin + 59_000; at += 100) lastUsed.used('a', at);
  lastUsed.used('b', begin + 5);
  expect([await lastUsed.at('a'), await lastUsed.at('never')]).toEqual([begin + 58_900, null]);
  expect(written).toEqual([]);
  await clock.advanceAsync(60_000);
  expect(written).toEqual(['access:used:a', 'access:used:b']);
  lastUsed.used('a', begin + 61_000);
  await clock.advanceAsync(60_000);
  expect(written).toHaveLength(3);
  expect(clock.pending).toBe(0);
  expect([await again().at('a'), await again().at('b')]).toEqual([begin + 61_000, begin + 5]);
});

test('what is not yet written is written at the end', async () => {
  const { clock, lastUsed, again } = await bed();
  lastUsed.used('a', clock.now());
  await lastUsed.stop();
  expect(await again().at('a')).toBe(clock.now());
  expect(clock.pending).toBe(0);
});

test('a key that is gone leaves nothing to the next of its id', async () => {
  const { clock, lastUsed, again } = await bed();
  lastUsed.used('a', clock.now());
  await lastUsed.stop();
  await lastUsed.forget('a');
  await settled();
  expect([await lastUsed.at('a'), await again().at('a')]).toEqual([null, null]);
});
