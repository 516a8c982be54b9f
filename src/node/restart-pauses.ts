/** Decides when a program that has died is started again: after growing pauses, and not any more when it dies again and again. Pure. */

const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** So many deaths within this time are no accident. */
const mostDeaths = 5;
const withinMs = 300_000;

/** `deaths`: epoch milliseconds, oldest first, the present one last. Null: not any more. */
export function pauseBeforeRestart(deaths: readonly number[]): number | null {
  const now = deaths.at(-1) ?? 0;
  const recent = deaths.filter((at) => now - at < withinMs);
  return recent.length >= mostDeaths ? null : Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, recent.length - 1));
}
