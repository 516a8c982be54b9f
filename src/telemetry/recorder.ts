/** Turns each finished request into one log line, its figures, the tokens it used, and its trace. */
import type { Metrics } from './metrics.ts';
import type { Recorder, RequestLog } from './telemetry.ts';

export function createRecorder(log: RequestLog, metrics: Pick<Metrics, 'observe'>, others: readonly Recorder[]): Recorder {
  return {
    record(trace) {
      try {
        for (const other of others) other.record(trace);
        metrics.observe(trace);
        log.request(trace);
      } catch (err) {
        log.error({ err, requestId: trace.requestId }, 'a finished request could not be recorded');
      }
    },
  };
}
