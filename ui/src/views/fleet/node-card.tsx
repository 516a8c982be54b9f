/** One machine: how it is, what is in its memory, what runs there, and what can be done about it. */
import { useState } from 'preact/hooks';
import * as api from '../../data/api.ts';
import { duration, figure, gigabytes, percent } from '../../data/format.ts';
import { colourOf, loads } from '../../data/live.ts';
import type { LiveGpu, LiveNode } from '../../data/shapes.ts';
import { Act } from '../../parts/act.tsx';
import { Meter, Spark, Swatch } from '../../parts/figures.tsx';
import { Status, type Tone } from '../../parts/status.tsx';
import { BackendRows } from './backend-rows.tsx';
import { PullDialog } from './pull-dialog.tsx';

const tones: Readonly<Record<LiveNode['status'], Tone>> = { online: 'good', degraded: 'warn', offline: 'gone', waiting: 'busy' };

const sparkRoom = 60;

export function NodeCard({ node }: { readonly node: LiveNode }) {
  const backends = node.backends ?? [];
  return (
    <article class={`card ${node.status}`} aria-labelledby={`node-${node.node_id}`}>
      <header class="card-head">
        <Swatch colour={colourOf(node.node_id)} />
        <h2 id={`node-${node.node_id}`} title={node.node_id}>{node.name ?? node.node_id}</h2>
        <span class="fine card-kind">{hardwareText(node)}</span>
        {node.draining && <Status tone="warn" word="draining" title="It takes no new work; what runs ends." />}
        <Status tone={tones[node.status] ?? 'gone'} word={node.status === 'waiting' ? 'wants to join' : node.status} title={heardText(node)} />
      </header>
      {node.status !== 'offline' && <Gauges node={node} />}
      {node.status === 'offline' && <p class="fine">{heardText(node)}</p>}
      {backends.map((backend) => <BackendRows key={backend.id} node={node} backend={backend} alone={backends.length === 1} />)}
      {backends.length === 0 && <p class="fine">No inference server was found here.</p>}
      <Actions node={node} />
    </article>
  );
}

function Gauges({ node }: { readonly node: LiveNode }) {
  const cpu = node.cpu?.utilization_pct;
  const { total_gb: total, used_gb: used, pressure } = node.memory ?? {};
  const { total_gb: diskTotal, available_gb: diskFree } = node.disk ?? {};
  const heat = node.thermal?.temperature_c;
  const shown = cpu !== undefined || total !== undefined || (node.gpus ?? []).length > 0;
  if (!shown) return null;
  return (
    <div class="gauges">
      {cpu !== undefined && (
        <div class="meter">
          <span class="meter-label">CPU</span>
          <Spark values={loads.value.get(node.node_id) ?? []} room={sparkRoom} ceiling={100} label={`CPU of ${node.name ?? node.node_id} over the last minutes`} />
          <span class="meter-text">{percent(cpu)}{heat !== undefined && ` · ${Math.round(heat)} °C`}</span>
        </div>
      )}
      {total !== undefined && used !== undefined && <Meter label="Memory" ratio={used / total} warnAt={pressure === 'normal' ? 0.98 : pressure === undefined ? 0.9 : 0} badAt={pressure === 'critical' ? 0 : 0.99} text={`${figure(used)} of ${gigabytes(total)}`} />}
      {(node.gpus ?? []).map((gpu) => <Gpu key={gpu.index} gpu={gpu} />)}
      {diskTotal !== undefined && diskFree !== undefined && diskFree / diskTotal < 0.15 && <Meter label="Disk" ratio={1 - diskFree / diskTotal} text={`${gigabytes(diskFree)} free`} />}
      {node.thermal?.state === 'warning' && <p class="warn-text">▲ It is hot and slows down.</p>}
      {node.capacity?.mode !== undefined && node.capacity.mode !== 'full' && <p class="fine">Capacity {node.capacity.mode.replace('_', ' ')}{node.capacity.reason !== undefined && `: ${node.capacity.reason.replaceAll('_', ' ')}`}</p>}
    </div>
  );
}

function Gpu({ gpu }: { readonly gpu: LiveGpu }) {
  const { vram_total_mb: total, vram_used_mb: used, utilization_pct: busy, temperature_c: heat } = gpu;
  const rest = [busy === undefined ? '' : percent(busy), heat === undefined ? '' : `${Math.round(heat)} °C`].filter(Boolean).join(' · ');
  const text = total !== undefined && used !== undefined ? `${figure(used / 1024)}/${figure(total / 1024)} GB` : '';
  return <Meter label={`GPU ${gpu.index}`} ratio={total !== undefined && used !== undefined ? used / total : (busy ?? 0) / 100} text={[text, rest].filter(Boolean).join(' · ')} />;
}

function hardwareText({ hardware, source, address }: LiveNode): string {
  const memory = hardware?.memory_total_gb;
  const parts = [hardware?.chip, memory === undefined ? undefined : gigabytes(memory), hardware?.os];
  const known = parts.filter((part) => part !== undefined && part !== '');
  return known.length > 0 ? known.join(' · ') : source === 'static' ? 'named in the file' : (address ?? '');
}

function heardText({ last_heard_ms_ago: ago, agent_version: version }: LiveNode): string | undefined {
  if (ago === undefined) return undefined;
  return `Heard ${duration(ago)} ago${version === undefined ? '' : `, agent ${version}`}`;
}

function Actions({ node }: { readonly node: LiveNode }) {
  const [pulling, setPulling] = useState(false);
  const name = node.name ?? node.node_id;
  const up = (node.backends ?? []).filter((backend) => backend.status === 'up');
  if (node.status === 'waiting') {
    return (
      <footer class="card-foot">
        <span class="fine">It gets no prompt until somebody approves it.</span>
        <Act class="primary" what={`Approve ${name}`} run={() => api.changeNode(node.node_id, 'approve')}>Approve</Act>
        <Act what={`Remove ${name}`} confirm={`Refuse ${name}?`} run={() => api.changeNode(node.node_id, 'remove')}>Refuse</Act>
      </footer>
    );
  }
  return (
    <footer class="card-foot">
      {node.draining ? <Act what={`Let ${name} work again`} run={() => api.changeNode(node.node_id, 'undrain')}>undrain</Act> : <Act what={`Drain ${name}`} confirm={`No new work for ${name}?`} run={() => api.changeNode(node.node_id, 'drain')}>drain</Act>}
      {up.length > 0 && <button type="button" class="quiet" aria-label={`Pull a model to ${name}`} onClick={() => setPulling(true)}>pull</button>}
      {node.source === 'agent' && node.status === 'offline' && <Act what={`Remove ${name}`} confirm={`Forget ${name}?`} run={() => api.changeNode(node.node_id, 'remove')}>remove</Act>}
      {pulling && <PullDialog backends={up} title={`Pull a model to ${name}`} close={() => setPulling(false)} />}
    </footer>
  );
}
