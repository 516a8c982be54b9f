/** Pulls a model that nobody has and somebody who may asks for: once, however many ask, to the machine with most room. */
import type { Clock } from '../core/clock.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { forgetOldest } from '../util/forget-oldest.ts';
import { restOf } from '../util/left-alone.ts';
import { LineSplitter } from '../util/line-splitter.ts';
import { whyNoWork } from '../util/takes-work.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { ModelOperations } from './fleet.ts';
import { fieldsIn } from './model-calls.ts';
import { ollamaModelKey } from './model-name.ts';

export interface AutoPullSources {
  readonly models: Pick<ModelOperations, 'run'>;
  readonly view: () => FleetView;
  /** Memory that a model may take there; undefined: nobody has measured it. */
  readonly freeBytes: (backend: BackendState, view: FleetView) => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

interface Pull {
  readonly backendId: string;
  readonly done: Promise<void>;
  completed: number;
  total: number;
}

/** A registry that does not have a model is not asked for it with every request. */
const failedMs = 60_000;
const mostFailed = 500;
/** Kept free on a disk that a model is pulled to. */
const spareBytes = 2 * 1024 ** 3;
const retryAfterMs = 10_000;
const gigabyte = 1e9;

export class AutoPull {
  readonly #sources: AutoPullSources;
  readonly #pulls = new Map<string, Pull>();
  readonly #failed = new Map<string, { readonly at: number; readonly error: RouterError }>();
  readonly #stopping = new AbortController();

  constructor(sources: AutoPullSources) {
    this.#sources = sources;
  }

  /** Resolves when a backend has the model. Rejects with `no_capacity` when that takes longer than `waitMs` (null: any time), and with what kept it from being pulled; the pull goes on without those who leave. `tell` is given how far it is, in a sentence. */
  async fetch(model: string, waitMs: number | null, signal: AbortSignal, tell: (words: () => string) => void = () => {}): Promise<void> {
    const key = ollamaModelKey(model);
    const failed = this.#failed.get(key);
    if (failed !== undefined && this.#sources.clock.now() - failed.at < failedMs) throw failed.error;
    const pull = this.#pulls.get(key) ?? this.#begin(key, model);
    tell(() => progressOf(pull, model));
    await this.#within(pull, model, waitMs, signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#pulls.values()].map(({ done }) => done));
  }

  #begin(key: string, model: string): Pull {
    const backend = roomiest(this.#sources, model);
    if (backend === null) throw new RouterError('no_capacity', `Model "${model}" is on no backend, and none can take it now.`, { retryAfterMs, param: 'model' });
    const done = this.#run(backend, model, (completed, total) => Object.assign(pull, { completed, total }));
    const pull: Pull = { backendId: backend.id, done, completed: 0, total: 0 };
    this.#pulls.set(key, pull);
    this.#failed.delete(key);
    // Whoever asked may have left; nobody else hears of it then.
    done.catch((thrown) => this.#gaveUp(key, toRouterError(thrown))).finally(() => this.#pulls.delete(key));
    return pull;
  }

  #gaveUp(key: string, error: RouterError): void {
    this.#failed.set(key, { at: this.#sources.clock.now(), error });
    forgetOldest(this.#failed, mostFailed);
  }

  async #run(backend: BackendState, model: string, progress: (completed: number, total: number) => void): Promise<void> {
    const { models, log } = this.#sources;
    log.info({ backend: backend.id, model }, 'an unknown model was asked for and is being pulled');
    const tooLarge = new AbortController();
    const disk = diskOf(backend, this.#sources.view());
    try {
      const answer = await models.run({ action: 'pull', model, blobs: [], stream: true, targets: { kind: 'one', name: backend.id, param: 'model' }, body: JSON.stringify({ model, stream: true }) }, AbortSignal.any([this.#stopping.signal, tooLarge.signal]));
      const sizes = new Map<string, readonly [completed: number, total: number]>();
      for await (const line of linesOf(answer.body)) {
        const fields = fieldsIn(line) ?? {};
        if (typeof fields['error'] === 'string') throw new RouterError('unknown_model', `Model "${model}" is on no backend and could not be pulled: ${fields['error']}`, { param: 'model' });
        if (typeof fields['digest'] === 'string' && typeof fields['total'] === 'number') sizes.set(fields['digest'], [Number(fields['completed'] ?? 0), fields['total']]);
        const [completed, total] = [...sizes.values()].reduce<readonly [number, number]>(([had, all], [one, of]) => [had + one, all + of], [0, 0]);
        progress(completed, total);
        if (disk === undefined || total - completed <= disk - spareBytes) continue;
        tooLarge.abort();
        throw new RouterError('no_capacity', `Model "${model}" is on no backend, and with ${inGigabytes(total)} GB too large for the disk of ${backend.id}.`, { param: 'model' });
      }
      log.info({ backend: backend.id, model }, 'a model was pulled');
    } catch (thrown) {
      const { message } = toRouterError(thrown);
      log.warn({ backend: backend.id, model, problem: message }, 'a model could not be pulled');
      throw thrown;
    }
  }

  #within(pull: Pull, model: string, waitMs: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancel();
        unwatchAbort(signal, left);
      };
      const left = (): void => {
        settle();
        reject(new RouterError('cancelled', 'The caller left.'));
      };
      const late = (): void => {
        settle();
        reject(stillPulling(pull, model));
      };
      const cancel = waitMs === null ? () => {} : this.#sources.clock.after(waitMs, late);
      if (signal.aborted) return left();
      watchAbort(signal, left);
      pull.done.then(() => { settle(); resolve(); }, (thrown) => { settle(); reject(thrown); });
    });
  }
}

function stillPulling(pull: Pull, model: string): RouterError {
  return new RouterError('no_capacity', `${progressOf(pull, model)}. Ask again in a while.`, { retryAfterMs, param: 'model' });
}

function progressOf({ backendId, completed, total }: Pull, model: string): string {
  const howFar = total === 0 ? '' : `: ${Math.floor((100 * completed) / total)} % of ${inGigabytes(total)} GB`;
  return `Model "${model}" is being pulled to ${backendId}${howFar}`;
}

/** Most free memory where it is measured, then most free disk, then least stored; not where the model has failed before. */
function roomiest({ view: see, freeBytes }: AutoPullSources, model: string): BackendState | null {
  const view = see();
  const able = view.backends.filter((backend) => backend.kind === 'ollama' && backend.status === 'up' && backend.breaker === undefined && restOf(backend, model) === undefined && whyNoWork(view.nodes.find(({ id }) => id === backend.nodeId), backend, '') === null);
  const rooms = able.map((backend) => ({ backend, memory: freeBytes(backend, view) ?? 0, disk: diskOf(backend, view), stored: (backend.report?.models ?? []).reduce((sum, model) => sum + (model.sizeBytes ?? 0), 0) }));
  const [best] = rooms.filter(({ disk }) => disk === undefined || disk > spareBytes).sort((a, b) => b.memory - a.memory || (b.disk ?? 0) - (a.disk ?? 0) || a.stored - b.stored);
  return best?.backend ?? null;
}

function diskOf({ nodeId }: BackendState, view: FleetView): number | undefined {
  return view.nodes.find(({ id }) => id === nodeId)?.report?.disk?.availableBytes;
}

async function* linesOf(body: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  if (body instanceof Uint8Array) yield Buffer.from(body).toString('utf8');
  else {
    for await (const chunk of body) yield* splitter.push(chunk);
    yield splitter.rest();
  }
}

function inGigabytes(bytes: number): string {
  return (bytes / gigabyte).toFixed(1);
}
