/** Running averages of how fast each model is on each backend, taken from finished requests. */
import type { LearnedSpeed } from '../core/fleet.ts';
import { forgetLeast } from '../util/forget-oldest.ts';
import { modelKey } from '../util/model-name.ts';
import type { Lesson } from './fleet.ts';
import { RecentLatencies } from './recent-latencies.ts';

/** Weight of the newest value: the last five requests make up five sixths of the average. */
const newestWeight = 0.3;
/** Below this share of the whole time the gap between first part and end says nothing about generation. */
const streamedShare = 0.2;

/** Servers come and go; one that is back soon is as quick as it was. */
const mostBackends = 2000;

const unknownSpeed: LearnedSpeed = {};

/** Each speed is immutable; `lookup` always answers with the latest, since it is learned from with every request. */
export class LearnedSpeeds {
  readonly #table = new Map<string, LearnedOfBackend>();
  #turn = 0;

  /** Returns whether anything was learned. */
  learn(lesson: Lesson): boolean {
    const values = measured(lesson);
    if (!lesson.ok || (lesson.totalMs === undefined && Object.values(values).every((value) => value === undefined))) return false;
    const learned = this.#of(lesson.backendId, lesson.model);
    if (lesson.totalMs !== undefined) learned.latencies.add(lesson.totalMs);
    learned.speed = averaged(learned.speed, values, learned.latencies.p75);
    return true;
  }

  /** How long requests took before this process began. */
  recall(backendId: string, model: string, totalMs: readonly number[]): void {
    const learned = this.#of(backendId, model);
    for (const ms of totalMs) learned.latencies.add(ms);
    learned.speed = averaged(learned.speed, unknownSpeed, learned.latencies.p75);
  }

  lookup(backendId: string, model: string): LearnedSpeed {
    return this.#table.get(backendId)?.models.get(modelKey(model))?.speed ?? unknownSpeed;
  }

  #of(backendId: string, model: string): Learned {
    this.#turn += 1;
    const backend = this.#backend(backendId);
    backend.turn = this.#turn;
    const key = modelKey(model);
    const known = backend.models.get(key);
    if (known !== undefined) return known;
    const learned = { speed: unknownSpeed, latencies: new RecentLatencies() };
    backend.models.set(key, learned);
    return learned;
  }

  #backend(backendId: string): LearnedOfBackend {
    const known = this.#table.get(backendId);
    if (known !== undefined) return known;
    const backend = { models: new Map<string, Learned>(), turn: this.#turn };
    this.#table.set(backendId, backend);
    forgetLeast(this.#table, mostBackends, ({ turn }) => turn);
    return backend;
  }
}

interface LearnedOfBackend {
  readonly models: Map<string, Learned>;
  /** Rises with what is learned of any; the backend that nothing was learned of for longest is forgotten. */
  turn: number;
}

interface Learned {
  speed: LearnedSpeed;
  readonly latencies: RecentLatencies;
}

/** Field by field, as below: this runs for every request, and going through names costs several times as much. */
function averaged(before: LearnedSpeed, values: LearnedSpeed, p75Ms: number | undefined): LearnedSpeed {
  return {
    promptTokensPerSecond: average(before.promptTokensPerSecond, values.promptTokensPerSecond),
    completionTokensPerSecond: average(before.completionTokensPerSecond, values.completionTokensPerSecond),
    completionTokens: average(before.completionTokens, values.completionTokens),
    loadMs: average(before.loadMs, values.loadMs),
    p75Ms: p75Ms ?? before.p75Ms,
  };
}

function average(before: number | undefined, value: number | undefined): number | undefined {
  if (value === undefined) return before;
  return before === undefined ? value : before + newestWeight * (value - before);
}

/** What this one request shows; a backend's own times where it reports them, else ours where they can tell. */
function measured({ usage, promptTokens, firstPartMs, totalMs, cold }: Lesson): LearnedSpeed {
  const streamed = firstPartMs !== undefined && totalMs !== undefined && totalMs - firstPartMs >= totalMs * streamedShare;
  const promptMs = usage.promptMs ?? (streamed && !cold ? firstPartMs : undefined);
  const completionMs = usage.completionMs ?? (streamed ? totalMs - firstPartMs : undefined);
  const prompt = (usage.promptTokens ?? promptTokens ?? 0) - (usage.cachedTokens ?? 0);
  const loadMs = cold ? (usage.loadMs ?? (firstPartMs === undefined ? undefined : Math.max(0, firstPartMs - (usage.promptMs ?? 0)))) : undefined;
  return { promptTokensPerSecond: rate(prompt, promptMs), completionTokensPerSecond: rate(usage.completionTokens, completionMs), completionTokens: usage.completionTokens, loadMs };
}

/** Less than a millisecond is no measurement. */
function rate(tokens: number | undefined, ms: number | undefined): number | undefined {
  return tokens !== undefined && ms !== undefined && tokens > 0 && ms >= 1 ? (tokens * 1000) / ms : undefined;
}
