/** Running averages of how fast each model is on each backend, taken from finished requests. */
import type { LearnedSpeed } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import type { Lesson } from './fleet.ts';

/** Weight of the newest value: the last five requests make up five sixths of the average. */
const newestWeight = 0.3;
/** Below this share of the whole time the gap between first part and end says nothing about generation. */
const streamedShare = 0.2;

type Table = ReadonlyMap<string, ReadonlyMap<string, LearnedSpeed>>;
const unknownSpeed: LearnedSpeed = {};

/** Immutable inside: `lookup` keeps answering as of when it was taken. */
export class LearnedSpeeds {
  #table: Table = new Map();

  /** Returns whether anything was learned. */
  learn(lesson: Lesson): boolean {
    const values = measured(lesson);
    if (!lesson.ok || Object.keys(values).length === 0) return false;
    const models = this.#table.get(lesson.backendId);
    const key = modelKey(lesson.model);
    const updated = new Map(models).set(key, averaged(models?.get(key) ?? unknownSpeed, values));
    this.#table = new Map(this.#table).set(lesson.backendId, updated);
    return true;
  }

  lookup(): (backendId: string, model: string) => LearnedSpeed {
    const table = this.#table;
    return (backendId, model) => table.get(backendId)?.get(modelKey(model)) ?? unknownSpeed;
  }
}

function averaged(before: LearnedSpeed, values: LearnedSpeed): LearnedSpeed {
  const after: Record<string, number> = { ...before };
  for (const [key, value] of Object.entries(values)) {
    const old = after[key];
    after[key] = old === undefined ? value : old + newestWeight * (value - old);
  }
  return after;
}

/** What this one request shows; a backend's own times where it reports them, else ours where they can tell. */
function measured({ usage, promptTokens, firstPartMs, totalMs, cold }: Lesson): LearnedSpeed {
  const streamed = firstPartMs !== undefined && totalMs !== undefined && totalMs - firstPartMs >= totalMs * streamedShare;
  const promptMs = usage.promptMs ?? (streamed && !cold ? firstPartMs : undefined);
  const completionMs = usage.completionMs ?? (streamed ? totalMs - firstPartMs : undefined);
  const prompt = (usage.promptTokens ?? promptTokens ?? 0) - (usage.cachedTokens ?? 0);
  const loadMs = cold ? (usage.loadMs ?? (firstPartMs === undefined ? undefined : Math.max(0, firstPartMs - (usage.promptMs ?? 0)))) : undefined;
  const promptTokensPerSecond = rate(prompt, promptMs);
  const completionTokensPerSecond = rate(usage.completionTokens, completionMs);
  return {
    ...(promptTokensPerSecond === undefined ? {} : { promptTokensPerSecond }),
    ...(completionTokensPerSecond === undefined ? {} : { completionTokensPerSecond }),
    ...(usage.completionTokens === undefined ? {} : { completionTokens: usage.completionTokens }),
    ...(loadMs === undefined ? {} : { loadMs }),
  };
}

/** Less than a millisecond is no measurement. */
function rate(tokens: number | undefined, ms: number | undefined): number | undefined {
  return tokens !== undefined && ms !== undefined && tokens > 0 && ms >= 1 ? (tokens * 1000) / ms : undefined;
}
