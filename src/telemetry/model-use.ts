/** Remembers how models were used lately: when on which backend, and with how many tokens. */
import type { Trace } from '../core/trace.ts';
import { forgetLeast, forgetOldest } from '../util/forget-oldest.ts';
import { modelKey } from '../util/model-name.ts';
import type { Recorder } from './telemetry.ts';

const mostPlaces = 2000;
const mostModels = 500;
/** The newest requests of a model; what is older does not count. */
const mostTotals = 2000;

export class ModelUse implements Recorder {
  readonly #usedAt = new Map<string, number>();
  /** When a request ended and how many tokens it had, in turn: plain numbers, since as objects they would live long enough to be dear. */
  readonly #totals = new Map<string, number[]>();

  record({ backendId, servedModel, usage, receivedAt, totalMs }: Trace): void {
    if (backendId === undefined || servedModel === undefined) return;
    const at = receivedAt + totalMs;
    const key = modelKey(servedModel);
    this.#usedAt.set(`${backendId}\n${key}`, at);
    forgetLeast(this.#usedAt, mostPlaces, (usedAt) => usedAt);
    const tokens = (usage.promptTokens ?? 0) + (usage.completionTokens ?? 0);
    if (tokens > 0) this.#add(key, at, tokens);
  }

  /** Epoch milliseconds; undefined: not since the router began. */
  usedAt(backendId: string, key: string): number | undefined {
    return this.#usedAt.get(`${backendId}\n${key}`);
  }

  /** Prompts and answers together of the requests that ended at or after `since`. */
  totals(key: string, since: number): readonly number[] {
    const totals = this.#totals.get(key) ?? [];
    return totals.filter((_, index) => index % 2 === 1 && (totals[index - 1] ?? 0) >= since);
  }

  #add(key: string, at: number, tokens: number): void {
    const known = this.#totals.get(key);
    const totals = known ?? [];
    totals.push(at, tokens);
    if (totals.length > 2 * mostTotals) totals.splice(0, mostTotals);
    if (known !== undefined) return;
    this.#totals.set(key, totals);
    forgetOldest(this.#totals, mostModels);
  }
}
