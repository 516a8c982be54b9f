/** One job for people. Pure. */
import { fieldsOf, textOf } from './loose-json.ts';
import { factLines } from './text-table.ts';

/** The address of a job. */
export function jobPath(id: string | undefined): string {
  return `/v1/jobs/${segmentOf(id)}`;
}

/** An id as a part of an address; whatever it holds, it stays one segment. */
export function segmentOf(id: string | undefined): string {
  // `.` and `..` survive encoding, and would be read as folders.
  return encodeURIComponent(id ?? '').replace(/^\.{1,2}$/, (dots) => dots.replaceAll('.', '%2E'));
}

export function jobView(body: unknown): string {
  const job = fieldsOf(body) ?? {};
  return factLines([
    ['Job', textOf(job.id)],
    ['Status', textOf(job.status)],
    ['Task', textOf(job.task_type)],
    ['Model', textOf(job.selected_model)],
    ['Attempts', textOf(job.attempts)],
    ['Created', textOf(job.created_at)],
    ['Started', textOf(job.started_at)],
    ['Finished', textOf(job.finished_at)],
    ['Kept until', textOf(job.expires_at)],
    ['Error', errorOf(job.error_json)],
  ]);
}

function errorOf(written: unknown): string {
  if (typeof written !== 'string') return '';
  try {
    return textOf(fieldsOf(JSON.parse(written))?.message) || textOf(written);
  } catch {
    return textOf(written);
  }
}
