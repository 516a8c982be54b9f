import { expect, test } from 'vitest';
import { AtOnce } from './at-once.ts';

test('each has so many at once, and what has ended makes room, however it ended', async () => {
  const limit = new AtOnce(2, 'Too many.');
  const ends: ((failed: boolean) => void)[] = [];
  const act = () => new Promise<void>((resolve, reject) => ends.push((failed) => (failed ? reject(new Error('It broke.')) : resolve())));
  const [one, two] = [limit.run('a', act).catch(() => {}), limit.run('a', act)];
  await expect(limit.run('a', act)).rejects.toMatchObject({ code: 'rate_limited' });
  const other = limit.run('b', act);
  ends[0]?.(true);
  await one;
  const third = limit.run('a', act);
  for (const end of ends) end(false);
  await Promise.all([two, other, third]);
  expect(ends).toHaveLength(4);
});
