/** Loads models before somebody asks for them, as the plan says, and gives up what does not succeed for a while. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { toRouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { modelKey } from '../util/model-name.ts';
import type { Fleet } from './fleet.ts';
import { within } from '../util/time-limit.ts';

/** One load that was planned. */
export interface PlannedLoad {
  readonly backendId: string;
  readonly model: string;
  /** Why, in a word for the log. */
  readonly reason: string;
}

export interface PreloaderSources {
  readonly fleet: Pick<Fleet, 'view' | 'onChange' | 'refresh'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What is to be loaded now, given what this one knows of its own loads. */
  readonly plan: (own: OwnLoads) => readonly PlannedLoad[];
  /** Resolves when the model is in memory. */
  readonly load: (planned: PlannedLoad, signal: AbortSignal) => Promise<void>;
  /** Looks again this often. */
  readonly everyMs: number;
}

/** What a plan has to know of loads that were begun before. */
export interface OwnLoads {
  pending(backendId: string, key: string): 'loading' | 'loaded' | 'failed' | null;
  /** Since when the backend is there, epoch milliseconds. */
  since(backendId: string): number;
}

interface Attempt {
  readonly state: 'loading' | 'loaded' | 'failed';
  readonly at: number;
  /** How often in a row it failed, or went again soon after. */
  readonly inVain: number;
}

const firstPauseMs = 60_000;
const longestPauseMs = 600_000;
/** What went after so long was not in vain. */
const forgivenMs = 1_800_000;
/** A load that takes longer is given up. */
const longestLoadMs = 900_000;

export class Preloader implements OwnLoads {
  readonly #sources: PreloaderSources;
  readonly #attempts = new Map<string, Attempt>();
  readonly #since = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #cancel: CancelTimer = () => {};
  #detach: () => void = () => {};

  constructor(sources: PreloaderSources) {
    this.#sources = sources;
  }

  start(): void {
    this.#detach = this.#sources.fleet.onChange(() => this.look());
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#detach();
    this.#cancel();
    await Promise.all(this.#running);
  }

  /** Something may have changed: begins what is due. */
  look(): void {
    if (this.#stopping.signal.aborted) return;
    this.#follow(this.#sources.fleet.view());
    for (const planned of this.#sources.plan(this)) {
      const loading = this.#load(planned).finally(() => this.#running.delete(loading));
      this.#running.add(loading);
    }
  }

  pending(backendId: string, key: string): Attempt['state'] | null {
    const attempt = this.#attempts.get(placeOf(backendId, key));
    if (attempt === undefined) return null;
    if (attempt.state === 'loading') return 'loading';
    const { fleet, clock } = this.#sources;
    const reportedAt = fleet.view().backends.find((one) => one.id === backendId)?.reportedAt ?? 0;
    if (attempt.state === 'loaded' && attempt.at >= reportedAt) return 'loaded';
    return clock.now() - attempt.at < pauseMs(attempt) ? 'failed' : null;
  }

  since(backendId: string): number {
    return this.#since.get(backendId) ?? this.#sources.clock.now();
  }

  #tick(): void {
    this.look();
    this.#cancel = this.#sources.clock.after(this.#sources.everyMs, () => this.#tick());
  }

  /** A backend that comes back is as good as new. */
  #follow({ backends }: FleetView): void {
    const now = this.#sources.clock.now();
    for (const { id, status } of backends) {
      if (status !== 'up') this.#forget(id);
      else if (!this.#since.has(id)) this.#since.set(id, now);
    }
    for (const id of this.#since.keys()) if (!backends.some((one) => one.id === id)) this.#forget(id);
  }

  #forget(backendId: string): void {
    this.#since.delete(backendId);
    for (const [place, { state }] of this.#attempts) if (state !== 'loading' && place.startsWith(`${backendId}\n`)) this.#attempts.delete(place);
  }

  async #load(planned: PlannedLoad): Promise<void> {
    const { clock, log, fleet } = this.#sources;
    const { backendId, model, reason } = planned;
    const place = placeOf(backendId, modelKey(model));
    const before = this.#attempts.get(place);
    const inVain = before !== undefined && clock.now() - before.at < forgivenMs ? before.inVain : 0;
    this.#attempts.set(place, { state: 'loading', at: clock.now(), inVain });
    try {
      await within(clock, longestLoadMs, this.#stopping.signal, (signal) => this.#sources.load(planned, signal));
      this.#attempts.set(place, { state: 'loaded', at: clock.now(), inVain: inVain + 1 });
      log.info({ backend: backendId, model, reason }, 'a model was loaded before it was asked for');
      fleet.refresh(backendId);
    } catch (thrown) {
      this.#attempts.set(place, { state: 'failed', at: clock.now(), inVain: inVain + 1 });
      if (!this.#stopping.signal.aborted) log.warn({ backend: backendId, model, reason, problem: toRouterError(thrown).message }, 'a model could not be loaded before it was asked for');
    }
  }
}

function placeOf(backendId: string, key: string): string {
  return `${backendId}\n${key}`;
}

/** What went soon after it was loaded is not loaded again at once, or two models would push each other out without end. */
function pauseMs({ state, inVain }: Attempt): number {
  if (state === 'loaded' && inVain <= 1) return 0;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (inVain - (state === 'loaded' ? 2 : 1)));
}
