/** Who waits, in the order of their turn. */
import { count, duration } from '../../data/format.ts';
import type { LiveWaiting } from '../../data/shapes.ts';

const shown = 40;

export function WaitingList({ waiting, total }: { readonly waiting: readonly LiveWaiting[]; readonly total: number }) {
  return (
    <aside class="card waiting" aria-label="Waiting requests">
      <header class="card-head"><h2>Waiting</h2><span class="fine">{total === 0 ? 'nobody' : count(total)}</span></header>
      {total === 0 && <p class="fine">Every request has found its place.</p>}
      <ol>
        {waiting.slice(0, shown).map((one, index) => (
          <li key={one.request_id}>
            <span class="turn">{one.position ?? index + 1}</span>
            <span class="waiting-model" title={one.request_id}>{one.model}</span>
            <span class="fine waiting-who">{one.key ?? one.user ?? one.address ?? ''}{one.priority !== undefined && one.priority !== 'normal' && <em class={one.priority}> {one.priority}</em>}{one.why !== undefined && ` · ${one.why}`}</span>
            <span class="age">{duration(one.age_ms)}{one.expected_ms !== undefined && <span class="fine"> → ~{duration(one.expected_ms)}</span>}</span>
          </li>
        ))}
      </ol>
      {total > Math.min(shown, waiting.length) && <p class="fine">and {count(total - Math.min(shown, waiting.length))} more</p>}
    </aside>
  );
}
