/** `oar traces`: the requests that ended, newest first. */
import type { Command } from './command.ts';
import { timeOf } from './explain-view.ts';
import { fieldsOf, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';
import { textTable } from './text-table.ts';

const filters = ['limit', 'before', 'model', 'node', 'backend', 'tag', 'user', 'status', 'hours'] as const;

export const command: Command = {
  name: 'traces',
  summary: 'list requests that ended, newest first; your own, or everybody\'s with --all',
  options: [
    { flags: '--all', description: "everybody's, for keys that may read the fleet" },
    { flags: '--limit <count>', description: 'how many, 50 when left out' },
    { flags: '--before <cursor>', description: 'go on where a page ended: the `next` of its JSON' },
    { flags: '--model <name>', description: 'only of this model' },
    { flags: '--node <id>', description: 'only on this machine' },
    { flags: '--backend <id>', description: 'only on this backend' },
    { flags: '--tag <tag>', description: 'only with this tag' },
    { flags: '--user <name>', description: 'only of this user' },
    { flags: '--status <status>', description: 'completed, failed, client_disconnected, incomplete, accepted, or a number such as 503' },
    { flags: '--hours <count>', description: 'only of the last hours' },
  ],
  run(context, _args, options) {
    const query = new URLSearchParams();
    for (const name of filters) if (typeof options[name] === 'string') query.set(name, options[name]);
    const path = options['all'] === true ? '/dashboard/api/traces' : '/v1/router/traces';
    return printAnswer(context, { method: 'GET', path: `${path}${query.size === 0 ? '' : `?${query}`}`, options }, view);
  },
};

function view(body: unknown): string {
  const rows = rowsOf(fieldsOf(body)?.traces).map((row) => [textOf(row.request_id), timeOf(row.timestamp), textOf(row.status), textOf(row.model), textOf(row.backend), textOf(row.queue_ms), textOf(row.time_to_first_token_ms), textOf(row.latency_ms), textOf(row.prompt_tokens), textOf(row.completion_tokens)]);
  return textTable(['request', 'when', 'status', 'model', 'backend', 'waited ms', 'first ms', 'total ms', 'in', 'out'], rows, 'No requests.');
}
