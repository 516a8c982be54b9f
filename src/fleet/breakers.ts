/** A breaker for each backend and for each of its models that failed, with their timers. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { BackendState } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { Breaker, type BreakerSettings, verdictOf } from './breaker.ts';
import type { Lesson } from './fleet.ts';

export interface BreakerChange {
  readonly backendId: string;
  /** The model's key; absent: it is about the whole backend. */
  readonly model?: string;
  /** Undefined: it gets requests as usual. */
  readonly state: BackendState['breaker'];
  /** For how long it opens. */
  readonly forMs?: number;
}

export type BreakerListener = (change: BreakerChange) => void;

/** Callers may ask a server that has not said yet what it has for names that they make up. */
const mostModels = 100;

interface Watched {
  readonly what: Pick<BreakerChange, 'backendId' | 'model'>;
  readonly breaker: Breaker;
  cancel: CancelTimer;
}

interface Server extends Watched {
  readonly models: Map<string, Watched>;
  /** Of the failures since anything last worked there: the model of the first, and whether others failed too. */
  failing: string | null;
  several: boolean;
}

/**
 * A model that fails again and again rests alone. Its server rests when more than one model fails and none works between:
 * one model that is broken, or does not fit in memory, says nothing of the others.
 */
export class Breakers {
  readonly #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #changed: BreakerListener;
  readonly #servers = new Map<string, Server>();

  constructor(settings: BreakerSettings, clock: Clock, changed: BreakerListener) {
    this.#settings = settings;
    this.#clock = clock;
    this.#changed = changed;
  }

  learn(lesson: Lesson): void {
    const verdict = verdictOf(lesson);
    if (verdict === null) return;
    const { backendId, model } = lesson;
    const server = this.#servers.get(backendId);
    if (verdict === 'fails') this.#failed(server ?? this.#watch(backendId), modelKey(model));
    else if (server !== undefined) this.#worked(server, modelKey(model));
  }

  /** It was dead and answers again: what it did before says little of what it will do, and one request finds out. */
  returned(backendId: string): void {
    const server = this.#servers.get(backendId);
    if (server === undefined) return;
    this.#tryAgain(server);
    this.#tryModelsAgain(server);
  }

  /** What a backend does not list any more has nothing to prove. */
  keepOnly(backendId: string, lists: (model: string) => boolean): void {
    const models = this.#servers.get(backendId)?.models ?? [];
    for (const [key, model] of models) {
      if (model.breaker.state !== 'closed' && !lists(key)) this.#close(model);
    }
  }

  /** There is no such backend any more. */
  forget(backendId: string): void {
    const server = this.#servers.get(backendId);
    if (server === undefined) return;
    cancelAll(server);
    this.#servers.delete(backendId);
  }

  stop(): void {
    for (const server of this.#servers.values()) cancelAll(server);
  }

  #watch(backendId: string): Server {
    const server: Server = { ...this.#watched({ backendId }), models: new Map(), failing: null, several: false };
    this.#servers.set(backendId, server);
    return server;
  }

  #watchModel(server: Server, model: string): Watched {
    if (server.models.size >= mostModels) this.#makeRoom(server.models);
    const watched = this.#watched({ backendId: server.what.backendId, model });
    server.models.set(model, watched);
    return watched;
  }

  #watched(what: Watched['what']): Watched {
    return { what, breaker: new Breaker(this.#settings), cancel: () => {} };
  }

  /** One that does not rest goes first. */
  #makeRoom(models: Map<string, Watched>): void {
    const found = [...models].find(([, { breaker }]) => breaker.state === 'closed') ?? [...models][0];
    if (found === undefined) return;
    const [key, model] = found;
    this.#close(model);
    models.delete(key);
  }

  #worked(server: Server, key: string): void {
    server.failing = null;
    server.several = false;
    const model = server.models.get(key);
    if (model !== undefined) this.#close(model);
    // What failed them all is over: its models need not wait for their own time.
    if (this.#close(server)) this.#tryModelsAgain(server);
  }

  #failed(server: Server, key: string): void {
    const model = server.models.get(key) ?? this.#watchModel(server, key);
    const known = model.breaker.state !== 'closed';
    this.#open(model, model.breaker.failed());
    server.several ||= server.failing !== null && server.failing !== key;
    server.failing ??= key;
    // A model that is known to fail alone is no trial of its server: others are still to be tried.
    if (known && server.breaker.state === 'half-open') return;
    this.#open(server, server.breaker.failed(server.several));
  }

  #open(watched: Watched, openMs: number | null): void {
    if (openMs === null) return;
    watched.cancel();
    watched.cancel = this.#clock.after(openMs, () => this.#tryAgain(watched));
    this.#changed({ ...watched.what, state: 'open', forMs: openMs });
  }

  #tryAgain(watched: Watched): void {
    if (!watched.breaker.waited()) return;
    watched.cancel();
    this.#changed({ ...watched.what, state: 'half-open' });
  }

  #tryModelsAgain({ models }: Server): void {
    for (const model of models.values()) this.#tryAgain(model);
  }

  /** Returns whether it was left alone or on trial. */
  #close(watched: Watched): boolean {
    if (!watched.breaker.worked()) return false;
    watched.cancel();
    this.#changed({ ...watched.what, state: undefined });
    return true;
  }
}

function cancelAll(server: Server): void {
  server.cancel();
  for (const { cancel } of server.models.values()) cancel();
}
