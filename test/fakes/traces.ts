/** Traces as the pipeline writes them, with whatever a test cares for. */
import type { Attempt, Trace } from '../../src/core/trace.ts';

export function attemptOn(backendId: string, more: Partial<Attempt> = {}): Attempt {
  return { backendId, nodeId: `${backendId}-box`, model: 'a:1b', startedAt: 1_000.25, firstPartMs: 12.5, endedMs: 90, why: [{ signal: 'wait-time', value: 3, unit: 'ms' }], ...more };
}

/** One that succeeded on backend `east`. */
export function traceOf(requestId: string, more: Partial<Trace> = {}): Trace {
  return {
    requestId, principalId: 'ada', plane: 'standalone', dialect: 'openai-chat', task: 'chat', stream: false, requestedModel: 'a:1b', servedModel: 'a:1b', backendId: 'east', nodeId: 'east-box',
    decisionReason: 'The request names its model.', receivedAt: 1_000, queueMs: 2, firstPartMs: 20, totalMs: 100, usage: { promptTokens: 12, completionTokens: 34 },
    attempts: [attemptOn('east')], rewrites: [], outcome: 'succeeded', status: 200, ...more,
  };
}

/** One that was tried nowhere. */
export function refusedTrace(requestId: string, more: Partial<Trace> = {}): Trace {
  return traceOf(requestId, { servedModel: undefined, backendId: undefined, nodeId: undefined, firstPartMs: undefined, usage: {}, attempts: [], outcome: 'failed', status: 503, error: 'no_capacity', ...more });
}
