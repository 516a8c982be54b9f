/** Traces from the end of a request to whoever looks at them: written behind, let go in time, shown. */
import type { Audit } from '../access/access.ts';
import type { Clock } from '../core/clock.ts';
import type { Route } from '../http/http.ts';
import { adminResponseRoutes, type AnswerShelf } from '../http/responses.ts';
import { adminTraceRoutes, traceRoutes, type TraceSource } from '../http/traces.ts';
import type { Store } from '../store/store.ts';
import type { OtlpExporter } from '../telemetry/otlp-exporter.ts';
import { PlaceFigures } from '../telemetry/place-figures.ts';
import type { Log, Recorder } from '../telemetry/telemetry.ts';
import { TraceWriter } from '../telemetry/trace-writer.ts';
import type { Part } from './lifecycle.ts';
import { type TraceRetention, TraceTidying } from './tidy-traces.ts';

export interface Tracing extends Part {
  readonly recorders: readonly Recorder[];
  /** How each model does on each backend, as far as this run has seen. */
  readonly places: PlaceFigures;
  readonly source: TraceSource;
  readonly routes: readonly Route[];
  /** For a router that asks for keys. */
  adminRoutes(answers: AnswerShelf, audit: Audit): readonly Route[];
}

/** Starts after the store, and stops before it. `spans` null: no collector is told. */
export function createTracing({ clock, store, log, retention, spans }: { readonly clock: Clock; readonly store: Pick<Store, 'traces'>; readonly log: Log; readonly retention: TraceRetention; readonly spans: OtlpExporter | null }): Tracing {
  const recorder = new TraceWriter({ clock, store: store.traces, log });
  const places = new PlaceFigures(clock);
  const tidying = new TraceTidying(clock, store, log, retention);
  const source: TraceSource = { clock, store: store.traces, flush: () => recorder.flush() };
  return {
    name: 'traces',
    recorders: spans === null ? [recorder, places] : [recorder, places, spans],
    places,
    source,
    routes: traceRoutes(source),
    adminRoutes: (answers, audit) => [...adminTraceRoutes(source, audit), ...adminResponseRoutes(answers, audit)],
    start: () => tidying.start(),
    async stop() {
      tidying.stop();
      await Promise.all([recorder.stop(), spans?.stop()]);
    },
  };
}
