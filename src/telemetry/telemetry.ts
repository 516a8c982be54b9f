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
  /** The line of a finished request: as `info`, but for a fixed set of fields that never hold a secret. */
  request?(fields: Readonly<Record<string, string | number | boolean | undefined | null>>): void;
  flush(): Promise<void>;
}

export interface Recorder {
  /** One finished request. Never throws. */
  record(trace: Trace): void;
}
