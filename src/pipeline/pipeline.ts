/** What the pipeline offers: one function that takes a request from bytes to bytes. Types only. */
import type { Job } from '../core/job.ts';
import type { Plane, Principal } from '../core/principal.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';

/** Where an answer goes: a socket, or a job's result. */
export interface Reply {
  readonly headSent: boolean;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Resolves when more may be written; undefined when at once. */
  write(bytes: string | Uint8Array): Promise<void> | undefined;
  end(bytes?: string | Uint8Array): void;
  /** Breaks the connection off, so that what was sent cannot look complete. */
  destroy(): void;
}

export interface InferenceCall {
  readonly requestId: string;
  readonly dialect: InferenceDialect;
  readonly body: string;
  readonly plane: Plane;
  readonly principal: Principal;
  /** Aborted when the caller leaves or the job is cancelled. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** `X-OAR-Backend` of the request: that backend or 503 (ruling 9). */
  readonly wantedBackend?: string;
  /** Set when a job is run: never a 202, waits without a deadline, reports its start. */
  readonly job?: { readonly record: Job; readonly started: () => Promise<boolean> };
}

/** Never rejects: every failure is written to the reply, in the caller's dialect. */
export type Handle = (call: InferenceCall, reply: Reply) => Promise<void>;
