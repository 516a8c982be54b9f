/** What telemetry takes in: log lines, one trace per request, figures. Types only. */
import type { Trace } from '../core/trace.ts';

/** Structured logging; fields named like secrets are redacted by path, prompts are never passed in. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** An operator should look. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** We broke a promise. */
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  flush(): Promise<void>;
}

/** A log that also takes finished requests. */
export interface RequestLog extends Log {
  /** Its line has a fixed set of fields, none of which holds a secret. */
  request(trace: Trace): void;
}

export interface Recorder {
  /** One finished request. Never throws. */
  record(trace: Trace): void;
}

/** Counts the tokens that one model on one backend sends, while they pass. */
export interface TokenMeter {
  passed(tokens: number): void;
}

/** What the live view of the fleet is told by requests while they run. */
export interface PlaceWatch {
  meter(backendId: string, model: string): TokenMeter;
  /** A request began where its model is not in memory. What it returns is called when that has ended: `true` once the model is there. */
  loading(backendId: string, model: string): (loaded: boolean) => void;
}

/** How one model did on one backend since the router started. */
export interface PlaceFigure {
  readonly completed: number;
  readonly failed: number;
  /** Of the failed ones, those that the router ended since the backend fell silent. */
  readonly reaped: number;
  /** Of completed requests, from their start there to their end. */
  readonly totalMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Requests whose backend said how long it loaded, and those that had to wait for it. */
  readonly loadsTold: number;
  readonly coldLoads: number;
  /** Requests whose backend said how much of the prompt it had read before, their prompt tokens, and those it had read. */
  readonly cacheTold: number;
  readonly cachePrompt: number;
  readonly cacheHits: number;
}
