/** Turns each finished request into one log line, its figures and the tokens it used. */
import type { Metrics } from './metrics.ts';
import type { Recorder, RequestLog } from './telemetry.ts';

export function createRecorder(log: RequestLog, metrics: Pick<Metrics, 'observe'>, usage: Recorder): Recorder {
  return {
    record(trace) {
      try {
        usage.record(trace);
        metrics.observe(trace);
        log.request(trace);
      } catch (err) {
        log.error({ err, requestId: trace.requestId }, 'a finished request could not be recorded');
      }
    },
  };
}
