/** Manages the models of Ollama backends: decides where an operation goes, runs it there, and tells how it went on each. */
import type { UpstreamAnswer } from '../backends/backend.ts';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { ModelAnswer, ModelOperations, ModelRequest, ModelTargets } from './fleet.ts';
import { BlobPlaces } from './model-blobs.ts';
import { callModel, failedAnswer, jsonType, type ModelBackend, readWhole, type Result, type WholeAnswer } from './model-calls.ts';
import { anyPlace, blobPlace, type Places, placesFor } from './model-places.ts';
import { interleaved, namedProgress, type ProgressEnd, relayProgress } from './model-progress.ts';
import { RecentModels } from './model-recent.ts';
import { reportOf } from './model-results.ts';
import type { ModelChange } from './registry.ts';
import { within } from '../util/time-limit.ts';

export interface ModelParts {
  readonly view: () => FleetView;
  /** Asks for an early probe. */
  readonly changed: (backendId: string, change: ModelChange) => void;
  readonly backend: (backendId: string) => ModelBackend | undefined;
  readonly localNodeId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long backends are asked for files that no upload through this router is known of. */
const askMs = 3000;
const linesType = 'application/x-ndjson';

export function createModelOperations(parts: ModelParts): ModelOperations {
  return new OllamaModels(parts);
}

class OllamaModels implements ModelOperations {
  readonly #parts: ModelParts;
  readonly #blobs: BlobPlaces;
  readonly #recent: RecentModels;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.#blobs = new BlobPlaces(parts.clock);
    this.#recent = new RecentModels(parts.clock);
  }

  async run(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> {
    const { view, localNodeId } = this.#parts;
    const blobHolders = request.blobs.length === 0 ? new Set<string>() : await this.#holdersOf(request.blobs, signal);
    const places = placesFor(request, view(), { localNodeId, blobHolders, justGot: (id, model) => this.#recent.has(id, model) });
    const backends = places.backendIds.map((id) => this.#backend(id));
    const [only] = backends;
    const answer = await (backends.length === 1 && only !== undefined ? this.#one(only, request, signal) : this.#several(backends, request, signal));
    return { ...answer, ...places };
  }

  async findBlob(digest: string, targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer> {
    const { backend, places } = this.#blobPlace(targets);
    const status = await statusOfBlob(backend, digest, signal);
    if (status === 200) this.#blobs.holds(backend.id, digest);
    return { status, contentType: jsonType, body: nothing, ...places };
  }

  async storeBlob(digest: string, upload: AsyncIterable<Uint8Array>, targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer> {
    const { backend, places } = this.#blobPlace(targets);
    const sent = await backend.send({ method: 'POST', path: `/api/blobs/${digest}`, body: upload, contentType: 'application/octet-stream', unlimited: true, anyStatus: true }, signal);
    const { error, ...answer } = await readWhole(backend.id, sent);
    if (error === null) this.#blobs.holds(backend.id, digest);
    return { ...answer, ...places };
  }

  async account(targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer> {
    const places = anyPlace(targets, this.#parts.view());
    const backend = this.#backend(places.backendIds[0] ?? '');
    const { error: _, ...answer } = await readWhole(backend.id, await backend.send({ method: 'POST', path: '/api/me', body: null, anyStatus: true }, signal));
    return { ...answer, ...places };
  }

  #blobPlace(targets: ModelTargets): { readonly backend: ModelBackend; readonly places: Places } {
    const places = blobPlace(targets, this.#parts.view(), this.#parts.localNodeId, this.#blobs.last);
    const [backendId = ''] = places.backendIds;
    this.#blobs.uploadsTo(backendId);
    return { backend: this.#backend(backendId), places };
  }

  /** Whoever is known to hold all; when nobody is, everybody is asked. */
  async #holdersOf(digests: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const known = this.#blobs.holdersOf(digests);
    if (known.size > 0) return known;
    const reachable = this.#parts.view().backends.filter((backend) => backend.kind === 'ollama' && backend.status !== 'down');
    await within(this.#parts.clock, askMs, signal, (either) =>
      Promise.all(reachable.flatMap(({ id }) => digests.map(async (digest) => {
        if ((await statusOfBlob(this.#backend(id), digest, either).catch(() => 404)) === 200) this.#blobs.holds(id, digest);
      }))),
    );
    return this.#blobs.holdersOf(digests);
  }

  #backend(id: string): ModelBackend {
    const found = this.#parts.backend(id);
    if (found === undefined) throw new RouterError('internal', `There is no way to reach backend ${id}.`);
    return found;
  }

  /** The backend's own answer, byte for byte. */
  async #one(backend: ModelBackend, request: ModelRequest, signal: AbortSignal): Promise<Omit<ModelAnswer, keyof Places>> {
    const over = (end: ProgressEnd): void => this.#over(request, [{ backend: backend.id, ...resultOf(end) }]);
    const answer = await callModel(backend, request.action, request.body, signal);
    if (isProgress(answer, request)) {
      const first = await answer.body.read();
      if (first === null) throw new RouterError('backend_protocol', `Backend ${backend.id} ended without a word.`, { backend: backend.id });
      return { status: answer.status, contentType: answer.contentType || linesType, body: relayProgress(backend.id, answer, first, over) };
    }
    const { error, ...whole } = await readWhole(backend.id, answer);
    over(error === null ? { ok: true } : { ok: false, error });
    return whole;
  }

  async #several(backends: readonly ModelBackend[], request: ModelRequest, signal: AbortSignal): Promise<Omit<ModelAnswer, keyof Places>> {
    const work = new SharedWork(backends, request, signal);
    const lines = work.lines();
    const first = await lines.next();
    const finish = (): ReturnType<typeof reportOf> => {
      this.#over(request, work.results);
      return work.report();
    };
    if (first.done === true) {
      const { status, body } = finish();
      return { status, contentType: jsonType, body: Buffer.from(JSON.stringify(body)) };
    }
    return { status: 200, contentType: linesType, body: withReport(first.value, lines, () => finish().body) };
  }

  #over(request: ModelRequest, results: readonly Result[]): void {
    const { action, model, destination = model } = request;
    for (const { backend, status } of results) {
      if (status === 'failed' || action === 'push') continue;
      if (action === 'delete') this.#recent.lost(backend, model);
      else this.#recent.got(backend, action === 'copy' ? destination : model);
      this.#parts.changed(backend, action === 'delete' ? { lost: model } : action === 'copy' ? { got: destination, like: model } : { got: model });
    }
    this.#parts.log.info({ action, model, results }, 'models managed');
  }
}

/** One operation under way on several backends at once. */
class SharedWork {
  readonly #outcomes = new Map<string, { readonly result: Result; readonly status: number }>();
  readonly #backends: readonly ModelBackend[];
  readonly #request: ModelRequest;
  readonly #signal: AbortSignal;

  constructor(backends: readonly ModelBackend[], request: ModelRequest, signal: AbortSignal) {
    this.#backends = backends;
    this.#request = request;
    this.#signal = signal;
  }

  /** In the order of the backends. */
  get results(): readonly Result[] {
    return this.#backends.flatMap(({ id }) => this.#outcomes.get(id)?.result ?? []);
  }

  report(): ReturnType<typeof reportOf> {
    const failed = [...this.#outcomes.values()].filter(({ result }) => result.status === 'failed');
    return reportOf(this.#request.action, this.results, failed.map(({ status }) => status));
  }

  /** Progress of all. What fails before there was any is in the results alone, so that a failure of all can still be a status. */
  lines(): AsyncGenerator<string> {
    return interleaved(this.#backends.map((backend) => this.#linesOf(backend)));
  }

  async *#linesOf(backend: ModelBackend): AsyncGenerator<string> {
    const over = (end: ProgressEnd, status: number): void => void this.#outcomes.set(backend.id, { result: { backend: backend.id, ...resultOf(end) }, status });
    let whole: WholeAnswer;
    try {
      const answer = await callModel(backend, this.#request.action, this.#request.body, this.#signal);
      if (isProgress(answer, this.#request)) return yield* namedProgress(backend.id, answer, (end) => over(end, 500));
      whole = await readWhole(backend.id, answer);
    } catch (thrown) {
      whole = failedAnswer(thrown);
    }
    over(whole.error === null ? { ok: true } : { ok: false, error: whole.error }, whole.status);
  }
}

const nothing = new Uint8Array(0);

async function* withReport(first: string, lines: AsyncGenerator<string>, report: () => unknown): AsyncGenerator<Uint8Array> {
  yield Buffer.from(first);
  for await (const line of lines) yield Buffer.from(line);
  yield Buffer.from(`${JSON.stringify(report())}\n`);
}

function isProgress({ status }: UpstreamAnswer, { action, stream }: ModelRequest): boolean {
  return status < 300 && stream && action !== 'copy' && action !== 'delete';
}

function resultOf(end: ProgressEnd): Omit<Result, 'backend'> {
  return end.ok ? { status: 'success' } : { status: 'failed', error: end.error };
}

async function statusOfBlob(backend: ModelBackend, digest: string, signal: AbortSignal): Promise<number> {
  const answer = await backend.send({ method: 'HEAD', path: `/api/blobs/${digest}`, body: null, anyStatus: true }, signal);
  answer.body.cancel?.();
  return answer.status;
}
