/** Traces from the end of a request to whoever looks at them: written behind, let go in time, shown. */
import type { Audit } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { adminCaptureRoutes, captureRoutes } from '../http/captures.ts';
import type { Route } from '../http/http.ts';
import { adminResponseRoutes, type AnswerShelf } from '../http/responses.ts';
import { adminTraceRoutes, traceRoutes, type TraceSource } from '../http/traces.ts';
import type { Handle } from '../pipeline/pipeline.ts';
import type { Store } from '../store/store.ts';
import type { OtlpExporter } from '../telemetry/otlp-exporter.ts';
import { PlaceFigures } from '../telemetry/place-figures.ts';
import type { Log, Recorder } from '../telemetry/telemetry.ts';
import { TraceWriter } from '../telemetry/trace-writer.ts';
import { createCapturing } from './capturing.ts';
import type { Part } from './lifecycle.ts';
import { TraceTidying } from './tidy-traces.ts';

export interface Tracing extends Part {
  readonly recorders: readonly Recorder[];
  /** How each model does on each backend, as far as this run has seen. */
  readonly places: PlaceFigures;
  readonly source: TraceSource;
  readonly routes: readonly Route[];
  /** Keeps what is said by those who ask for it. */
  capture(handle: Handle): Handle;
  /** For a router that asks for keys. */
  adminRoutes(answers: AnswerShelf, audit: Audit, isKey: (id: string) => boolean): readonly Route[];
}

export interface TracingSources {
  readonly clock: Clock;
  readonly store: Pick<Store, 'traces' | 'kv'>;
  readonly log: Log;
  readonly settings: Pick<Config['telemetry'], 'traces' | 'capture'>;
  /** Null: no collector is told. */
  readonly spans: OtlpExporter | null;
}

/** Starts after the store, and stops before it. */
export function createTracing({ clock, store, log, settings, spans }: TracingSources): Tracing {
  const recorder = new TraceWriter({ clock, store: store.traces, log });
  const places = new PlaceFigures(clock);
  const tidying = new TraceTidying(clock, store, log, settings.traces);
  const capturing = createCapturing(settings.capture, { clock, store, log });
  const { reader } = capturing;
  const source: TraceSource = { clock, store: store.traces, flush: () => recorder.flush() };
  return {
    name: 'traces',
    recorders: spans === null ? [recorder, places] : [recorder, places, spans],
    places,
    source,
    routes: [...traceRoutes({ ...source, captures: reader }), ...captureRoutes(reader)],
    capture: capturing.wrap,
    adminRoutes: (answers, audit, isKey) => [...adminTraceRoutes(source, audit), ...adminCaptureRoutes({ reader, keys: capturing.keys, isKey }, audit), ...adminResponseRoutes(answers, audit)],
    start() {
      tidying.start();
      return capturing.start();
    },
    async stop() {
      tidying.stop();
      await Promise.all([recorder.stop(), spans?.stop(), capturing.stop()]);
    },
  };
}
