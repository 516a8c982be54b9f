import { expect, test } from 'vitest';
import { epochTime } from './system-clock.ts';

function clockOf() {
  const at = { steady: 1_000_000, wall: 1_000_000 };
  return { at, now: epochTime(() => at.steady, () => at.wall) };
}

test('a machine that slept knows what time it is', () => {
  const { at, now } = clockOf();
  for (let night = 1; night <= 3; night += 1) {
    at.wall += 8 * 3_600_000;
    at.steady += 1000;
    at.wall += 1000;
    expect(now()).toBe(at.wall);
  }
});

test('a clock that is set back, or put right by a little, changes nothing: time does not run backwards', () => {
  const { at, now } = clockOf();
  at.wall -= 3_600_000;
  at.steady += 10;
  expect(now()).toBe(1_000_010);
  at.wall = at.steady + 59_000;
  expect(now()).toBe(1_000_010);
});
