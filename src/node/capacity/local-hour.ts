/** Instants as hours of the owner's week, in the machine's own time zone or a named one. */
import type { LocalHour } from './capacity.ts';

const dayMs = 86_400_000;
/** Every time zone's offset is a multiple of this, so that within one quarter nothing changes. */
const quarterMs = 900_000;
const mostKnown = 1000;

/** `timeZone`: an IANA name; absent: that of the machine. Also right over the hours that summer time repeats or leaves out. */
export function localHours(timeZone?: string): (at: number) => LocalHour {
  const format = new Intl.DateTimeFormat('en-US', { ...(timeZone === undefined ? {} : { timeZone }), hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' });
  const known = new Map<number, LocalHour>();
  return (at) => {
    const quarter = Math.floor(at / quarterMs);
    const cached = known.get(quarter);
    if (cached !== undefined) return cached;
    if (known.size >= mostKnown) known.clear();
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const day = Date.UTC(parts['year'] ?? 0, (parts['month'] ?? 1) - 1, parts['day'] ?? 1) / dayMs;
    // The first of January 1970 was a Thursday.
    const hour = { slot: ((day + 3) % 7) * 24 + (parts['hour'] ?? 0), day };
    known.set(quarter, hour);
    return hour;
  };
}
