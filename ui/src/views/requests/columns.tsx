/** The columns of the table of requests. */
import { count, duration, moment, relative } from '../../data/format.ts';
import { colourOf } from '../../data/live.ts';
import type { TraceRow } from '../../data/shapes.ts';
import { Swatch } from '../../parts/figures.tsx';
import { outcomeTone, Status } from '../../parts/status.tsx';
import type { Column } from '../../parts/table.tsx';

export const outcomeOf = (row: TraceRow): string => row.outcome ?? row.status;

export const requestColumns: readonly Column<TraceRow>[] = [
  { id: 'time', title: 'Time', value: (row) => row.timestamp, show: (row) => <time title={moment(row.timestamp * 1000)}>{relative(row.timestamp * 1000, Date.now())}</time> },
  { id: 'model', title: 'Model', value: (row) => row.model, show: (row) => <span class="clip" title={row.model ?? undefined}>{row.model ?? '–'}{row.original_model && row.original_model !== row.model && <span class="fine"> for {row.original_model}</span>}</span> },
  { id: 'backend', title: 'Server', yields: 6, value: (row) => row.backend ?? row.node_id, show: (row) => (row.backend ? <span class="clip"><Swatch colour={colourOf(row.node_id ?? row.backend)} /> {row.backend}</span> : '–') },
  { id: 'who', title: 'Who', yields: 3, value: (row) => whoOf(row), show: (row) => <span class="clip" title={row.client_ip}>{whoOf(row)}</span> },
  { id: 'waited', title: 'Waited', yields: 2, numeric: true, value: (row) => row.queue_ms, show: (row) => duration(row.queue_ms) },
  { id: 'first', title: 'First token', yields: 5, numeric: true, value: (row) => row.time_to_first_token_ms, show: (row) => duration(row.time_to_first_token_ms) },
  { id: 'total', title: 'Total', yields: 7, numeric: true, value: (row) => row.latency_ms, show: (row) => duration(row.latency_ms) },
  { id: 'in', title: 'Tokens in', yields: 1, numeric: true, value: (row) => row.prompt_tokens, show: (row) => count(row.prompt_tokens) },
  { id: 'out', title: 'Tokens out', yields: 4, numeric: true, value: (row) => row.completion_tokens, show: (row) => count(row.completion_tokens) },
  { id: 'result', title: 'Result', value: (row) => outcomeOf(row), show: (row) => <Result row={row} /> },
  { id: 'tags', title: 'Tags', extra: true, value: (row) => (row.tags ?? []).join(', ') },
  { id: 'task', title: 'Task', extra: true, value: (row) => row.task_type ?? row.task },
  { id: 'api', title: 'API', extra: true, value: (row) => row.dialect },
  { id: 'load', title: 'Load', extra: true, numeric: true, value: (row) => row.load_ms, show: (row) => duration(row.load_ms) },
  { id: 'retries', title: 'Retries', extra: true, numeric: true, value: (row) => row.retry_count },
  { id: 'id', title: 'Request id', extra: true, value: (row) => row.request_id },
];

function Result({ row }: { readonly row: TraceRow }) {
  const outcome = outcomeOf(row);
  return (
    <>
      <Status tone={outcomeTone(outcome)} word={row.error_code ?? outcome} title={row.error_message ?? undefined} />
      {(row.retry_count ?? 0) > 0 && <span class="fine retried"> after {count(row.retry_count)} {row.retry_count === 1 ? 'retry' : 'retries'}</span>}
    </>
  );
}

/** The user that a request names says more than the key that many share. */
function whoOf({ owner, user, client_ip: address }: TraceRow): string {
  if (owner !== undefined && owner !== 'anonymous') return user ? `${owner} / ${user}` : owner;
  return user || address || owner || '–';
}
