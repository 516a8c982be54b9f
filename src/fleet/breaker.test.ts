import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Breaker, type BreakerState, verdictOf } from './breaker.ts';
import type { Lesson } from './fleet.ts';

const settings = { failures: 3, openMs: 1000 };
const lesson = (more: Partial<Lesson>): Lesson => ({ backendId: 'a', model: 'm', ok: false, usage: {}, cold: false, ...more });

test('it opens after so many failures in a row, and one success between them counts all from the start', () => {
  const breaker = new Breaker(settings);
  expect([breaker.failed(), breaker.failed(), breaker.worked(), breaker.failed(), breaker.failed()]).toEqual([null, null, false, null, null]);
  expect(breaker.state).toBe('closed');
  expect(breaker.failed()).toBe(1000);
  expect(breaker.state).toBe('open');
});

test('after the time one trial decides: it closes, or opens for twice as long, up to sixteen times', () => {
  const breaker = new Breaker({ failures: 1, openMs: 1000 });
  const opened: (number | null)[] = [breaker.failed()];
  for (let trial = 0; trial < 6; trial += 1) {
    breaker.waited();
    expect(breaker.state).toBe('half-open');
    opened.push(breaker.failed());
  }
  expect(opened).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
  breaker.waited();
  expect(breaker.worked()).toBe(true);
  expect(breaker.state).toBe('closed');
  expect(breaker.failed()).toBe(1000);
});

test('what began before it opened changes nothing when it fails, and closes it when it succeeds', () => {
  const breaker = new Breaker({ failures: 1, openMs: 1000 });
  breaker.failed();
  expect(breaker.failed()).toBeNull();
  expect(breaker.state).toBe('open');
  expect(breaker.worked()).toBe(true);
  breaker.waited();
  expect(breaker.state).toBe('closed');
});

test.each<[string, Partial<Lesson>, ReturnType<typeof verdictOf>]>([
  ['an answer', { ok: true }, 'works'],
  ...(['backend_failed', 'backend_timeout', 'backend_protocol', 'backend_unreachable', 'stream_interrupted'] as const).map((error): [string, Partial<Lesson>, 'fails'] => [error, { error }, 'fails']),
  ['a busy server', { error: 'backend_failed', excused: true }, null],
  ['no connection, which the probe sees too', { error: 'backend_unreachable', noConnection: true }, null],
  ...(['context_overflow', 'backend_rejected', 'unsupported_feature', 'not_supported', 'internal'] as const).map((error): [string, Partial<Lesson>, null] => [error, { error }, null]),
])('what %s says of the backend', (_what, more, verdict) => {
  expect(verdictOf(lesson(more))).toBe(verdict);
});

test('what is not to blame yet stays closed however often it fails, and opens with the next failure that it is to blame for', () => {
  const breaker = new Breaker(settings);
  expect([false, false, false, false, true].map((toBlame) => breaker.failed(toBlame))).toEqual([null, null, null, null, 1000]);
});

type Step = 'failed' | 'worked' | 'waited';

/** The rules, restated: what comes after a state, and after how many failures in a row. */
function after(state: BreakerState, step: Step, inRow: number, failures: number): BreakerState {
  if (step === 'worked') return 'closed';
  if (step === 'waited') return state === 'open' ? 'half-open' : state;
  return state === 'closed' && inRow < failures ? 'closed' : 'open';
}

test('in every order of events it follows the rules, and is never open longer than sixteen times the setting', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Step>('failed', 'worked', 'waited'), { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (steps, failures) => {
      const breaker = new Breaker({ failures, openMs: 10 });
      let expected: BreakerState = 'closed';
      let inRow = 0;
      for (const step of steps) {
        if (step !== 'waited') inRow = step === 'failed' && expected === 'closed' ? inRow + 1 : 0;
        expected = after(expected, step, inRow, failures);
        const said = breaker[step]();
        expect(breaker.state).toBe(expected);
        if (typeof said === 'number') expect(said).toBeLessThanOrEqual(160);
      }
    }),
  );
});
