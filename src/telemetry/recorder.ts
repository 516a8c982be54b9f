/** Turns each finished request into one log line and its figures. */
import type { Trace } from '../core/trace.ts';
import type { Metrics } from './metrics.ts';
import type { Log, Recorder } from './telemetry.ts';

export function createRecorder(log: Log, metrics: Pick<Metrics, 'observe'>): Recorder {
  return {
    record(trace) {
      try {
        metrics.observe(trace);
        if (log.request) log.request(line(trace));
        else log.info(line(trace), 'request');
      } catch (err) {
        log.error({ err, requestId: trace.requestId }, 'a finished request could not be recorded');
      }
    },
  };
}

/** The fixed field set of a request's line; absent fields are unknown. No prompt, no answer, no key. */
function line(trace: Trace): Record<string, string | number | boolean | undefined | null> {
  return {
    id: trace.requestId,
    job: trace.jobId,
    principal: trace.principalId,
    plane: trace.plane,
    dialect: trace.dialect,
    stream: trace.stream,
    task: trace.taskType,
    asked: trace.requestedModel?.slice(0, 200),
    model: trace.servedModel,
    backend: trace.backendId,
    queueMs: rounded(trace.queueMs),
    firstPartMs: rounded(trace.firstPartMs),
    totalMs: rounded(trace.totalMs),
    promptTokens: trace.usage.promptTokens,
    completionTokens: trace.usage.completionTokens,
    attempts: trace.attempts.length,
    outcome: trace.outcome,
    status: trace.status,
    error: trace.error,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}
