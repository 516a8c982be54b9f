/** Fetches one file of known size over HTTP, with a limit on every wait. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { RouterError } from '../../core/errors.ts';
import { orAbort } from './or-abort.ts';

export interface DownloadOptions {
  readonly fetchImpl: typeof fetch;
  /** From the call to the first byte of the body. */
  readonly firstByteMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  readonly totalMs: number;
  readonly sizeBytes: number;
  readonly onBytes: (doneBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Writes the body of `url` to `target`. Rejects with `backend_timeout`, `backend_unreachable` or `backend_protocol` (a wrong status or size), or the signal's reason. */
export async function downloadFile(url: string, target: string, options: DownloadOptions): Promise<void> {
  const watch = new Watch(options.totalMs);
  watch.expect(options.firstByteMs, `gave no first byte within ${options.firstByteMs / 1000} s`);
  const signal = AbortSignal.any([options.signal, watch.signal]);
  try {
    // Not every fetch heeds its signal while it looks a name up, so the wait itself is bounded too.
    const response = await orAbort(options.fetchImpl(url, { signal, redirect: 'follow' }), signal);
    checkHead(response, options.sizeBytes);
    await writeBody(response, target, options, watch, signal);
  } catch (cause) {
    if (options.signal.aborted) throw options.signal.reason;
    if (watch.signal.aborted) throw watch.signal.reason;
    if (cause instanceof RouterError) throw cause;
    throw new RouterError('backend_unreachable', reasonOf(cause), { cause });
  } finally {
    watch.stop();
  }
}

async function writeBody(response: Response, target: string, options: DownloadOptions, watch: Watch, signal: AbortSignal): Promise<void> {
  if (!response.body) throw new RouterError('backend_protocol', 'sent no body');
  const reader = response.body.getReader();
  const file = createWriteStream(target);
  const written = finished(file);
  written.catch(() => undefined);
  let done = 0;
  try {
    for (let piece = await orAbort(reader.read(), signal); !piece.done; piece = await orAbort(reader.read(), signal)) {
      watch.expect(options.idleMs, `sent nothing for ${options.idleMs / 1000} s after ${done} bytes`);
      done += piece.value.length;
      if (done > options.sizeBytes) throw new RouterError('backend_protocol', `sent more than the ${options.sizeBytes} bytes of the file`);
      if (!file.write(piece.value)) await Promise.race([written, new Promise<void>((resolve) => file.once('drain', resolve))]);
      options.onBytes(done);
    }
    file.end();
    await written;
    if (done !== options.sizeBytes) throw new RouterError('backend_protocol', `sent ${done} of ${options.sizeBytes} bytes`);
  } finally {
    file.destroy();
    await reader.cancel().catch(() => undefined);
  }
}

function checkHead(response: Response, sizeBytes: number): void {
  if (!response.ok) throw new RouterError('backend_protocol', `answered with status ${response.status}`);
  const declared = response.headers.get('content-length');
  if (declared !== null && response.headers.get('content-encoding') === null && Number(declared) !== sizeBytes) {
    throw new RouterError('backend_protocol', `offers a file of ${declared} bytes instead of ${sizeBytes}`);
  }
}

/** Aborts when what was expected did not happen in time; each `expect` replaces the one before. */
class Watch {
  readonly #controller = new AbortController();
  readonly #total: NodeJS.Timeout;
  #next: NodeJS.Timeout | undefined;

  constructor(totalMs: number) {
    this.#total = setTimeout(() => this.#abort(`took longer than ${totalMs / 1000} s`), totalMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  expect(withinMs: number, otherwise: string): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.#abort(otherwise), withinMs);
  }

  stop(): void {
    clearTimeout(this.#next);
    clearTimeout(this.#total);
  }

  #abort(message: string): void {
    this.#controller.abort(new RouterError('backend_timeout', message));
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error && thrown.cause.message !== '' ? thrown.cause.message : thrown.message;
}
