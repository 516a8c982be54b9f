/** Every machine as a card, and who waits; the first view. */
import { useEffect } from 'preact/hooks';
import { choices, choose } from '../data/place.ts';
import { count, plural } from '../data/format.ts';
import { line, live } from '../data/live.ts';
import { readPins } from '../data/pins.ts';
import type { LiveNode, LiveState } from '../data/shapes.ts';
import { Awaited, Empty, HowToJoin } from '../parts/notes.tsx';
import { NodeCard } from './fleet/node-card.tsx';
import { WaitingList } from './fleet/waiting-list.tsx';

export function Fleet() {
  const state = live.value;
  useEffect(() => void readPins(), []);
  if (state === null) return line.value.state === 'lost' ? <Empty title="The router has not been heard yet." /> : <Awaited what="the fleet" />;
  return <FleetNow state={state} />;
}

function FleetNow({ state }: { readonly state: LiveState }) {
  const wanted = choices.value['node'];
  const shown = wanted === undefined ? state.nodes : state.nodes.filter((node) => node.node_id === wanted);
  return (
    <div class="fleet">
      <header class="view-head">
        <h1>Fleet</h1>
        <p class="fine">{sentenceOf(state)}</p>
        {wanted !== undefined && <button type="button" onClick={() => choose({ node: '' })}>Only {wanted} · show all</button>}
      </header>
      {state.nodes.length === 0 ? <NoNodes /> : (
        <div class="fleet-grid">
          <div class="cards">{[...shown].sort(byTrouble).map((node) => <NodeCard key={node.node_id} node={node} />)}</div>
          <WaitingList waiting={state.waiting ?? []} total={state.waiting_count ?? state.waiting?.length ?? 0} />
        </div>
      )}
    </div>
  );
}

/** The order stays as it is told, but what waits for a decision comes first. */
function byTrouble(a: LiveNode, b: LiveNode): number {
  return Number(b.status === 'waiting') - Number(a.status === 'waiting');
}

function sentenceOf({ nodes }: LiveState): string {
  const backends = nodes.flatMap((node) => node.backends ?? []);
  const resident = backends.flatMap((backend) => backend.models ?? []).filter((model) => model.state === 'loaded').length;
  const down = backends.filter((backend) => backend.status === 'down').length;
  return `${plural(nodes.length, 'machine')}, ${plural(backends.length, 'server')}${down > 0 ? ` (${count(down)} down)` : ''}, ${plural(resident, 'model')} in memory`;
}

function NoNodes() {
  return (
    <Empty title="No machine is known yet."><HowToJoin /></Empty>
  );
}
