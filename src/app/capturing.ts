/** Keeps what the callers say whose keys were put on the list for it, in the file or since; of nobody else a word. */
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { belongsTo, ownerOf } from '../core/principal.ts';
import type { RouterError } from '../core/errors.ts';
import type { CaptureReader, CaptureSwitches } from '../http/captures.ts';
import { isLoopback } from '../http/loopback.ts';
import type { Handle, InferenceCall, Reply } from '../pipeline/pipeline.ts';
import type { Store } from '../store/store.ts';
import { answerText } from '../telemetry/answer-text.ts';
import { CaptureKeys } from '../telemetry/capture-keys.ts';
import { CaptureShelf } from '../telemetry/capture-shelf.ts';
import { createRedactor, type Redactor } from '../telemetry/redact.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { joinText } from '../util/join-bytes.ts';
import type { Part } from './lifecycle.ts';

export interface Capturing extends Part {
  /** The same for all whose keys did not opt in. */
  wrap(handle: Handle): Handle;
  readonly reader: CaptureReader;
  /** Whose requests are kept, changed while the router runs. */
  readonly keys: CaptureSwitches;
}

const dayMs = 86_400_000;
/** Longer requests and longer answers are not kept. */
const longest = 2_000_000;
const accepted = 202;

/** Starts after the store, and stops before it. */
export function createCapturing(settings: Config['telemetry']['capture'], { clock, store, log }: { readonly clock: Clock; readonly store: Pick<Store, 'kv'>; readonly log: Log }): Capturing {
  const keys = new CaptureKeys(store.kv, settings.keys);
  const shelf = new CaptureShelf({ store: store.kv, clock, log, retainMs: settings.retainDays * dayMs, maxBytes: settings.maxBytes });
  const redactor = createRedactor(settings.redact);
  return {
    name: 'captures',
    keys,
    wrap: (handle) => (call, reply) => (keys.has(call.principal.id) ? captured(handle, call, reply, shelf, redactor, log) : handle(call, reply)),
    reader: {
      get: (id) => shelf.get(id),
      mayRead: (capture, { principal, plane }) => {
        if (principal.kind === 'anonymous') return capture.principalId === principal.id && (isLoopback(principal.address) || principal.address === capture.address);
        return belongsTo(capture, ownerOf(principal, plane));
      },
    },
    async start() {
      await Promise.all([keys.load(), shelf.load()]);
    },
    stop: () => shelf.flush(),
  };
}

async function captured(handle: Handle, call: InferenceCall, reply: Reply, shelf: CaptureShelf, redactor: Redactor, log: Log): Promise<void> {
  const copy = new CopiedReply(reply);
  try {
    await handle(call, copy);
  } finally {
    // What became a job is kept when it runs.
    if (copy.status !== accepted) keepOrTell(call, copy, shelf, redactor, log);
  }
}

function keepOrTell(call: InferenceCall, copy: CopiedReply, shelf: CaptureShelf, redactor: Redactor, log: Log): void {
  try {
    keep(call, copy, shelf, redactor);
  } catch (err) {
    log.warn({ err, requestId: call.requestId }, 'a request could not be captured');
  }
}

function keep(call: InferenceCall, copy: CopiedReply, shelf: CaptureShelf, redactor: Redactor): void {
  const body = redactor.json(jsonIn(call));
  const said = answerText(copy.text());
  const answer = redactor.json(said);
  const { principal, plane, requestId, receivedAt: at, dialect } = call;
  shelf.put({
    requestId, at, plane,
    principalId: principal.id,
    address: principal.address,
    dialect: dialect.id,
    path: dialect.routes[0]?.path ?? '',
    body: body.value,
    status: copy.status,
    // The redactor changes texts alone.
    answer: answer.value as typeof said,
    redactions: body.count + answer.count,
  });
}

function jsonIn({ body, dialect }: InferenceCall): unknown {
  if (dialect.takesForms === true || body.length > longest) return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

/** Passes everything on, and remembers it up to a length. */
class CopiedReply implements Reply {
  readonly #reply: Reply;
  #pieces: (string | Uint8Array)[] = [];
  #length = 0;
  status = 0;

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  get headSent(): boolean {
    return this.#reply.headSent;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.status = status;
    this.#reply.head(status, headers);
  }

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    this.#take(bytes);
    return this.#reply.write(bytes);
  }

  end(bytes?: string | Uint8Array): void {
    if (bytes !== undefined) this.#take(bytes);
    this.#reply.end(bytes);
  }

  destroy(): void {
    this.#reply.destroy();
  }

  failed(error: RouterError): void {
    this.#reply.failed?.(error);
  }

  text(): string {
    return this.#length > longest ? '' : joinText(this.#pieces);
  }

  #take(bytes: string | Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length <= longest) this.#pieces.push(bytes);
    else this.#pieces = [];
  }
}
