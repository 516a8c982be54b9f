import { expect, test } from 'vitest';
import { CaptureKeys } from './capture-keys.ts';

/** A store of one value, which can fail. */
function oneValue() {
  const kept = { text: null as string | null, fails: false };
  return {
    kept,
    get: async () => kept.text,
    put: async (_: string, text: string) => {
      if (kept.fails) throw new Error('the disk is full');
      kept.text = text;
    },
  };
}

test('what the configuration names holds until it is switched, and switches outlive a restart', async () => {
  const store = oneValue();
  const keys = new CaptureKeys(store, ['ann']);
  await keys.load();
  expect([keys.has('ann'), keys.has('bob')]).toEqual([true, false]);
  await Promise.all([keys.set('ann', false), keys.set('bob', true)]);
  expect([keys.has('ann'), keys.has('bob')]).toEqual([false, true]);
  const again = new CaptureKeys(store, ['ann']);
  await again.load();
  expect(again.list()).toEqual([{ id: 'ann', on: false, source: 'run-time' }, { id: 'bob', on: true, source: 'run-time' }]);
});

test('a switch back to what the configuration says leaves nothing behind', async () => {
  const store = oneValue();
  const keys = new CaptureKeys(store, ['ann']);
  await keys.set('ann', false);
  await keys.set('ann', true);
  await keys.set('bob', false);
  expect(keys.list()).toEqual([{ id: 'ann', on: true, source: 'configuration' }]);
  const later = new CaptureKeys(store, []);
  await later.load();
  expect(later.has('ann')).toBe(false);
});

test('a store that fails changes nothing, and the next switch still holds', async () => {
  const store = oneValue();
  const keys = new CaptureKeys(store, []);
  store.kept.fails = true;
  await expect(keys.set('ann', true)).rejects.toThrow('the disk is full');
  expect(keys.has('ann')).toBe(false);
  store.kept.fails = false;
  await keys.set('ann', true);
  expect(keys.has('ann')).toBe(true);
});
