/** Lays traces out as one flat list of values for their way to the store's thread, and makes them again there. */
import type { Attempt, Trace } from '../core/trace.ts';

/** Runs on the thread that serves requests: written out, which takes a sixth of the time of going through the names. `Packed` takes in the same order. */
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

/** One at a time: what was made of one is garbage before the next is made. Members that are not known are undefined: so all are of one shape, which is quick to make and to write. */
export function* unpackTraces(values: readonly unknown[]): Generator<Trace> {
  const packed = new Packed(values);
  while (packed.isLeft()) yield packed.trace();
}

/** Takes the values in the order in which they were packed; what was packed as the types of a trace comes out as them. */
class Packed {
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  isLeft(): boolean {
    return this.#at < this.#values.length;
  }

  trace(): Trace {
    return {
      requestId: this.#next(), jobId: this.#next(), principalId: this.#next(), address: this.#next(), plane: this.#next(), dialect: this.#next(), task: this.#next(), stream: this.#next(), taskType: this.#next(), requestedModel: this.#next(), servedModel: this.#next(), backendId: this.#next(), nodeId: this.#next(),
      score: this.#next(), instead: this.#next(), decisionReason: this.#next(), user: this.#next(), tags: this.#next(), traceparent: this.#next(), receivedAt: this.#next(), queueMs: this.#next(), firstPartMs: this.#next(), totalMs: this.#next(), usageEstimated: this.#next(), rewrites: this.#next(), outcome: this.#next(), status: this.#next(), error: this.#next(),
      usage: { promptTokens: this.#next(), completionTokens: this.#next(), cachedTokens: this.#next(), reasoningTokens: this.#next(), loadMs: this.#next(), promptMs: this.#next(), completionMs: this.#next(), totalMs: this.#next() },
      attempts: this.#several(() => this.#attempt()),
    };
  }

  #attempt(): Attempt {
    return {
      backendId: this.#next(), nodeId: this.#next(), model: this.#next(), startedAt: this.#next(), firstPartMs: this.#next(), endedMs: this.#next(), error: this.#next(), message: this.#next(), reaped: this.#next(), considered: this.#next(),
      why: this.#several(() => ({ signal: this.#next(), value: this.#next(), unit: this.#next() })),
    };
  }

  #next(): never {
    const value = this.#values[this.#at];
    this.#at += 1;
    return value as never;
  }

  #several<Item>(one: () => Item): Item[] {
    const count: number = this.#next();
    const items: Item[] = [];
    for (let left = count; left > 0; left -= 1) items.push(one());
    return items;
  }
}
