/** One model: its days, the machines it lies on, and what can be done there. */
import { useState } from 'preact/hooks';
import * as api from '../../data/api.ts';
import { context, count, duration, gigabytes, short } from '../../data/format.ts';
import { colourOf, nodes } from '../../data/live.ts';
import type { ModelPlace, ModelRow } from '../../data/model-rows.ts';
import { follow, hrefOf } from '../../data/place.ts';
import { Chart } from '../../charts/chart.tsx';
import { Act } from '../../parts/act.tsx';
import { Swatch } from '../../parts/figures.tsx';
import { Status } from '../../parts/status.tsx';
import { PullDialog } from '../fleet/pull-dialog.tsx';

interface DrawerProps {
  readonly row: ModelRow;
  readonly close: () => void;
  readonly changed: () => void;
}

export function ModelDrawer({ row, close, changed }: DrawerProps) {
  const [pulling, setPulling] = useState(false);
  const there = new Set(row.places.map((place) => place.node));
  const elsewhere = nodes.value.filter((node) => !there.has(node.node_id)).flatMap((node) => (node.backends ?? []).filter((backend) => backend.status === 'up'));
  const times = row.days.map((day) => day.at);
  return (
    <aside class="drawer card" aria-label={`Model ${row.name}`}>
      <header class="card-head">
        <h2>{row.name}</h2>
        <span class="fine card-kind">{[row.parameters, row.quantization].filter(Boolean).join(' · ')}</span>
        <button type="button" class="quiet" onClick={close}>Close</button>
      </header>
      <div class="drawer-body">
        <p class="buttons">
          <a href={hrefOf('requests', { model: row.name })} onClick={follow}>Requests</a>
          <a href={hrefOf('trends', { model: row.name, range: '7d' })} onClick={follow}>Trends</a>
          <a href={hrefOf('playground', { a: row.name })} onClick={follow}>Try it</a>
        </p>
        {row.contextAdvised !== null && row.contextAllocated !== null && row.contextAdvised < row.contextAllocated && <p class="warn-text">▲ {context(row.contextAllocated)} of context are held in memory; {context(row.contextAdvised)} would do for what was asked.</p>}
        {times.length > 0 && <Chart title="Requests" unit="per day" times={times} step={86_400} sync="model" text={short} height={120} lines={[{ name: 'requests', colour: 1, kind: 'bars', values: row.days.map((day) => day.requests) }]} />}
        {times.length > 1 && <Chart title="Latency" unit="mean per day" times={times} step={86_400} sync="model" text={duration} height={120} lines={[{ name: 'latency', colour: 4, values: row.days.map((day) => day.latencyMs) }]} />}
        <section>
          <h3>On {count(row.places.length)} {row.places.length === 1 ? 'machine' : 'machines'}</h3>
          <ul class="plain-list">{row.places.map((place) => <Place key={place.node} model={row.name} place={place} changed={changed} />)}</ul>
          {elsewhere.length > 0 && <button type="button" onClick={() => setPulling(true)}>Pull to another machine</button>}
        </section>
        {pulling && <PullDialog backends={elsewhere} model={row.name} title={`Pull ${row.name}`} close={() => setPulling(false)} done={changed} />}
      </div>
    </aside>
  );
}

function Place({ model, place, changed }: { readonly model: string; readonly place: ModelPlace; readonly changed: () => void }) {
  const { node, backend } = place;
  const [copying, setCopying] = useState(false);
  return (
    <li class="place">
      <Swatch colour={colourOf(node)} /> <strong>{node}</strong> <span class="fine">{gigabytes(place.sizeGb)}</span>
      <Status tone={place.loaded ? 'good' : 'gone'} word={place.loaded ? 'in memory' : 'on disk'} />
      <span class="grow" />
      {backend !== undefined && place.loaded && <Act what={`Unload ${model} from ${node}`} run={() => api.unloadModel(backend, model)} done={changed}>unload</Act>}
      {backend !== undefined && <button type="button" class="quiet" aria-label={`Copy ${model} on ${node}`} onClick={() => setCopying(!copying)}>copy</button>}
      <Act what={`Delete ${model} from ${node}`} confirm={`Delete it from ${node}?`} run={() => deleted(node, model)} done={changed}>delete</Act>
      {copying && backend !== undefined && <CopyForm backend={backend} model={model} done={() => { setCopying(false); changed(); }} />}
    </li>
  );
}

/** The old address tells of a failure in its answer. */
async function deleted(node: string, model: string): Promise<void> {
  const { ok, error } = await api.deleteModel(node, model);
  if (!ok) throw new Error(error ?? 'The server did not delete it.');
}

function CopyForm({ backend, model, done }: { readonly backend: string; readonly model: string; readonly done: () => void }) {
  const [name, setName] = useState('');
  return (
    <span class="copy-form">
      <label>New name <input value={name} spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <Act class="" what={`Copy ${model} to ${name}`} disabled={name.trim() === ''} run={() => api.copyModel(backend, model, name.trim())} done={done}>Copy</Act>
    </span>
  );
}
