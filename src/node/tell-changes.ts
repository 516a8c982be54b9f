/** The lines that the agent says to people, once for each thing that changes. */
import type { Gpu } from '../core/fleet.ts';
import type { MachineFacts } from './machine-watch.ts';
import type { ServerState } from './server-watch.ts';
import { serverWord } from './server-word.ts';

const bytesPerGb = 1024 ** 3;

/** `linux x64, AMD EPYC, 8 cores, 31.3 GB; NVIDIA L4 22.5 GB`. */
export function machineLine({ os, arch, chip, cores, memory, gpus }: MachineFacts): string {
  const parts = [[os, arch].filter((word) => word !== undefined).join(' '), chip ?? '', cores === undefined ? '' : `${cores} ${cores === 1 ? 'core' : 'cores'}`, `${(memory.totalBytes / bytesPerGb).toFixed(1)} GB`];
  return [parts.filter((part) => part !== '').join(', '), ...gpus.map(gpuWords)].join('; ');
}

function gpuWords({ name, vendor, vramTotalMb, unified }: Gpu): string {
  const size = vramTotalMb === undefined ? '' : ` ${(vramTotalMb / 1024).toFixed(1)} GB`;
  return `${name ?? `${vendor ?? 'a'} GPU`}${size}${unified === true ? ' (memory shared)' : ''}`;
}

/** Null: nothing that a person would want to read. */
export function serverLine(state: ServerState, before: ServerState, starts: boolean): string | null {
  const { url } = state.server;
  const name = serverWord(state.server);
  if (state.status === 'up' && before.status !== 'up') return `${name} answers at ${url}: ${modelWords(state)}.`;
  if (state.status === 'unknown') return `${name} at ${url} is gone.`;
  if (state.status !== 'down' || before.status === 'down') return null;
  if (before.status === 'up' || state.answers === true) return `${state.problem ?? `${name} does not answer.`} Watching until it does.`;
  return `No ${name} answers at ${url}; watching until one does.${starts || state.server.name !== 'ollama' ? '' : ' Start it with `ollama serve`, or run `oar node --start-ollama`.'}`;
}

function modelWords({ report }: ServerState): string {
  const count = report?.models.length ?? 0;
  const loaded = report?.resident?.length ?? 0;
  return `${count === 0 ? 'no models yet' : `${count} ${count === 1 ? 'model' : 'models'}`}${loaded === 0 ? '' : `, ${loaded} in memory`}`;
}
