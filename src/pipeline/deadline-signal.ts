/** An AbortSignal that also ends after a time, and tells which of the two it was. */
import type { Clock } from '../core/clock.ts';

export interface DeadlineSignal {
  readonly signal: AbortSignal;
  /** True when the time ran out, false when the caller left. */
  expired(): boolean;
  /** Stops the timer and lets the caller's signal go; call it in a `finally`. */
  release(): void;
}

const never = (): boolean => false;
const nothing = (): void => {};

/** `limitMs` null: the caller's own signal, at no cost. */
export function deadlineSignal(caller: AbortSignal, limitMs: number | null, clock: Clock): DeadlineSignal {
  if (limitMs === null) return { signal: caller, expired: never, release: nothing };
  const controller = new AbortController();
  let late = false;
  const onLeave = (): void => controller.abort();
  const cancel = clock.after(limitMs, () => {
    late = true;
    controller.abort();
  });
  caller.addEventListener('abort', onLeave);
  if (caller.aborted) onLeave();
  return {
    signal: controller.signal,
    expired: () => late,
    release() {
      cancel();
      caller.removeEventListener('abort', onLeave);
    },
  };
}
