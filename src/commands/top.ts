/** `oar top`: the fleet in a terminal, live; in a pipe, as it is now. */
import { systemClock } from '../util/system-clock.ts';
import type { Command, CommandContext, GlobalOptions } from './command.ts';
import { type Fields, fieldsOf } from './loose-json.ts';
import { fleetLines } from './top/fleet-lines.ts';
import { showLive } from './top/live-view.ts';
import { writeLine } from './top/styled-line.ts';

const path = '/dashboard/events';
/** A pipe has no edge. */
const pipeColumns = 200;

export const command: Command = {
  name: 'top',
  summary: 'watch the machines, models and queue of the fleet; q leaves',
  async run(context, _args, options) {
    const screen = options.json === true ? null : context.screen();
    if (screen === null) return printOnce(context, options);
    const isFinal = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'TurnedAway';
    await showLive({ screen, clock: systemClock, watch: (signal) => snapshots(context, options, signal), isFinal });
    return 0;
  },
};

async function printOnce(context: CommandContext, options: GlobalOptions): Promise<number> {
  const end = new AbortController();
  try {
    for await (const snapshot of snapshots(context, options, end.signal)) {
      context.out(options.json === true ? JSON.stringify(snapshot, null, 2) : fleetLines(snapshot, pipeColumns).map((line) => writeLine(line, pipeColumns, false)).join('\n'));
      return 0;
    }
    throw new Error('The router has ended the connection without telling anything.');
  } finally {
    end.abort();
  }
}

async function* snapshots(context: CommandContext, options: GlobalOptions, signal: AbortSignal): AsyncIterable<Fields> {
  for await (const data of context.watch(path, options, signal)) {
    const told = fieldsOf(parsed(data));
    if (told === null || !Array.isArray(told.nodes)) throw new Error('What answers there is no router, or one of another version.');
    yield told;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
