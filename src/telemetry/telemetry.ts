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
