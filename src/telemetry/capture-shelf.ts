/** Keeps what callers said who asked for it: behind the requests, for a time, and no more than so many bytes. */
import type { Clock } from '../core/clock.ts';
import type { Plane } from '../core/principal.ts';
import type { KeyValueStore } from '../store/store.ts';
import type { AnswerText } from './answer-text.ts';
import type { Log } from './telemetry.ts';

/** One request and its answer, without secrets. */
export interface Capture {
  readonly requestId: string;
  readonly principalId: string;
  readonly plane: Plane;
  /** The caller's network address. */
  readonly address: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly dialect: string;
  /** Where it can be sent again. */
  readonly path: string;
  /** Null: it was no JSON, or too long. */
  readonly body: unknown;
  readonly status: number;
  /** Null: it held no text, or was too long. */
  readonly answer: AnswerText | null;
  /** Places of both where something was taken out. */
  readonly redactions: number;
}

export interface ShelfSources {
  readonly store: Pick<KeyValueStore, 'get' | 'put' | 'delete' | 'list'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly retainMs: number;
  readonly maxBytes: number;
}

interface Kept {
  readonly bytes: number;
  readonly expiresAt: number;
}

const prefix = 'capture:';
const idPattern = /^[\w.:-]{1,200}$/;
const pageRows = 1_000;
/** A store that does not keep up must not fill the memory: what is more is not kept. */
const mostPending = 200;

export class CaptureShelf {
  readonly #sources: ShelfSources;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #pending = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(sources: ShelfSources) {
    this.#sources = sources;
  }

  /** Reads what earlier runs left, and lets go of what is more than is to be kept now. */
  async load(): Promise<void> {
    const { store, clock, retainMs } = this.#sources;
    const rows: { readonly key: string; readonly bytes: number; readonly expiresAt: number | null }[] = [];
    for (let before: string | undefined; ; ) {
      const page = await store.list({ prefix, limit: pageRows, headChars: 0, ...(before === undefined ? {} : { before }) });
      rows.push(...page);
      before = page.at(-1)?.key;
      if (page.length < pageRows || before === undefined) break;
    }
    for (const { key, bytes, expiresAt } of rows.reverse()) this.#count(key, { bytes, expiresAt: expiresAt ?? clock.now() + retainMs });
    await this.#trim();
  }

  /** Returns at once; what cannot be kept is told to the log. */
  put(capture: Capture): void {
    if (this.#pending >= mostPending) return;
    this.#pending += 1;
    this.#work = this.#work.then(() => this.#write(capture)).catch((err: unknown) => this.#sources.log.warn({ err, requestId: capture.requestId }, 'a request could not be captured')).finally(() => {
      this.#pending -= 1;
    });
  }

  async get(requestId: string): Promise<Capture | null> {
    if (!idPattern.test(requestId)) return null;
    await this.#work;
    const text = await this.#sources.store.get(prefix + requestId);
    // Only `#write` makes these texts.
    return text === null ? null : (JSON.parse(text) as Capture);
  }

  /** Resolves when all is written. */
  flush(): Promise<void> {
    return this.#work;
  }

  async #write(capture: Capture): Promise<void> {
    const { store, clock, retainMs, maxBytes } = this.#sources;
    const text = JSON.stringify(capture);
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes) return;
    const key = prefix + capture.requestId;
    const expiresAt = clock.now() + retainMs;
    await store.put(key, text, expiresAt);
    this.#count(key, { bytes, expiresAt });
    await this.#trim();
  }

  #count(key: string, kept: Kept): void {
    this.#forget(key);
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }

  /** The oldest go first. */
  async #trim(): Promise<void> {
    const { store, clock, maxBytes } = this.#sources;
    for (const [key, { expiresAt }] of this.#kept) {
      if (this.#bytes <= maxBytes && expiresAt > clock.now()) return;
      await store.delete(key);
      this.#forget(key);
    }
  }
}
