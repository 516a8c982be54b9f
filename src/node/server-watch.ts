/** Watches the inference servers of this machine: which are there, whether they answer, what they have. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import type { LocalServer, ServerSource } from './node.ts';
import { serverWord } from './server-word.ts';
import { within } from '../util/time-limit.ts';

export interface ServerState {
  readonly server: LocalServer;
  /** `unknown` until the first question was answered, or was not. */
  readonly status: 'unknown' | 'up' | 'down';
  readonly problem?: string;
  /** It is down, and yet something answers there. */
  readonly answers?: boolean;
  /** What it said last. */
  readonly report: BackendReport | null;
}

export interface WatchSettings {
  readonly clock: Clock;
  /** Watched whether they answer or not. */
  readonly servers: readonly LocalServer[];
  readonly sources: readonly ServerSource[];
  /** A server came or went, or has other models, or others in memory. */
  changed(state: ServerState, before: ServerState): void;
}

const upEveryMs = 2000;
/** One that is gone costs nothing to ask, and is wanted back at once. */
const downEveryMs = 500;
const probeMs = 5000;
/** A server that has much to do may be slow to answer. */
const slowAnswers = 3;
const lookEveryMs = 10_000;
const forgetMs = 60_000;
const firstLookMs = 1500;

export class ServerWatch {
  readonly #settings: WatchSettings;
  readonly #watched = new Map<string, Watched>();
  readonly #end = new AbortController();
  #cancel: CancelTimer = () => {};

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    for (const server of settings.servers) this.#watched.set(server.name, new Watched(server, settings, null));
  }

  /** Resolves when every server was asked once, or after a moment. */
  async start(): Promise<void> {
    const first = Promise.all([...[...this.#watched.values()].map((watched) => watched.run()), this.#look()]);
    await new Promise<void>((resolve) => {
      const cancel = this.#settings.clock.after(firstLookMs, resolve);
      void first.then(() => {
        cancel();
        resolve();
      });
    });
  }

  stop(): void {
    this.#end.abort();
    this.#cancel();
    for (const watched of this.#watched.values()) watched.stop();
  }

  states(): readonly ServerState[] {
    return [...this.#watched.values()].map(({ state }) => state);
  }

  /** Asks again now, such as after a server was started. */
  refresh(name: string): void {
    this.#watched.get(name)?.hurry();
  }

  async #look(): Promise<void> {
    const found = (await Promise.all(this.#settings.sources.map((source) => source.find(this.#end.signal)))).flat();
    if (this.#end.signal.aborted) return;
    const fresh = found.flatMap((server) => this.#take(server) ?? []);
    this.#cancel = this.#settings.clock.after(lookEveryMs, () => void this.#look());
    await Promise.all(fresh.map((watched) => watched.run()));
  }

  /** Null when it is known already, by its name or its address. */
  #take(server: LocalServer): Watched | null {
    const known = [...this.#watched.values()].some(({ state }) => state.server.name === server.name || state.server.url === server.url);
    if (known) return null;
    const watched = new Watched(server, this.#settings, () => this.#watched.delete(server.name));
    this.#watched.set(server.name, watched);
    return watched;
  }
}

class Watched {
  state: ServerState;
  readonly #settings: WatchSettings;
  /** Null: it stays, however long it is gone. */
  readonly #forget: (() => void) | null;
  readonly #end = new AbortController();
  #cancel: CancelTimer = () => {};
  #failures = 0;
  #downSince: number | null = null;
  #running = false;

  constructor(server: LocalServer, settings: WatchSettings, forget: (() => void) | null) {
    this.#settings = settings;
    this.#forget = forget;
    this.state = { server, status: 'unknown', report: null };
  }

  stop(): void {
    this.#end.abort();
    this.#cancel();
  }

  hurry(): void {
    this.#cancel();
    if (!this.#running && !this.#end.signal.aborted) void this.run();
  }

  async run(): Promise<void> {
    this.#running = true;
    const next = await this.#ask();
    this.#running = false;
    if (this.#end.signal.aborted) return;
    const before = this.state;
    this.state = next;
    if (isNews(next, before)) this.#settings.changed(next, before);
    if (this.#isForgotten()) return this.stop();
    this.#cancel = this.#settings.clock.after(next.status === 'up' ? upEveryMs : downEveryMs, () => void this.run());
  }

  async #ask(): Promise<ServerState> {
    const { server, report } = this.state;
    try {
      const answer = await within(this.#settings.clock, probeMs, this.#end.signal, (signal) => server.probe(report, signal));
      this.#failures = 0;
      return { server, status: 'up', report: answer };
    } catch (thrown) {
      this.#failures += 1;
      const gone = thrown instanceof RouterError && thrown.code === 'backend_unreachable';
      if (this.state.status === 'up' && !gone && this.#failures < slowAnswers) return this.state;
      return { server, status: 'down', problem: problemOf(server, thrown), answers: !gone, report };
    }
  }

  #isForgotten(): boolean {
    if (this.state.status === 'up') this.#downSince = null;
    else this.#downSince ??= this.#settings.clock.now();
    if (this.#forget === null || this.#downSince === null || this.#settings.clock.now() - this.#downSince < forgetMs) return false;
    this.#forget();
    this.#settings.changed({ ...this.state, status: 'unknown' }, this.state);
    return true;
  }
}

function problemOf(server: LocalServer, thrown: unknown): string {
  const { url } = server;
  const name = serverWord(server);
  if (thrown instanceof RouterError && thrown.code === 'backend_unreachable') return `${name} does not answer at ${url}.`;
  return `${name} at ${url} does not say what it has: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}

/** What a router has to know at once. */
function isNews(next: ServerState, before: ServerState): boolean {
  return next.status !== before.status || namesOf(next.report?.models) !== namesOf(before.report?.models) || namesOf(next.report?.resident) !== namesOf(before.report?.resident);
}

function namesOf(list: readonly { readonly name: string }[] | null | undefined): string {
  return (list ?? []).map(({ name }) => name).sort().join('\n');
}
