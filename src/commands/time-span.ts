/** Times as people type them at a command: `45s`, `30m`, `2h`, `1h30m`, `1d`. Pure. */

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longer than anybody means. */
const mostMs = 3650 * 86_400_000;

/** In milliseconds; null for what is none, or nothing. */
export function spanMs(text: string): number | null {
  const parts = [...text.matchAll(/(\d{1,6})([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return null;
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  return ms > 0 && ms <= mostMs ? ms : null;
}

/** What `--for` says; null when it was left out. Throws an Error for people. */
export function spanOf(written: unknown): number | null {
  if (written === undefined) return null;
  const ms = typeof written === 'string' ? spanMs(written) : null;
  if (ms === null) throw new Error(`--for takes a time such as 30m, 2h or 1d, not ${String(written)}.`);
  return ms;
}
