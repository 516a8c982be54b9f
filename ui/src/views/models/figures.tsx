/** Small pictures in the rows of models. */
import { context, count } from '../../data/format.ts';

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

/** The hours of a day, darker where it was used more. */
export function HourStrip({ hours, name }: { readonly hours: readonly number[]; readonly name: string }) {
  const top = Math.max(1, ...hours);
  if (hours.length === 0) return <span class="fine">–</span>;
  return (
    <span class="hour-strip" role="img" aria-label={`${name} by hour of the day: ${hours.map(count).join(', ')}`}>
      {hours.map((requests, hour) => <i key={hour} style={{ opacity: requests === 0 ? 0.08 : 0.25 + (0.75 * requests) / top }} title={`${hour}:00: ${count(requests)} requests`} />)}
    </span>
  );
}
