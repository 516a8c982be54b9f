/** How each model did on each backend since the router started, and how many tokens come now. */
import type { Clock } from '../core/clock.ts';
import type { Attempt, Trace } from '../core/trace.ts';
import type { PlaceFigure, PlaceWatch, Recorder, TokenMeter } from './telemetry.ts';
import { TokenFlow } from './token-flow.ts';

type Counts = { -readonly [Name in keyof PlaceFigure]: PlaceFigure[Name] };

interface Place extends Counts {
  readonly flow: TokenFlow;
  /** Requests that wait for the model to be in memory, and since when. */
  waitForLoad: number;
  loadingSince: number;
}

/** As elsewhere: a load that takes less only looked at what was there. */
const coldMs = 1_000;
/** Why a request was turned away before any backend saw it. */
const turnedAway = new Set(['queue_full', 'queue_timeout', 'rate_limited', 'no_capacity']);
const mostNames = 1_000;

/** `record` is a few additions. */
export class PlaceFigures implements Recorder, PlaceWatch {
  readonly #clock: Clock;
  /** By backend, then by model. */
  readonly #places = new Map<string, Map<string, Place>>();
  readonly #rejected = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(trace: Trace): void {
    const { attempts, outcome, error } = trace;
    for (const attempt of attempts) {
      const place = this.#place(attempt.backendId, attempt.model);
      if (attempt.reaped === true) place.reaped += 1;
      if (attempt.error !== undefined) place.failed += attempt.error === 'cancelled' ? 0 : 1;
      else if (outcome === 'succeeded') this.#completed(place, trace, attempt);
    }
    if (attempts.length === 0 && error !== undefined && turnedAway.has(error)) this.#reject(trace.requestedModel ?? 'auto');
  }

  of(backendId: string, model: string): PlaceFigure | undefined {
    return this.#places.get(backendId)?.get(model);
  }

  /** Everything that was seen, by backend, then by model. */
  get places(): ReadonlyMap<string, ReadonlyMap<string, PlaceFigure>> {
    return this.#places;
  }

  /** Requests that were turned away, by the name they asked for. */
  get rejected(): ReadonlyMap<string, number> {
    return this.#rejected;
  }

  /** What is told of the tokens that pass there. */
  meter(backendId: string, model: string): TokenMeter {
    return this.#place(backendId, model).flow;
  }

  loading(backendId: string, model: string): (loaded: boolean) => void {
    const place = this.#place(backendId, model);
    if (place.waitForLoad === 0) place.loadingSince = this.#clock.now();
    place.waitForLoad += 1;
    let waits = true;
    return (loaded) => {
      if (!waits) return;
      waits = false;
      // What is there for one is there for all who waited.
      place.waitForLoad = loaded ? 0 : Math.max(0, place.waitForLoad - 1);
    };
  }

  /** When the first of the requests began that wait for this model to be in memory; undefined: none does. */
  loadingSince(backendId: string, model: string): number | undefined {
    const place = this.#places.get(backendId)?.get(model);
    return place === undefined || place.waitForLoad === 0 ? undefined : place.loadingSince;
  }

  /** Completion tokens a second now; of one place, or of all. */
  tokensPerSecond(backendId?: string, model?: string): number {
    let sum = 0;
    for (const [backend, models] of this.#places) {
      if (backendId !== undefined && backend !== backendId) continue;
      for (const [name, place] of models) if (model === undefined || name === model) sum += place.flow.perSecond();
    }
    return sum;
  }

  #completed(place: Place, { usage, stream, task }: Trace, { endedMs }: Attempt): void {
    place.completed += 1;
    place.totalMs += endedMs;
    place.promptTokens += usage.promptTokens ?? 0;
    place.completionTokens += usage.completionTokens ?? 0;
    if (usage.loadMs !== undefined) {
      place.loadsTold += 1;
      if (usage.loadMs >= coldMs) place.coldLoads += 1;
    }
    if (usage.cachedTokens !== undefined) {
      place.cacheTold += 1;
      place.cachePrompt += usage.promptTokens ?? 0;
      place.cacheHits += usage.cachedTokens;
    }
    if (!stream && task === 'chat') place.flow.made(usage.completionTokens ?? 0, endedMs);
  }

  #place(backendId: string, model: string): Place {
    let models = this.#places.get(backendId);
    if (models === undefined) {
      models = new Map();
      this.#places.set(backendId, models);
    }
    let place = models.get(model);
    if (place === undefined) {
      place = { completed: 0, failed: 0, reaped: 0, totalMs: 0, promptTokens: 0, completionTokens: 0, loadsTold: 0, coldLoads: 0, cacheTold: 0, cachePrompt: 0, cacheHits: 0, flow: new TokenFlow(this.#clock), waitForLoad: 0, loadingSince: 0 };
      models.set(model, place);
    }
    return place;
  }

  /** Names are their callers' to choose. */
  #reject(model: string): void {
    const known = this.#rejected.get(model);
    if (known !== undefined || this.#rejected.size < mostNames) this.#rejected.set(model, (known ?? 0) + 1);
  }
}
