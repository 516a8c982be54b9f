/** The timeline of one request as bars on one axis. */
import { duration } from '../../data/format.ts';
import type { TraceRow } from '../../data/shapes.ts';
import { type Stretch, stretchesOf } from '../../data/waterfall.ts';

const titles: Readonly<Record<Stretch['what'], string>> = { waited: 'Waited', tried: 'Tried', load: 'Load', prompt: 'Prompt', answer: 'Answer', between: 'Between' };

export function Waterfall({ trace }: { readonly trace: TraceRow }) {
  const stretches = stretchesOf(trace);
  const total = Math.max(1, trace.latency_ms ?? 0);
  if (stretches.length === 0) return null;
  return (
    <figure class="waterfall" aria-label="Timeline">
      <ol>
        {stretches.map((stretch) => (
          <li key={`${stretch.what} ${stretch.fromMs}`}>
            <span class="waterfall-name">{titles[stretch.what]}{stretch.where !== undefined && stretch.what === 'tried' && <span class="fine"> {stretch.where}</span>}</span>
            <span class="waterfall-lane" aria-hidden="true"><i class={stretch.what} style={{ left: `${(100 * stretch.fromMs) / total}%`, width: `${Math.max(0.4, (100 * (stretch.toMs - stretch.fromMs)) / total)}%` }} /></span>
            <span class="waterfall-time">{duration(stretch.toMs - stretch.fromMs)}</span>
            {stretch.note !== undefined && <span class="bad-text waterfall-note">{stretch.note}</span>}
          </li>
        ))}
      </ol>
      <figcaption class="waterfall-axis fine" aria-hidden="true"><span>0</span><span>{duration(total / 2)}</span><span>{duration(total)}</span></figcaption>
    </figure>
  );
}
