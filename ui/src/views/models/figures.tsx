/** Small pictures in the rows of models. */
import { context, count, moment } from '../../data/format.ts';

/** How much of the context that memory is held for is ever needed. */
export function ContextBar({ used, allocated }: { readonly used: number | null; readonly allocated: number | null }) {
  if (allocated === null) return <span class="fine">–</span>;
  const ratio = used === null ? 0 : Math.min(1, used / allocated);
  const text = `${used === null ? 'unknown' : count(used)} of ${context(allocated)}`;
  return (
    <span class="context-bar" title={`99 of 100 requests need at most ${text} tokens`}>
      <span class="track" aria-hidden="true"><i class="fill" style={{ width: `${ratio * 100}%` }} /></span>
      <span>{text}</span>
    </span>
  );
}

const shown = 14;

/** Darker where it was used more. */
export function DayStrip({ days, name }: { readonly days: readonly { readonly at: number; readonly requests: number }[]; readonly name: string }) {
  const last = days.slice(-shown);
  const top = Math.max(1, ...last.map((day) => day.requests));
  if (last.length === 0) return <span class="fine">–</span>;
  return (
    <span class="day-strip" role="img" aria-label={`${name} by day: ${last.map((day) => count(day.requests)).join(', ')}`}>
      {last.map((day) => <i key={day.at} style={{ opacity: day.requests === 0 ? 0.08 : 0.25 + (0.75 * day.requests) / top }} title={`${moment(day.at * 1000)}: ${count(day.requests)}`} />)}
    </span>
  );
}
