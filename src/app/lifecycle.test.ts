import { expect, test } from 'vitest';
import { silentLog } from '../telemetry/log.ts';
import { Lifecycle, type Part } from './lifecycle.ts';

function parts(seen: string[], failing?: string): Part[] {
  return ['store', 'fleet', 'http'].map((name) => ({
    name,
    start: () => {
      if (name === failing) throw new Error(`${name} failed`);
      seen.push(`+${name}`);
    },
    stop: () => {
      seen.push(`-${name}`);
      if (name === 'fleet') throw new Error('fleet does not stop');
    },
  }));
}

test('stop is start reversed, once, and a part that fails to stop does not stop the rest', async () => {
  const seen: string[] = [];
  const lifecycle = new Lifecycle(parts(seen), silentLog);
  await lifecycle.start();
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  expect(seen).toEqual(['+store', '+fleet', '+http', '-http', '-fleet', '-store']);
});

test('a part that fails to start stops those before it and is reported', async () => {
  const seen: string[] = [];
  const lifecycle = new Lifecycle(parts(seen, 'http'), silentLog);
  await expect(lifecycle.start()).rejects.toThrow('http failed');
  expect(seen).toEqual(['+store', '+fleet', '-fleet', '-store']);
});
