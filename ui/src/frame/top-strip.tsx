/** The figures that stand above every view, each leading to the view behind it. */
import type { ComponentChildren } from 'preact';
import { count, duration, figure } from '../data/format.ts';
import { healthNow } from '../data/health-now.ts';
import { live, speeds, speedSeconds } from '../data/live.ts';
import { follow, hrefOf } from '../data/place.ts';
import type { LiveState } from '../data/shapes.ts';
import type { ViewName } from '../data/url-state.ts';
import { Spark } from '../parts/figures.tsx';

export function TopStrip() {
  const state = live.value;
  const { nodes_up: up, nodes_total: all, running, waiting, oldest_wait_ms: oldest, tokens_per_second: speed, health_score: score = healthNow.value.score } = totalsOf(state);
  return (
    <nav class="strip" aria-label="Fleet now">
      <Figure view="fleet" label="nodes up" wrong={up !== undefined && all !== undefined && up < all}>{state === null ? '–' : `${count(up)}/${count(all)}`}</Figure>
      <Figure view="fleet" label="running">{count(running)}</Figure>
      <Figure view="fleet" label="waiting" wrong={(waiting ?? 0) > 0} note={waiting && oldest !== undefined ? `oldest ${duration(oldest)}` : ''}>{count(waiting)}</Figure>
      <Figure view="trends" label="tokens/s" picture={<Spark values={speeds.value} room={speedSeconds} label="Tokens per second over the last two minutes" />}>{figure(speed)}</Figure>
      <Figure view="health" label="health" wrong={score !== undefined && score < 80}>{count(score)}</Figure>
    </nav>
  );
}

interface FigureProps {
  readonly view: ViewName;
  readonly label: string;
  readonly children: ComponentChildren;
  readonly note?: string;
  readonly wrong?: boolean;
  readonly picture?: ComponentChildren;
}

function Figure({ view, label, children, note = '', wrong = false, picture }: FigureProps) {
  return (
    <a class={`strip-figure ${wrong ? 'wrong' : ''}`} href={hrefOf(view)} onClick={follow}>
      <span class="strip-value">{children}</span>
      <span class="strip-label">{label}{note !== '' && <span class="strip-note"> · {note}</span>}</span>
      {picture}
    </a>
  );
}

/** Older routers tell no totals: then they are counted here. */
function totalsOf(state: LiveState | null): NonNullable<LiveState['totals']> {
  if (state === null) return {};
  const models = state.nodes.flatMap((node) => (node.backends ?? []).flatMap((backend) => backend.models ?? []));
  const sum = (read: (model: (typeof models)[number]) => number | undefined): number => models.reduce((all, model) => all + (read(model) ?? 0), 0);
  return {
    nodes_up: state.nodes.filter((node) => node.status === 'online').length,
    nodes_total: state.nodes.length,
    running: sum((model) => model.running),
    waiting: state.waiting_count ?? state.waiting?.length ?? sum((model) => model.waiting),
    tokens_per_second: sum((model) => model.tokens_per_second),
    ...state.totals,
  };
}
