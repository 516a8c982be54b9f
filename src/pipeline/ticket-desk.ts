/** Turns the pure scheduler's effects into promises: whoever waits gets a ticket, an error, or leaves. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Placement, Ticket } from '../core/placement.ts';
import { PassingMap } from '../util/passing-map.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { Entry, Load, Scheduler, SchedulerEffect, SchedulerEvent } from '../routing/routing.ts';

interface Waiter {
  readonly entry: Entry;
  grant(ticket: Ticket): void;
  refuse(error: RouterError): void;
}

const sameMomentMs = 1;

/** The only place that talks to the scheduler. */
export class TicketDesk {
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #granted: (entry: Entry, placement: Placement) => void;
  readonly #waiters = new PassingMap<Waiter>();
  #cancelTick: CancelTimer | null = null;
  #tickAt = Number.POSITIVE_INFINITY;

  /** `granted` is told of every ticket before it is handed out. */
  constructor(scheduler: Scheduler, clock: Clock, granted: (entry: Entry, placement: Placement) => void = () => {}) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#granted = granted;
  }

  /**
   * Waits for a slot. Resolves with the ticket, or with null when `giveUpMs` passed first (then the entry has left).
   * Rejects with `queue_full`, `queue_timeout`, `rate_limited`, or `cancelled` when the signal aborts.
   */
  acquire(entry: Entry, signal: AbortSignal, giveUpMs: number | null = null): Ticket | Promise<Ticket | null> {
    if (signal.aborted) return Promise.reject(callerLeft());
    const effects = this.#scheduler.dispatch({ type: 'arrive', at: this.#clock.now(), entry });
    const [first] = effects;
    // Most are granted on arrival and never wait.
    if (effects.length === 1 && first?.type === 'grant' && first.id === entry.id) return this.#ticket(entry, first.placement);
    return new Promise((resolve, reject) => {
      this.#wait(entry, signal, giveUpMs, resolve, reject);
      this.#applyAll(effects);
    });
  }

  #wait(entry: Entry, signal: AbortSignal, giveUpMs: number | null, resolve: (ticket: Ticket | null) => void, reject: (error: RouterError) => void): void {
    const settle = (): void => {
      this.#waiters.take(entry.id);
      unwatchAbort(signal, onAbort);
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
    const giveUp = (): void => {
      leave();
      resolve(null);
    };
    const cancelGiveUp = giveUpMs === null ? () => {} : this.#clock.after(giveUpMs, giveUp);
    // Both moments may be one: then it gives up, whichever timer comes first.
    const givesUpFirst = giveUpMs !== null && (entry.deadlineAt === null || this.#clock.now() + giveUpMs <= entry.deadlineAt + sameMomentMs);
    watchAbort(signal, onAbort);
    this.#waiters.set(entry.id, {
      entry,
      grant: (ticket) => {
        settle();
        resolve(ticket);
      },
      refuse: (error) => {
        settle();
        if (givesUpFirst && error.code === 'queue_timeout') resolve(null);
        else reject(error);
      },
    });
  }

  /** Tells the scheduler that limits, residency or reachability changed. */
  fleetChanged(): void {
    if (this.#waiters.size > 0) this.#dispatch({ type: 'fleet-changed', at: this.#clock.now() });
  }

  load(): Load {
    return this.#scheduler.load();
  }

  #dispatch(event: SchedulerEvent): void {
    this.#applyAll(this.#scheduler.dispatch(event));
  }

  #applyAll(effects: readonly SchedulerEffect[]): void {
    for (const effect of effects) this.#apply(effect);
    this.#armTick();
  }

  #apply(effect: SchedulerEffect): void {
    const waiter = this.#waiters.get(effect.id);
    switch (effect.type) {
      case 'grant':
        // A slot granted to nobody would be lost: give it back at once.
        if (waiter) waiter.grant(this.#ticket(waiter.entry, effect.placement));
        else this.#dispatch({ type: 'leave', at: this.#clock.now(), id: effect.id });
        return;
      case 'reject':
        waiter?.refuse(new RouterError(effect.code, effect.message, { retryAfterMs: effect.retryAfterMs }));
        return;
      default:
        effect satisfies never;
    }
  }

  #ticket(entry: Entry, placement: Placement): Ticket {
    const { id, arrivedAt } = entry;
    let held = true;
    this.#granted(entry, placement);
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
