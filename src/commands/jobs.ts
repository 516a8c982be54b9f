/** `oar jobs`: the jobs, newest first. */
import type { Command } from './command.ts';
import { fieldsOf, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';
import { textTable } from './text-table.ts';

export const command: Command = {
  name: 'jobs',
  summary: 'list jobs, newest first',
  options: [
    { flags: '--limit <count>', description: 'how many, 50 when left out' },
    { flags: '--before <id>', description: 'go on after this job, the last one of the page before' },
  ],
  run(context, _args, options) {
    const query = new URLSearchParams();
    for (const name of ['limit', 'before']) if (typeof options[name] === 'string') query.set(name, options[name]);
    const search = query.size === 0 ? '' : `?${query}`;
    return printAnswer(context, { method: 'GET', path: `/v1/jobs${search}`, options }, view);
  },
};

function view(body: unknown): string {
  const rows = rowsOf(fieldsOf(body)?.jobs).map((job) => [textOf(job.id), textOf(job.status), textOf(job.task_type), textOf(job.selected_model), textOf(job.attempts), textOf(job.created_at)]);
  return textTable(['job', 'status', 'task', 'model', 'attempts', 'created'], rows, 'No jobs.');
}
