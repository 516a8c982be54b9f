/** What `oar up` prints while it runs: a short line a request, for a person who watches. */
import { type RequestFields, requestFields } from '../telemetry/request-line.ts';
import type { RequestLog } from '../telemetry/telemetry.ts';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** `time` gives the clock time of a line. */
export function friendlyLog(terminal: Terminal, time: () => string): RequestLog {
  return {
    debug() {},
    request: (trace) => terminal.out(`${time()}  ${requestLine(requestFields(trace))}`),
    info(fields, message) {
      if (message.startsWith('backend is')) terminal.out(`${time()}  ${String(fields.backend)}: ${message}`);
    },
    warn: (fields, message) => terminal.err(`${time()}  ${message}${detail(fields)}`),
    error: (fields, message) => terminal.err(`${time()}  ${message}${detail(fields)}`),
    flush: () => Promise.resolve(),
  };
}

function requestLine({ asked, task, model, backend, completionTokens, totalMs, outcome, error }: RequestFields): string {
  const served = model === undefined ? '' : ` → ${model} on ${backend}`;
  const tokens = completionTokens === undefined ? '' : `, ${completionTokens} tokens`;
  const how = outcome === 'succeeded' ? '' : `  ${outcome}${error === undefined ? '' : `: ${error}`}`;
  return `${asked ?? 'auto'}${task === undefined ? '' : ` (${task})`}${served}${tokens}, ${(totalMs / 1000).toFixed(1)} s${how}`;
}

function detail(fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (value instanceof Error) return [value.message];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  });
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}
