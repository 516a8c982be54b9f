/** Turns the pure scheduler's effects into promises: whoever waits gets a ticket, an error, or leaves. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Ticket } from '../core/placement.ts';
import type { Entry, Load, Scheduler, SchedulerEffect, SchedulerEvent } from '../routing/routing.ts';

interface Waiter {
  readonly arrivedAt: number;
  grant(ticket: Ticket): void;
  refuse(error: RouterError): void;
}

/** The only place that talks to the scheduler. */
export class TicketDesk {
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Waiter>();
  #cancelTick: CancelTimer | null = null;
  #tickAt = Number.POSITIVE_INFINITY;

  constructor(scheduler: Scheduler, clock: Clock) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /**
   * Waits for a slot. Resolves with the ticket, or with null when `giveUpMs` passed first (then the entry has left).
   * Rejects with `queue_full`, `queue_timeout`, `rate_limited`, or `cancelled` when the signal aborts.
   */
  acquire(entry: Entry, signal: AbortSignal, giveUpMs: number | null = null): Promise<Ticket | null> {
    if (signal.aborted) return Promise.reject(callerLeft());
    return new Promise((resolve, reject) => {
      let cancelGiveUp: CancelTimer = () => {};
      let waits = false;
      const settle = (): void => {
        this.#waiters.delete(entry.id);
        if (!waits) return;
        signal.removeEventListener('abort', onAbort);
        cancelGiveUp();
      };
      const leave = (): void => {
        settle();
        this.#dispatch({ type: 'leave', at: this.#clock.now(), id: entry.id });
      };
      const onAbort = (): void => {
        leave();
        reject(callerLeft());
      };
      const waiter = {
        arrivedAt: entry.arrivedAt,
        grant: (ticket: Ticket) => {
          settle();
          resolve(ticket);
        },
        refuse: (error: RouterError) => {
          settle();
          reject(error);
        },
      };
      this.#waiters.set(entry.id, waiter);
      this.#dispatch({ type: 'arrive', at: this.#clock.now(), entry });
      // Most are granted on arrival and never wait.
      if (this.#waiters.get(entry.id) !== waiter) return;
      waits = true;
      signal.addEventListener('abort', onAbort);
      if (giveUpMs !== null) {
        cancelGiveUp = this.#clock.after(giveUpMs, () => {
          leave();
          resolve(null);
        });
      }
    });
  }

  /** Tells the scheduler that limits, residency or reachability changed. */
  fleetChanged(): void {
    if (this.#waiters.size > 0) this.#dispatch({ type: 'fleet-changed', at: this.#clock.now() });
  }

  load(): Load {
    return this.#scheduler.load();
  }

  position(id: string): number {
    return this.#scheduler.position(id);
  }

  #dispatch(event: SchedulerEvent): void {
    const effects = this.#scheduler.dispatch(event);
    for (const effect of effects) this.#apply(effect);
    this.#armTick();
  }

  #apply(effect: SchedulerEffect): void {
    const waiter = this.#waiters.get(effect.id);
    switch (effect.type) {
      case 'grant':
        // A slot granted to nobody would be lost: give it back at once.
        if (waiter) waiter.grant(this.#ticket(effect.id, effect.placement, waiter.arrivedAt));
        else this.#dispatch({ type: 'leave', at: this.#clock.now(), id: effect.id });
        return;
      case 'reject':
        waiter?.refuse(new RouterError(effect.code, effect.message, { retryAfterMs: effect.retryAfterMs }));
        return;
      default:
        effect satisfies never;
    }
  }

  #ticket(id: string, placement: Ticket['placement'], arrivedAt: number): Ticket {
    let held = true;
    return {
      id,
      placement,
      queueMs: Math.max(0, this.#clock.now() - arrivedAt),
      release: () => {
        if (!held) return;
        held = false;
        this.#dispatch({ type: 'leave', at: this.#clock.now(), id });
      },
    };
  }

  #armTick(): void {
    const next = this.#scheduler.nextDeadline();
    if (next === null) {
      this.#disarm();
      return;
    }
    if (next >= this.#tickAt) return;
    this.#disarm();
    this.#tickAt = next;
    this.#cancelTick = this.#clock.after(Math.max(0, next - this.#clock.now()), () => {
      this.#tickAt = Number.POSITIVE_INFINITY;
      this.#cancelTick = null;
      this.#dispatch({ type: 'tick', at: this.#clock.now() });
    });
  }

  #disarm(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
    this.#tickAt = Number.POSITIVE_INFINITY;
  }
}

function callerLeft(): RouterError {
  return new RouterError('cancelled', 'The caller left.');
}
