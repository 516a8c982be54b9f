/** Which model should lie on which machine, and why; one button pulls it. */
import { useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { gigabytes, relative } from '../data/format.ts';
import { colourOf, nodes } from '../data/live.ts';
import { useResource } from '../data/resource.ts';
import type { NodePlan, Plans, Recommendation } from '../data/shapes.ts';
import { PartsBar, Swatch } from '../parts/figures.tsx';
import { Empty, HowToJoin, Loaded } from '../parts/notes.tsx';
import { PullProgress, usePull } from './fleet/pull-dialog.tsx';
import '../style/health.css';

export default function Recommendations() {
  const [turn, setTurn] = useState(0);
  const plans = useResource(`plans ${turn}`, () => api.recommendations(turn > 0));
  const made = plans.data?.generated_at;
  return (
    <div>
      <header class="view-head">
        <h1>Recommendations</h1>
        {made !== undefined && <span class="fine">made {relative(typeof made === 'number' ? made * 1000 : Date.parse(made), Date.now())}</span>}
        <button type="button" onClick={() => setTurn(turn + 1)}>Make them anew</button>
      </header>
      <Loaded of={plans} what="Reading the recommendations">{(data) => <AllPlans plans={data} changed={() => setTurn(turn + 1)} />}</Loaded>
    </div>
  );
}

function AllPlans({ plans, changed }: { readonly plans: Plans; readonly changed: () => void }) {
  const uncovered = plans.uncovered_categories ?? [];
  if (plans.nodes.length === 0) return <Empty title="There is no machine to advise on."><p>Machines whose memory is known are listed here, with the models that would serve best on them.</p><HowToJoin /></Empty>;
  return (
    <>
      {uncovered.length > 0 && <p class="warn-text after">▲ No model of the fleet is good for: {uncovered.join(', ')}.</p>}
      {plans.nodes.map((plan) => <Plan key={plan.node_id} plan={plan} changed={changed} />)}
    </>
  );
}

function Plan({ plan, changed }: { readonly plan: NodePlan; readonly changed: () => void }) {
  const wanted = plan.recommendations.filter((one) => !one.already_available);
  const total = plan.total_ram_gb ?? plan.usable_ram_gb ?? 0;
  const has = plan.kept_ram_gb ?? (plan.current_models ?? []).reduce((sum, model) => sum + (typeof model === 'string' ? 0 : (model.size_gb ?? 0)), 0);
  const more = wanted.reduce((sum, one) => sum + (one.ram_gb ?? 0), 0);
  const names = (plan.current_models ?? []).map((model) => (typeof model === 'string' ? model : model.name));
  return (
    <section class="card plan" aria-label={`Machine ${plan.node_id}`}>
      <header class="card-head"><Swatch colour={colourOf(plan.node_id)} /><h2>{plan.node_id}</h2><span class="fine card-kind">{gigabytes(total)} of memory{plan.disk_available_gb ? `, ${gigabytes(plan.disk_available_gb)} of disk free` : ''}</span></header>
      <div class="plan-body">
        {names.length > 0 && <p class="fine">Has {names.join(', ')}</p>}
        {total > 0 && <PartsBar label="Now" whole={total} textOf={gigabytes} parts={[{ name: 'models now', amount: has, kind: 'has' }, { name: 'free', amount: Math.max(0, total - has), kind: 'free' }]} />}
        {wanted.length > 0 && total > 0 && <PartsBar label="With what is recommended" whole={total} textOf={gigabytes} parts={[{ name: 'models now', amount: has, kind: 'has' }, { name: 'recommended', amount: more, kind: 'new' }, { name: 'free', amount: Math.max(0, total - has - more), kind: 'free' }]} />}
        {wanted.length === 0 ? <p>It has what serves it best.</p> : wanted.map((one) => <Advice key={one.model} node={plan.node_id} advice={one} changed={changed} />)}
      </div>
    </section>
  );
}

function Advice({ node, advice, changed }: { readonly node: string; readonly advice: Recommendation; readonly changed: () => void }) {
  const pull = usePull(changed);
  const backend = nodes.value.find((one) => one.node_id === node)?.backends?.find((one) => one.status === 'up' && one.kind === 'ollama')?.id;
  return (
    <div class="advice">
      <div>
        <p><strong>{advice.display_name ?? advice.model}</strong> <span class="fine">{[advice.category, advice.ram_gb === undefined ? '' : gigabytes(advice.ram_gb), advice.priority === undefined ? '' : `${advice.priority} priority`].filter(Boolean).join(' · ')}</span></p>
        {advice.reason && <p>{advice.reason}</p>}
      </div>
      {pull.state === 'running' ? <button type="button" onClick={pull.stop}>Stop</button> : <button type="button" class="primary" disabled={backend === undefined || pull.state === 'done'} title={backend === undefined ? 'No Ollama of this machine answers.' : undefined} aria-label={`Pull ${advice.model} to ${node}`} onClick={() => backend !== undefined && void pull.start(backend, advice.model)}>Pull</button>}
      <PullProgress pull={pull} />
    </div>
  );
}
