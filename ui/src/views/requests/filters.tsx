/** The filters of the table of requests, each in the address. */
import { choices, choose } from '../../data/place.ts';
import type { TraceRow } from '../../data/shapes.ts';
import type { Choices } from '../../data/url-state.ts';

const fields = [['model', 'Model'], ['node', 'Machine'], ['backend', 'Server'], ['key', 'Key'], ['tag', 'Tag']] as const;
const statuses = ['succeeded', 'failed', 'cancelled', 'interrupted', 'accepted'] as const;

export function filterOf(chosen: Choices): Readonly<Record<string, string>> {
  const names = [...fields.map(([name]) => name), 'status', 'user', 'q'];
  return Object.fromEntries(names.flatMap((name) => (chosen[name] ? [[name, chosen[name]]] : [])));
}

export function Filters({ rows }: { readonly rows: readonly TraceRow[] }) {
  const chosen = choices.value;
  const known: Readonly<Record<(typeof fields)[number][0], readonly (string | null | undefined)[]>> = {
    model: rows.map((row) => row.model),
    node: rows.map((row) => row.node_id),
    backend: rows.map((row) => row.backend),
    key: rows.map((row) => row.owner),
    tag: rows.flatMap((row) => row.tags ?? []),
  };
  return (
    <form class="filters" role="search" aria-label="Filter requests" onSubmit={(event) => event.preventDefault()}>
      <Field name="q" label="Request id" value={chosen['q'] ?? ''} options={[]} />
      {fields.map(([name, label]) => <Field key={name} name={name} label={label} value={chosen[name] ?? ''} options={[...new Set(known[name])].filter((one): one is string => typeof one === 'string' && one !== '').sort()} />)}
      <div class="filter">
        <label for="filter-status">Status</label>
        <select id="filter-status" value={chosen['status'] ?? ''} onChange={(event) => choose({ status: event.currentTarget.value })}>
          <option value="">any</option>
          {statuses.map((status) => <option key={status}>{status}</option>)}
        </select>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
}

function Field({ name, label, value, options }: FieldProps) {
  return (
    <div class="filter">
      <label for={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} value={value} list={options.length > 0 ? `known-${name}` : undefined} placeholder="any" spellcheck={false} onChange={(event) => choose({ [name]: event.currentTarget.value.trim() })} />
      {options.length > 0 && <datalist id={`known-${name}`}>{options.map((option) => <option key={option} value={option} />)}</datalist>}
    </div>
  );
}
