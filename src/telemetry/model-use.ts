/** Remembers how models were used lately: when on which backend, and with how many tokens. */
import type { Trace } from '../core/trace.ts';
import { forgetOldest } from '../util/forget-oldest.ts';
import { modelKey } from '../util/model-name.ts';
import type { Recorder } from './telemetry.ts';

interface Total {
  readonly at: number;
  readonly tokens: number;
}

const mostPlaces = 2000;
const mostModels = 500;
/** The newest requests of a model; what is older does not count. */
const mostTotals = 2000;

export class ModelUse implements Recorder {
  readonly #usedAt = new Map<string, number>();
  readonly #totals = new Map<string, Total[]>();

  record({ backendId, servedModel, usage, receivedAt, totalMs }: Trace): void {
    if (backendId === undefined || servedModel === undefined) return;
    const at = receivedAt + totalMs;
    const key = modelKey(servedModel);
    const place = `${backendId}\n${key}`;
    this.#usedAt.delete(place);
    this.#usedAt.set(place, at);
    forgetOldest(this.#usedAt, mostPlaces);
    const tokens = (usage.promptTokens ?? 0) + (usage.completionTokens ?? 0);
    if (tokens > 0) this.#add(key, { at, tokens });
  }

  /** Epoch milliseconds; undefined: not since the router began. */
  usedAt(backendId: string, key: string): number | undefined {
    return this.#usedAt.get(`${backendId}\n${key}`);
  }

  /** Prompts and answers together of the requests that ended at or after `since`. */
  totals(key: string, since: number): readonly number[] {
    return (this.#totals.get(key) ?? []).filter(({ at }) => at >= since).map(({ tokens }) => tokens);
  }

  #add(key: string, total: Total): void {
    const totals = this.#totals.get(key) ?? [];
    totals.push(total);
    if (totals.length > mostTotals) totals.splice(0, mostTotals / 2);
    this.#totals.set(key, totals);
    forgetOldest(this.#totals, mostModels);
  }
}
