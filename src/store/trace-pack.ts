/** Lays traces out as one flat list of values for their way to the store's thread, and makes them again there. */
import type { Term } from '../core/placement.ts';
import type { Attempt, Trace } from '../core/trace.ts';
import type { Usage } from '../core/stream.ts';

/** Members of a trace whose value goes as it is; a new one stands here and in `packTraces`, in the same place. */
export const plain = [
  'requestId', 'jobId', 'principalId', 'address', 'plane', 'dialect', 'task', 'stream', 'taskType', 'requestedModel', 'servedModel', 'backendId', 'nodeId',
  'score', 'instead', 'decisionReason', 'user', 'tags', 'traceparent', 'receivedAt', 'queueMs', 'firstPartMs', 'totalMs', 'usageEstimated', 'rewrites', 'outcome', 'status', 'error',
] as const satisfies readonly (keyof Trace)[];
export const counts = ['promptTokens', 'completionTokens', 'cachedTokens', 'reasoningTokens', 'loadMs', 'promptMs', 'completionMs', 'totalMs'] as const satisfies readonly (keyof Usage)[];
export const tries = ['backendId', 'nodeId', 'model', 'startedAt', 'firstPartMs', 'endedMs', 'error', 'message', 'reaped', 'considered'] as const satisfies readonly (keyof Attempt)[];

type Missing = Exclude<keyof Trace, (typeof plain)[number] | 'usage' | 'attempts'> | Exclude<keyof Usage, (typeof counts)[number]> | Exclude<keyof Attempt, (typeof tries)[number] | 'why'>;
type None<Nothing extends never> = Nothing;
/** Does not compile when a member is left out. */
export type LeftOut = None<Missing>;

/** Runs on the thread that serves requests: written out, which takes a sixth of the time of going through the names. The order is that of the names. */
export function packTraces(traces: readonly Trace[]): unknown[] {
  const values: unknown[] = [];
  for (const trace of traces) {
    const { usage, attempts } = trace;
    values.push(
      trace.requestId, trace.jobId, trace.principalId, trace.address, trace.plane, trace.dialect, trace.task, trace.stream, trace.taskType, trace.requestedModel, trace.servedModel, trace.backendId, trace.nodeId,
      trace.score, trace.instead, trace.decisionReason, trace.user, trace.tags, trace.traceparent, trace.receivedAt, trace.queueMs, trace.firstPartMs, trace.totalMs, trace.usageEstimated, trace.rewrites, trace.outcome, trace.status, trace.error,
    );
    values.push(usage.promptTokens, usage.completionTokens, usage.cachedTokens, usage.reasoningTokens, usage.loadMs, usage.promptMs, usage.completionMs, usage.totalMs, attempts.length);
    for (const attempt of attempts) packAttempt(attempt, values);
  }
  return values;
}

function packAttempt(attempt: Attempt, values: unknown[]): void {
  values.push(attempt.backendId, attempt.nodeId, attempt.model, attempt.startedAt, attempt.firstPartMs, attempt.endedMs, attempt.error, attempt.message, attempt.reaped, attempt.considered, attempt.why.length);
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
