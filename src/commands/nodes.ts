/** `oar nodes`: shows the machines of the fleet, lets them in, and says how much of them may be used. */
import { systemClock } from '../util/system-clock.ts';
import type { Command, CommandContext, GlobalOptions } from './command.ts';
import { fieldsOf, type Fields, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';
import { textTable } from './text-table.ts';
import { spanOf } from './time-span.ts';

type Options = GlobalOptions & Readonly<Record<string, unknown>>;

const actions = ['list', 'approve', 'drain', 'undrain', 'remove', 'token', 'capacity'] as const;
type Action = (typeof actions)[number];

export const command: Command = {
  name: 'nodes',
  summary: 'show the machines of the fleet, let them in, drain or remove them',
  args: [
    { name: '[action]', description: 'list, approve, drain, undrain, remove, token or capacity; list when left out' },
    { name: '[id]', description: 'the machine' },
    { name: '[mode]', description: 'for capacity: full, paused or auto' },
  ],
  options: [{ flags: '--for <time>', description: 'how long the capacity holds: 30m, 2h, 1d; until it is changed when left out' }],
  async run(context, [action = 'list', id, mode], options) {
    const known = actions.find((one) => one === action);
    if (known === undefined) throw new Error(`oar nodes takes ${actions.join(', ')}, not ${textOf(action)}.`);
    return perform(context, known, id, mode, options);
  },
};

function perform(context: CommandContext, action: Action, id: string | undefined, mode: string | undefined, options: Options): Promise<number> {
  switch (action) {
    case 'list':
      return printAnswer(context, { method: 'GET', path: '/fleet/nodes', options }, listView);
    case 'token':
      return printAnswer(context, { method: 'POST', path: '/fleet/join-token', options }, tokenView);
    case 'capacity':
      return printAnswer(context, { method: 'POST', path: nodePath(id, action), options, send: capacityOf(mode, options) }, () => `${textOf(id)} is told with its next report.`);
    case 'approve':
    case 'drain':
    case 'undrain':
    case 'remove':
      return printAnswer(context, { method: 'POST', path: nodePath(id, action), options }, () => done[action](textOf(id)));
    default:
      return action satisfies never;
  }
}

const done = {
  approve: (id: string) => `${id} belongs to the fleet and gets work.`,
  drain: (id: string) => `${id} takes no new work; what runs there ends. \`oar nodes undrain ${id}\` takes that back.`,
  undrain: (id: string) => `${id} takes work again.`,
  remove: (id: string) => `${id} is removed. If its agent still runs it asks to join again.`,
} as const;

function nodePath(id: string | undefined, action: Action): string {
  if (id === undefined) throw new Error(`Which machine? Write: oar nodes ${action} <id>. \`oar nodes\` shows them.`);
  return `/fleet/nodes/${encodeURIComponent(id)}/${action}`;
}

function capacityOf(mode: string | undefined, options: Options): Readonly<Record<string, unknown>> {
  if (mode !== 'full' && mode !== 'paused' && mode !== 'auto') throw new Error('How much of it? Write: oar nodes capacity <id> full, paused or auto.');
  const forMs = spanOf(options['for']);
  return forMs === null ? { mode } : { mode, until: systemClock.now() + forMs };
}

function tokenView(body: unknown): string {
  const token = textOf(fieldsOf(body)?.token);
  return `The join token, shown this once; the one before is no longer valid. On each other machine:\n\n  oar node --join ${token}\n`;
}

function listView(body: unknown): string {
  const nodes = rowsOf(fieldsOf(body)?.nodes);
  const rows = nodes.map((node) => {
    const report = fieldsOf(node.report);
    return [textOf(node.id), statusOf(node), textOf(node.address) || textOf(node.source), memoryOf(report), textOf(fieldsOf(report?.capacity)?.mode), serversOf(node)];
  });
  const waiting = nodes.filter((node) => node.status === 'waiting').map((node) => textOf(node.id));
  return [
    textTable(['machine', 'state', 'address', 'memory free', 'capacity', 'servers'], rows, 'No machines.'),
    ...(waiting.length === 0 ? [] : ['', `Waiting for you: ${waiting.map((id) => `oar nodes approve ${id}`).join(', ')}`]),
  ].join('\n');
}

function statusOf(node: Fields): string {
  return node.draining === true ? `${textOf(node.status)}, draining` : textOf(node.status);
}

function memoryOf(report: Fields | null): string {
  const memory = fieldsOf(report?.memory);
  const gigabytes = (value: unknown): string => (typeof value === 'number' ? (value / 1024 ** 3).toFixed(1) : '?');
  return memory === null ? '' : `${gigabytes(memory.availableBytes)} of ${gigabytes(memory.totalBytes)} GB`;
}

function serversOf(node: Fields): string {
  return rowsOf(node.backends).map((backend) => (backend.status === 'up' ? textOf(backend.id) : `${textOf(backend.id)} (${textOf(backend.status)})`)).join(', ');
}
