/** What an address is: a method, a path, a plane and the function that answers. Types only. */
import type { IncomingHttpHeaders } from 'node:http';
import type { RouterError } from '../core/errors.ts';
import type { Plane, Principal } from '../core/principal.ts';
import type { Reply } from '../pipeline/pipeline.ts';

/** One request on its way through an address. */
export interface Exchange {
  readonly method: string;
  /** Below the base path, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  readonly principal: Principal;
  /** Aborted when the caller leaves before the answer is complete. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly reply: Reply;
  /** The whole body. Rejects with `payload_too_large` or `unsupported_media_type`. */
  body(): Promise<string>;
  /** Answers with JSON (an object) or text (a string). */
  send(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
}

/** How errors look at an address: the caller's dialect. */
export type ErrorShape = (error: RouterError, requestId: string) => Readonly<Record<string, unknown>>;

export interface Route {
  readonly method: string;
  /** `:name` matches one segment, a trailing `*name` the rest. */
  readonly path: string;
  /** `open` needs no key whatever the configuration says. */
  readonly plane: Plane | 'open';
  readonly errorShape?: ErrorShape;
  handle(exchange: Exchange): Promise<void> | void;
}
