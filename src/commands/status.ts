/** `oar status`: what the router is doing now. */
import type { Command } from './command.ts';
import { gpuLine } from './gpu-line.ts';
import { fieldsOf, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';
import { factLines, textTable } from './text-table.ts';

export const command: Command = {
  name: 'status',
  summary: 'show what the router is doing now',
  run: (context, _args, options) => printAnswer(context, { method: 'GET', path: '/v1/router/status', options }, view),
};

function view(body: unknown): string {
  const status = fieldsOf(body) ?? {};
  const queue = fieldsOf(status.queue);
  const facts = factLines([
    ['Router', [textOf(status.service), textOf(status.version)].join(' ').trim()],
    ['Node', textOf(status.nodeId)],
    ['Requests', queue === null ? '' : `${textOf(queue.globalRunning)} running, ${textOf(queue.globalQueued)} waiting`],
    ['GPU', gpuLine(fieldsOf(status.gpu))],
  ]);
  const backends = rowsOf(status.backends).map((row) => [textOf(row.id), textOf(row.kind), [textOf(row.status), textOf(row.problem)].filter((part) => part !== '').join(': '), textOf(row.models), textOf(row.url)]);
  const busy = rowsOf(queue?.byModel).filter((row) => row.queued !== 0 || row.running !== 0);
  const loaded = rowsOf(status.loadedModels).map((row) => [textOf(row.name), textOf(row.backend), textOf(row.size), textOf(row.processor), textOf(row.until)]);
  return [
    facts,
    textTable(['backend', 'kind', 'state', 'models', 'address'], backends, 'No backends.'),
    textTable(['in memory', 'backend', 'size', 'where', 'until'], loaded, 'No model is in memory.'),
    ...(busy.length === 0 ? [] : [textTable(['model', 'running', 'waiting', 'slots'], busy.map((row) => [textOf(row.model), textOf(row.running), textOf(row.queued), textOf(row.concurrency)]), '')]),
  ].join('\n\n');
}
