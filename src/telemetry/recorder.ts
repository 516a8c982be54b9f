/** Turns each finished request into one log line and its figures. */
import type { Metrics } from './metrics.ts';
import type { Recorder, RequestLog } from './telemetry.ts';

export function createRecorder(log: RequestLog, metrics: Pick<Metrics, 'observe'>): Recorder {
  return {
    record(trace) {
      try {
        metrics.observe(trace);
        log.request(trace);
      } catch (err) {
        log.error({ err, requestId: trace.requestId }, 'a finished request could not be recorded');
      }
    },
  };
}
