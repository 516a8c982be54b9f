/** What an address is: a method, a path, a plane and the function that answers. Types only. */
import type { IncomingHttpHeaders } from 'node:http';
import type { RouterError } from '../core/errors.ts';
import type { Rule } from '../access/access.ts';
import type { Plane, Principal } from '../core/principal.ts';
import type { Reply } from '../pipeline/pipeline.ts';

/** What a body may be where it is not everybody's: never more than what holds for all. */
export interface BodyLimits {
  readonly bytes: number;
  /** How long it may take to arrive. */
  readonly withinMs: number;
}

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
  /** The door the caller came through. */
  readonly plane: Plane;
  /** Counts tokens against the caller's limit; absent: none counts them. */
  readonly spend?: (tokens: number) => void;
  /** Would the caller still be let in now? Absent: nobody is asked who they are. */
  readonly mayStay?: (at: number) => boolean;
  /** Aborted when the caller leaves before the answer is complete. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** This machine's end of the caller's connection. */
  readonly ownEnd: { readonly address: string; readonly port: number };
  readonly reply: Reply;
  /** The whole body. Rejects with `payload_too_large` or `unsupported_media_type`. */
  body(limits?: BodyLimits): Promise<string>;
  /** The whole body of a form with files, one character for each byte. Rejects like `body`. */
  form(): Promise<string>;
  /** The body as it arrives, of any size. Ends with an error when the caller leaves. */
  upload(): AsyncIterable<Uint8Array>;
  /** Answers with JSON (an object) or text (a string). */
  send(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void;
}

/** How errors look at an address: the caller's dialect. */
export type ErrorShape = (error: RouterError, requestId: string) => Readonly<Record<string, unknown>>;

export interface Route {
  readonly method: string;
  /** `:name` matches one segment, a trailing `*name` the rest. */
  readonly path: string;
  /** Only for requests that carry this header; the others go to the route without. */
  readonly header?: string;
  readonly rule: Rule;
  readonly errorShape?: ErrorShape;
  handle(exchange: Exchange): Promise<void> | void;
}
