/** A filter of traces as SQL. Pure: whatever a caller wrote goes in as a value. */
import type { TraceFilter } from '../store.ts';
import type { SqlValue } from './database.ts';

type Written = readonly [condition: string, ...values: SqlValue[]];

/** `where` always holds a condition. */
export function traceConditions(filter: TraceFilter): { readonly where: string; readonly values: readonly SqlValue[] } {
  const written = writtenOf(filter).filter((one): one is Written => one !== null);
  return { where: ['TRUE', ...written.map(([condition]) => condition)].join(' AND '), values: written.flatMap(([, ...values]) => values) };
}

function writtenOf({ since, until, model, node, backend, principal, address, plane, user, tag, tasks, outcome, status, id }: TraceFilter): readonly (Written | null)[] {
  return [
    since === undefined ? null : ['ended_at >= ?', since],
    until === undefined ? null : ['ended_at < ?', until],
    model === undefined ? null : ['(model = ? OR requested_model = ?)', model, model],
    node === undefined ? null : ['node = ?', node],
    backend === undefined ? null : ['backend = ?', backend],
    principal === undefined ? null : ['principal_id = ?', principal],
    address === undefined ? null : ['address = ?', address],
    plane === undefined ? null : ['plane = ?', plane],
    user === undefined ? null : ['user = ?', user],
    tag === undefined ? null : ['number IN (SELECT trace FROM trace_tags WHERE tag = ?)', tag],
    tasks === undefined ? null : ['task IN (SELECT value FROM json_each(?))', JSON.stringify(tasks)],
    // Said twice where an index depends on it: of a value nobody knows beforehand that it is none of the usual ones.
    outcome === undefined ? null : [outcome === 'succeeded' ? 'outcome = ?' : "outcome <> 'succeeded' AND outcome = ?", outcome],
    status === undefined ? null : ['status = ?', status],
    id === undefined ? null : ["(instr(request_id, ?) > 0 OR instr(coalesce(job_id, ''), ?) > 0)", id, id],
  ];
}
