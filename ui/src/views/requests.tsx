/** The traces: found by time, model, machine, key, tag and status; each opens to its timeline and why it went where it went. */
import { useEffect, useState } from 'preact/hooks';
import * as api from '../data/api.ts';
import { helloByCurl } from '../data/examples.ts';
import { choices, choose, routerUrl } from '../data/place.ts';
import { failureIn, useResource } from '../data/resource.ts';
import type { CallFailed } from '../data/request.ts';
import type { TraceRow } from '../data/shapes.ts';
import { rangeOf } from '../data/url-state.ts';
import { Awaited, Command, Empty, ErrorNote } from '../parts/notes.tsx';
import { RangePicker } from '../parts/choice.tsx';
import { Table } from '../parts/table.tsx';
import { Filters, filterOf } from './requests/filters.tsx';
import { requestColumns } from './requests/columns.tsx';
import { Drawer } from './requests/drawer.tsx';
import '../style/requests.css';

const pageSize = 200;
const freshEveryMs = 3000;

export default function Requests() {
  const chosen = choices.value;
  const filter = filterOf(chosen);
  const moving = chosen['range'] !== undefined || chosen['from'] === undefined;
  const timed = chosen['range'] === undefined && chosen['from'] === undefined ? {} : between(rangeOf(chosen, Date.now() / 1000));
  const key = JSON.stringify([filter, chosen['range'], chosen['from'], chosen['to']]);
  const first = useResource(key, (signal) => api.traces({ ...filter, ...timed, limit: pageSize }, signal), moving ? freshEveryMs : 0);
  const more = useMore(key, filter, timed);
  const rows = joined(first.data?.traces ?? [], more.rows);
  const id = chosen['id'];
  return (
    <div class={`requests ${id === undefined ? '' : 'with-drawer'}`}>
      <div class="requests-main">
        <header class="view-head">
          <h1>Requests</h1>
          <RangePicker usual="all" />
        </header>
        <Filters rows={rows} />
        {first.error && <ErrorNote what="Reading the traces" error={first.error} retry={first.reload} />}
        {first.data === null ? first.error === null && <Awaited what="the traces" /> : rows.length === 0 ? <None filtered={key !== emptyKey} /> : (
          <>
            <Table name="requests" caption="Requests" columns={requestColumns} rows={rows} keyOf={(row) => row.request_id} order={{ column: 'time', down: true }} open={(row) => choose({ id: row.request_id === id ? '' : row.request_id })} isOpen={(row) => row.request_id === id} tools={<a class="fine" href={routerUrl(api.tracesFile({ ...filter, ...timed }))} download="traces.jsonl">All as JSONL</a>} />
            <More next={more.rows.length > 0 ? more.next : (first.data.next ?? null)} more={more} />
          </>
        )}
      </div>
      {id !== undefined && <Drawer key={id} id={id} close={() => choose({ id: '' })} />}
    </div>
  );
}

const emptyKey = JSON.stringify([filterOf({}), undefined, undefined, undefined]);

const between = ({ from, to }: { from: number; to: number }) => ({ start_ts: Math.floor(from), end_ts: Math.ceil(to) });

function None({ filtered }: { readonly filtered: boolean }) {
  if (filtered) return <Empty title="No request fits."><button type="button" onClick={() => choose({ q: '', model: '', node: '', backend: '', key: '', tag: '', status: '', range: '', from: '', to: '' })}>Show all</button></Empty>;
  return (
    <Empty title="No request has come yet.">
      <p>Send one, and it is here when it has ended:</p>
      <Command text={helloByCurl()} />
    </Empty>
  );
}

interface MoreRows {
  readonly rows: readonly TraceRow[];
  readonly next: string | null;
  readonly error: CallFailed | null;
  load(before: string): Promise<void>;
}

/** Older pages, until the filter is another. */
function useMore(key: string, filter: Readonly<Record<string, string>>, timed: Readonly<Record<string, number>>): MoreRows {
  const [held, setHeld] = useState<Omit<MoreRows, 'load'>>({ rows: [], next: null, error: null });
  useEffect(() => setHeld({ rows: [], next: null, error: null }), [key]);
  const load = async (before: string): Promise<void> => {
    try {
      const page = await api.traces({ ...filter, ...timed, limit: pageSize, before });
      setHeld((was) => ({ rows: [...was.rows, ...page.traces], next: page.next, error: null }));
    } catch (thrown) {
      setHeld((was) => ({ ...was, error: failureIn(thrown) }));
    }
  };
  return { ...held, load };
}

function More({ next, more }: { readonly next: string | null; readonly more: MoreRows }) {
  return (
    <div class="more-rows">
      {more.error && <ErrorNote what="Reading older traces" error={more.error} />}
      {next !== null && <button type="button" onClick={() => void more.load(next)}>Older ones</button>}
    </div>
  );
}

function joined(newer: readonly TraceRow[], older: readonly TraceRow[]): readonly TraceRow[] {
  const seen = new Set(newer.map((row) => row.request_id));
  return [...newer, ...older.filter((row) => !seen.has(row.request_id))];
}
