/** The waiting list: who is next, who waits too long, how many wait of each kind. */
import type { Priority } from '../core/request.ts';
import { PassingMap } from '../util/passing-map.ts';
import { addTo } from './counts.ts';
import type { Entry } from './routing.ts';
import { slotKey } from './running-set.ts';

const priorityPoints: Readonly<Record<Priority, number>> = { low: 10, normal: 50, high: 90 };

export interface Waiter {
  readonly entry: Entry;
  /** Smaller is sooner. */
  readonly key: number;
  /** Order of arrival, which decides between equal keys. */
  readonly turn: number;
  /** Equal for entries that may run in the same places: where one finds nothing free, neither does the other. */
  readonly places: string;
}

/**
 * An entry's points grow by the same amount each second for all, so the order of two never changes while they wait:
 * points(t) = weight + rate · (t − arrivedAt), and comparing those is comparing arrivedAt − weight / rate, which stands
 * still. Without ageing the weight alone decides, then the order of arrival.
 */
function orderKey(entry: Entry, agingPointsPerSecond: number): number {
  const points = priorityPoints[entry.priority];
  return agingPointsPerSecond > 0 ? entry.arrivedAt - (points * 1000) / agingPointsPerSecond : -points;
}

function placesOf(candidates: Entry['candidates']): string {
  return candidates.map(slotKey).join('\t');
}

/** Kept in order at all times; entries leave from anywhere. */
export class WaitingLine {
  /** One list for good, changed where it is: copies that nobody needs any more would lead to requests that are over. */
  readonly #line: Waiter[] = [];
  #turns = 0;
  readonly #byId = new PassingMap<Waiter>();
  readonly #byModel = new Map<string, number>();
  readonly #boundedByUser = new Map<string, number>();
  #bounded = 0;
  /** Undefined: must be looked up again. */
  #nextDeadline: number | null | undefined = null;

  get length(): number {
    return this.#line.length;
  }

  /** How many wait that a full queue may turn away. */
  get bounded(): number {
    return this.#bounded;
  }

  /** A copy-free look at the line, in order; do not change the line while reading it. */
  inOrder(): readonly Waiter[] {
    return this.#line;
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id)?.entry;
  }

  ofModel(modelKey: string): number {
    return this.#byModel.get(modelKey) ?? 0;
  }

  boundedOfUser(user: string): number {
    return this.#boundedByUser.get(user) ?? 0;
  }

  /** The earliest moment at which an entry waits too long; null when none has a deadline. */
  nextDeadline(): number | null {
    if (this.#nextDeadline === undefined) {
      this.#nextDeadline = this.#line.reduce<number | null>((next, waiter) => earlier(next, waiter.entry.deadlineAt), null);
    }
    return this.#nextDeadline;
  }

  /** 1 is next of its model; 0: does not wait. */
  position(id: string): number {
    const waiter = this.#byId.get(id);
    if (!waiter) return 0;
    const before = this.#line.slice(0, this.#indexOf(waiter));
    return 1 + before.filter((one) => one.entry.modelKey === waiter.entry.modelKey).length;
  }

  add(entry: Entry, agingPointsPerSecond: number): void {
    const waiter = { entry, key: orderKey(entry, agingPointsPerSecond), turn: this.#turns++, places: placesOf(entry.candidates) };
    this.#line.splice(this.#indexOf(waiter), 0, waiter);
    this.#byId.set(entry.id, waiter);
    this.#count(entry, 1);
    if (this.#nextDeadline !== undefined) this.#nextDeadline = earlier(this.#nextDeadline, entry.deadlineAt);
  }

  /** Entries may run where they could not before, or no longer where they could. One that could run nowhere keeps what it had. Nobody loses their place. */
  followCandidates(): void {
    for (const [index, waiter] of this.#line.entries()) {
      const candidates = waiter.entry.candidatesNow?.() ?? [];
      const places = placesOf(candidates);
      if (candidates.length === 0 || places === waiter.places) continue;
      const moved = { ...waiter, entry: { ...waiter.entry, candidates }, places };
      this.#byId.set(waiter.entry.id, moved);
      this.#line[index] = moved;
    }
  }

  remove(id: string): void {
    const waiter = this.#byId.get(id);
    if (!waiter) return;
    this.#line.splice(this.#indexOf(waiter), 1);
    this.#forget(waiter.entry);
  }

  /** Takes out every entry that `leaves` names, and returns them in order. */
  removeWhere(leaves: (entry: Entry) => boolean): readonly Entry[] {
    const gone: Entry[] = [];
    let kept = 0;
    for (const waiter of this.#line) {
      if (leaves(waiter.entry)) gone.push(waiter.entry);
      else this.#line[kept++] = waiter;
    }
    this.#line.length = kept;
    for (const entry of gone) this.#forget(entry);
    return gone;
  }

  /** Where the waiter stands, or would. */
  #indexOf(waiter: Waiter): number {
    let low = 0;
    let high = this.#line.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#line[middle];
      if (other !== undefined && (other.key < waiter.key || (other.key === waiter.key && other.turn < waiter.turn))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #forget(entry: Entry): void {
    this.#byId.take(entry.id);
    this.#count(entry, -1);
    if (entry.deadlineAt !== null && entry.deadlineAt === this.#nextDeadline) this.#nextDeadline = undefined;
  }

  #count(entry: Entry, change: 1 | -1): void {
    addTo(this.#byModel, entry.modelKey, change);
    if (!entry.bounded) return;
    this.#bounded += change;
    addTo(this.#boundedByUser, entry.user, change);
  }
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
