/** Lays traces out as one flat list of values for their way to the store's thread, and makes them again there. */
import type { Term } from '../core/placement.ts';
import type { Attempt, Trace } from '../core/trace.ts';
import type { Usage } from '../core/stream.ts';

/** Members of a trace whose value goes as it is. */
const plain = [
  'requestId', 'jobId', 'principalId', 'address', 'plane', 'dialect', 'task', 'stream', 'taskType', 'requestedModel', 'servedModel', 'backendId', 'nodeId',
  'score', 'instead', 'decisionReason', 'user', 'tags', 'traceparent', 'receivedAt', 'queueMs', 'firstPartMs', 'totalMs', 'usageEstimated', 'rewrites', 'outcome', 'status', 'error',
] as const satisfies readonly (keyof Trace)[];
const counts = ['promptTokens', 'completionTokens', 'cachedTokens', 'reasoningTokens', 'loadMs', 'promptMs', 'completionMs', 'totalMs'] as const satisfies readonly (keyof Usage)[];
const tries = ['backendId', 'nodeId', 'model', 'startedAt', 'firstPartMs', 'endedMs', 'error', 'message', 'reaped', 'considered'] as const satisfies readonly (keyof Attempt)[];

type Missing = Exclude<keyof Trace, (typeof plain)[number] | 'usage' | 'attempts'> | Exclude<keyof Usage, (typeof counts)[number]> | Exclude<keyof Attempt, (typeof tries)[number] | 'why'>;
type None<Nothing extends never> = Nothing;
/** Does not compile when a member is left out. */
export type LeftOut = None<Missing>;

/** Runs on the thread that serves requests. */
export function packTraces(traces: readonly Trace[]): unknown[] {
  const values: unknown[] = [];
  for (const trace of traces) {
    for (const name of plain) values.push(trace[name]);
    const { usage, attempts } = trace;
    for (const name of counts) values.push(usage[name]);
    values.push(attempts.length);
    for (const attempt of attempts) packAttempt(attempt, values);
  }
  return values;
}

function packAttempt(attempt: Attempt, values: unknown[]): void {
  for (const name of tries) values.push(attempt[name]);
  values.push(attempt.why.length);
  for (const { signal, value, unit } of attempt.why) values.push(signal, value, unit);
}

/** Members that are not known are absent. */
export function unpackTraces(values: readonly unknown[]): Trace[] {
  const traces: Trace[] = [];
  let at = 0;
  const take = (names: readonly string[]): Record<string, unknown> => {
    const taken: Record<string, unknown> = {};
    for (const name of names) {
      const value = values[at];
      at += 1;
      if (value !== undefined) taken[name] = value;
    }
    return taken;
  };
  const several = <Item>(one: () => Item): Item[] => Array.from({ length: Number(values[at++]) }, one);
  // What was packed as these types comes out as them.
  const attempt = (): Attempt => ({ ...take(tries), why: several(() => take(['signal', 'value', 'unit']) as unknown as Term) }) as unknown as Attempt;
  while (at < values.length) traces.push({ ...take(plain), usage: take(counts), attempts: several(attempt) } as unknown as Trace);
  return traces;
}
