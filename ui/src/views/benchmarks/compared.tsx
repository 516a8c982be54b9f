/** Chosen runs beside each other, by model and by machine. */
import { figure, relative } from '../../data/format.ts';
import type { BenchmarkRun } from '../../data/shapes.ts';
import { Swatch } from '../../parts/figures.tsx';

interface ComparedProps {
  readonly runs: readonly BenchmarkRun[];
  readonly colours: ReadonlyMap<string, number>;
}

export function Compared({ runs, colours }: ComparedProps) {
  return (
    <section aria-label="Compared runs" class="after">
      <h2 class="compared">Compared</h2>
      {(['per_model_results', 'per_node_results'] as const).map((part) => <Part key={part} runs={runs} colours={colours} part={part} />)}
    </section>
  );
}

function Part({ runs, colours, part }: ComparedProps & { readonly part: 'per_model_results' | 'per_node_results' }) {
  const tables = runs.map((run) => speeds(run[part]));
  const names = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort();
  const top = Math.max(1, ...tables.flatMap((table) => [...table.values()]));
  if (names.length === 0) return null;
  return (
    <div class="table-frame after">
      <table>
        <thead><tr><th scope="col">{part === 'per_model_results' ? 'Model' : 'Machine'}, tokens/s</th>{runs.map((run) => <th key={run.run_id} scope="col"><Swatch colour={colours.get(run.run_id) ?? 0} /> {run.timestamp === undefined ? run.run_id : relative(run.timestamp * 1000, Date.now())}</th>)}</tr></thead>
        <tbody>{names.map((name) => <tr key={name}><th scope="row">{name}</th>{tables.map((table, index) => <td key={runs[index]?.run_id}><span class={`share series-${colours.get(runs[index]?.run_id ?? '') ?? 0}`}><i aria-hidden="true"><b class="series-bar" style={{ width: `${(100 * (table.get(name) ?? 0)) / top}%` }} /></i>{figure(table.get(name))}</span></td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

/** Tokens a second by name, from a record or a list. */
function speeds(told: unknown): ReadonlyMap<string, number> {
  const rows: readonly [string, unknown][] = Array.isArray(told) ? told.map((row: Record<string, unknown>) => [String(row['model'] ?? row['node_id'] ?? row['name'] ?? ''), row]) : Object.entries((told ?? {}) as Record<string, unknown>);
  return new Map(rows.flatMap(([name, row]) => {
    const speed = (row as Record<string, unknown> | null)?.['tok_s'] ?? (row as Record<string, unknown> | null)?.['tokens_per_s'];
    return typeof speed === 'number' ? [[name, speed] as const] : [];
  }));
}
