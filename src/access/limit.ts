/** Counts what each caller uses: requests and tokens in fixed windows, and requests at once (contract agent-router part 2.2). */
import { RouterError } from '../core/errors.ts';
import type { LimitPolicy } from './policy.ts';

interface Window {
  startsAt: number;
  endsAt: number;
  requests: number;
  tokens: number;
}

interface Count {
  window: Window;
  running: number;
}

export interface Place {
  readonly headers: Readonly<Record<string, string>>;
  leave(): void;
  spend(tokens: number): void;
}

/** Callers who come no more are forgotten from here on. */
const fewCallers = 10_000;

export class Limiter {
  readonly #counts = new Map<string, Count>();
  #sweepAbove = fewCallers;

  /** How many callers are remembered. */
  get size(): number {
    return this.#counts.size;
  }

  /**
   * Takes a place for one request of `who`. A window begins with its first request; refused ones count too. Throws
   * `rate_limited` with the time until the next window.
   */
  enter(who: string, limit: LimitPolicy, at: number): Place {
    const count = this.#countOf(who, limit, at);
    const { window } = count;
    window.requests += 1;
    const headers = headersOf(limit, window);
    const retryAfterMs = Math.max(1000, window.endsAt - at);
    if (window.requests > limit.requests) throw refused(`${limit.requests} requests in ${limit.windowSeconds} s are allowed.`, retryAfterMs, headers);
    if (limit.tokens !== undefined && window.tokens >= limit.tokens) throw refused(`${limit.tokens} tokens in ${limit.windowSeconds} s are allowed.`, retryAfterMs, headers);
    if (limit.concurrent !== undefined && count.running >= limit.concurrent) throw refused(`${limit.concurrent} requests at once are allowed.`, 1000, headers);
    count.running += 1;
    let inside = true;
    return {
      headers,
      leave() {
        if (inside) count.running -= 1;
        inside = false;
      },
      spend(tokens) {
        count.window.tokens += tokens;
      },
    };
  }

  /** Counts tokens that were used without a place, into the window that is open now; none is: then nobody counts them. */
  spend(who: string, tokens: number): void {
    const count = this.#counts.get(who);
    if (count !== undefined) count.window.tokens += tokens;
  }

  #countOf(who: string, limit: LimitPolicy, at: number): Count {
    const known = this.#counts.get(who);
    if (known !== undefined) {
      // The window of a changed limit ends when it would have, had the limit held from its beginning.
      known.window.endsAt = known.window.startsAt + limit.windowSeconds * 1000;
      if (known.window.endsAt <= at) known.window = newWindow(limit, at);
      return known;
    }
    if (this.#counts.size >= this.#sweepAbove) this.#sweep(at);
    const created: Count = { window: newWindow(limit, at), running: 0 };
    this.#counts.set(who, created);
    return created;
  }

  #sweep(at: number): void {
    for (const [who, { window, running }] of this.#counts) {
      if (running === 0 && window.endsAt <= at) this.#counts.delete(who);
    }
    // Twice as many as are left, so that many callers at once do not mean a sweep for each of them.
    this.#sweepAbove = Math.max(fewCallers, this.#counts.size * 2);
  }
}

function newWindow({ windowSeconds }: LimitPolicy, at: number): Window {
  return { startsAt: at, endsAt: at + windowSeconds * 1000, requests: 0, tokens: 0 };
}

function headersOf(limit: LimitPolicy, window: Window): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit.requests),
    'x-ratelimit-remaining': String(Math.max(0, limit.requests - window.requests)),
    'x-ratelimit-reset': String(Math.ceil(window.endsAt / 1000)),
  };
}

function refused(what: string, retryAfterMs: number, headers: Readonly<Record<string, string>>): RouterError {
  return new RouterError('rate_limited', `Rate limit exceeded: ${what}`, { retryAfterMs, headers });
}
