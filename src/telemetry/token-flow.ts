/** How many tokens went by in the last two seconds, counted as they pass. */
import type { Clock } from '../core/clock.ts';
import type { TokenMeter } from './telemetry.ts';

const slotMs = 250;
/** Two seconds, and the quarter that is going on. */
const slotCount = 9;

/** Counting is a few additions, and makes no object. */
export class TokenFlow implements TokenMeter {
  readonly #clock: Clock;
  readonly #slots = new Float64Array(slotCount);
  #newest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  passed(tokens: number): void {
    const slot = this.#forget();
    this.#slots[slot] = (this.#slots[slot] ?? 0) + tokens;
  }

  /** An answer that came as a whole was being made until now: what of it was made within the last two seconds. */
  made(tokens: number, tookMs: number): void {
    const windowMs = this.#windowMs();
    this.passed(tookMs <= windowMs ? tokens : (tokens * windowMs) / tookMs);
  }

  perSecond(): number {
    this.#forget();
    let sum = 0;
    for (const tokens of this.#slots) sum += tokens;
    return (sum * 1000) / this.#windowMs();
  }

  #windowMs(): number {
    return slotMs * (slotCount - 1) + (this.#clock.now() % slotMs);
  }

  /** Empties the slots that went by without a word; returns the present one. */
  #forget(): number {
    const now = Math.floor(this.#clock.now() / slotMs);
    const gone = now - this.#newest;
    if (gone >= slotCount) this.#slots.fill(0);
    else for (let slot = this.#newest + 1; slot <= now; slot += 1) this.#slots[slot % slotCount] = 0;
    if (gone > 0) this.#newest = now;
    return now % slotCount;
  }
}
