/** What `oar up` prints while it runs: a short line a request, for a person who watches. */
import type { Log } from '../telemetry/telemetry.ts';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** `time` gives the clock time of a line. */
export function friendlyLog(terminal: Terminal, time: () => string): Log {
  return {
    debug() {},
    info(fields, message) {
      if (message === 'request') terminal.out(`${time()}  ${requestLine(fields)}`);
      else if (message.startsWith('backend is')) terminal.out(`${time()}  ${String(fields.backend)}: ${message}`);
    },
    warn: (fields, message) => terminal.err(`${time()}  ${message}${detail(fields)}`),
    error: (fields, message) => terminal.err(`${time()}  ${message}${detail(fields)}`),
    flush: () => Promise.resolve(),
  };
}

function requestLine(fields: Readonly<Record<string, unknown>>): string {
  const asked = typeof fields.asked === 'string' ? fields.asked : 'auto';
  const task = typeof fields.task === 'string' ? ` (${fields.task})` : '';
  const served = typeof fields.model === 'string' ? ` → ${fields.model} on ${String(fields.backend)}` : '';
  const tokens = typeof fields.completionTokens === 'number' ? `, ${fields.completionTokens} tokens` : '';
  const seconds = typeof fields.totalMs === 'number' ? `, ${(fields.totalMs / 1000).toFixed(1)} s` : '';
  const how = fields.outcome === 'succeeded' ? '' : `  ${String(fields.outcome)}${typeof fields.error === 'string' ? `: ${fields.error}` : ''}`;
  return `${asked}${task}${served}${tokens}${seconds}${how}`;
}

function detail(fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (value instanceof Error) return [value.message];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  });
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}
