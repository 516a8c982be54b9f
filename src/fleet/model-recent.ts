/** Remembers for a moment which backend got which model, until the lists show it. */
import type { Clock } from '../core/clock.ts';
import { ollamaModelKey } from './model-name.ts';

/** By then a probe has begun and ended after the change. */
const keepMs = 10_000;

export class RecentModels {
  readonly #clock: Clock;
  readonly #gotAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  got(backendId: string, model: string): void {
    const now = this.#clock.now();
    for (const [key, at] of this.#gotAt) if (now - at > keepMs) this.#gotAt.delete(key);
    this.#gotAt.set(keyOf(backendId, model), now);
  }

  lost(backendId: string, model: string): void {
    this.#gotAt.delete(keyOf(backendId, model));
  }

  has(backendId: string, model: string): boolean {
    const at = this.#gotAt.get(keyOf(backendId, model));
    return at !== undefined && this.#clock.now() - at <= keepMs;
  }
}

function keyOf(backendId: string, model: string): string {
  return `${backendId}\n${ollamaModelKey(model)}`;
}
