/** Every model: how much it is used, how fast it is, where it lies, and what can be done with it. */
import { useMemo, useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { bytes, count, duration, figure, gigabytes, moment, relative, short } from '../data/format.ts';
import { nodes } from '../data/live.ts';
import { type ModelRow, modelRows } from '../data/model-rows.ts';
import { choices, choose } from '../data/place.ts';
import { useResource } from '../data/resource.ts';
import { type Range, rangeOf } from '../data/url-state.ts';
import { RangePicker } from '../parts/choice.tsx';
import { Empty, ErrorNote, Awaited, HowToJoin } from '../parts/notes.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { ContextBar, HourStrip } from './models/figures.tsx';
import { ModelDrawer } from './models/drawer.tsx';
import { PullDialog } from './fleet/pull-dialog.tsx';
import '../style/requests.css';
import '../style/models.css';

const columns: readonly Column<ModelRow>[] = [
  { id: 'model', title: 'Model', value: (row) => row.name, show: (row) => <span class="clip" title={row.name}>{row.name}</span> },
  { id: 'where', title: 'Where', yields: 7, value: (row) => row.places.length, show: (row) => <span title={row.places.map((place) => place.node).join(', ')}>{row.loadedOn > 0 ? `${count(row.loadedOn)} of ${count(row.places.length)} in memory` : `${count(row.places.length)} on disk`}</span> },
  { id: 'size', title: 'Size', yields: 5, numeric: true, value: (row) => row.sizeGb, show: (row) => gigabytes(row.sizeGb) },
  { id: 'requests', title: 'Requests', numeric: true, value: (row) => row.requests, show: (row) => count(row.requests) },
  { id: 'tokens', title: 'Tokens', numeric: true, extra: true, value: (row) => row.tokens, show: (row) => short(row.tokens) },
  { id: 'speed', title: 'Tokens/s', yields: 6, numeric: true, value: (row) => row.speed, show: (row) => figure(row.speed) },
  { id: 'first', title: 'First token', yields: 2, numeric: true, value: (row) => row.firstMs, show: (row) => duration(row.firstMs) },
  { id: 'latency', title: 'Latency', numeric: true, extra: true, value: (row) => row.latencyMs, show: (row) => duration(row.latencyMs) },
  { id: 'errors', title: 'Failed', numeric: true, extra: true, value: (row) => row.failed, show: (row) => count(row.failed) },
  { id: 'context', title: 'Context used', yields: 4, hint: 'What 99 of 100 requests need of the context that memory is held for', value: (row) => row.contextUsed, show: (row) => <ContextBar used={row.contextUsed} allocated={row.contextAllocated} /> },
  { id: 'use', title: 'By hour', yields: 1, hint: 'Use by the hour of the day, over the last three days of the range', value: (row) => row.requests, show: (row) => <HourStrip hours={row.hours} name={row.name} /> },
  { id: 'last', title: 'Last used', yields: 3, value: (row) => row.lastUsed, show: (row) => <span title={moment(row.lastUsed)}>{relative(row.lastUsed, Date.now())}</span> },
  { id: 'parameters', title: 'Parameters', extra: true, value: (row) => row.parameters },
  { id: 'quantization', title: 'Quantization', extra: true, value: (row) => row.quantization },
];

const everyMs = 30_000;
/** Longer than this the router tells the use of each model by the day. */
const hourlySeconds = 3 * 86_400;

function lastDays({ from, to }: Range): Range {
  return { from: Math.max(from, to - hourlySeconds), to };
}

export default function Models() {
  const chosen = choices.value;
  const key = JSON.stringify([chosen['range'], chosen['from'], chosen['to']]);
  const used = useResource(key, () => api.models(rangeOf(choices.value, Date.now() / 1000, '7d')), everyMs);
  const stored = useResource('stored', api.storedModels, everyMs);
  const contexts = useResource('contexts', () => api.contextUsage(7), everyMs);
  const hourly = useResource(key, () => api.trends(lastDays(rangeOf(choices.value, Date.now() / 1000, '7d')), { by: 'model' }), everyMs);
  const [pulling, setPulling] = useState(false);
  const rows = useMemo(() => modelRows({ used: used.data, stored: stored.data?.nodes ?? [], contexts: contexts.data?.models ?? [], hourly: hourly.data?.bucket_s === 3600 ? hourly.data.data : [], live: nodes.value }), [used.data, stored.data, contexts.data, hourly.data, nodes.value]);
  const id = chosen['id'];
  const found = rows.find((row) => row.name === id);
  const up = nodes.value.flatMap((node) => (node.backends ?? []).filter((backend) => backend.status === 'up'));
  const reload = (): void => [used, stored, contexts].forEach((one) => void one.reload());
  return (
    <div class={`requests ${found === undefined ? '' : 'with-drawer'}`}>
      <div class="requests-main">
        <header class="view-head">
          <h1>Models</h1>
          <RangePicker usual="7d" />
          <span class="grow" />
          <button type="button" disabled={up.length === 0} onClick={() => setPulling(true)}>Pull a model</button>
        </header>
        {used.error && <ErrorNote what="Reading the use of models" error={used.error} retry={used.reload} />}
        {stored.error && <ErrorNote what="Reading what lies on disk" error={stored.error} retry={stored.reload} />}
        <Disks stored={stored.data?.nodes ?? []} />
        {rows.length > 0 ? <Table name="models" caption="Models" columns={columns} rows={rows} keyOf={(row) => row.name} order={{ column: 'requests', down: true }} open={(row) => choose({ id: row.name === id ? '' : row.name })} isOpen={(row) => row.name === id} />
          : used.loading || stored.loading ? <Awaited what="the models" /> : used.error === null && stored.error === null && <Empty title="No model is there yet.">{up.length > 0 ? <p>Pull one with the button above.</p> : <HowToJoin />}</Empty>}
      </div>
      {found !== undefined && <ModelDrawer key={found.name} row={found} close={() => choose({ id: '' })} changed={reload} />}
      {pulling && <PullDialog backends={up} title="Pull a model" close={() => setPulling(false)} done={reload} />}
    </div>
  );
}

function Disks({ stored }: { readonly stored: Awaited<ReturnType<typeof api.storedModels>>['nodes'] }) {
  const known = stored.filter((node) => node.disk_total_gb);
  if (known.length === 0) return null;
  return <p class="fine disks">{known.map((node) => <span key={node.node_id}><strong>{node.node_id}</strong> {bytes((node.total_size_gb ?? 0) * 1e9)} of models, {gigabytes(node.disk_available_gb)} free of {gigabytes(node.disk_total_gb)}</span>)}</p>;
}
