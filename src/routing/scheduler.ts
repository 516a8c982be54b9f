/** Decides who waits, in what order, and who starts when; pure but for its own two lists. */
import { RouterError } from '../core/errors.ts';
import type { Candidate, Placement } from '../core/placement.ts';
import type { BackendWork, Slot } from './place.ts';
import type { Entry, Load, Patience, Scheduler, SchedulerEffect, SchedulerEvent, SchedulerLimits } from './routing.ts';
import { RunningSet, slotKey } from './running-set.ts';
import { WaitingLine } from './waiting-line.ts';

/** A scheduler that also tells how much work each backend has, for placing more. */
export interface WorkingScheduler extends Scheduler {
  work(backendId: string): BackendWork;
  /** How many requests of this model run on this backend. */
  running(slot: Slot): number;
  /** How many requests run on this machine. */
  runningOnNode(nodeId: string): number;
}

/**
 * The rules, all held at every moment:
 * - the line is ordered by priority with ageing; the first that fits starts, whoever fits behind it may start too;
 * - never more than the slots of a model on a backend, nor more in all than `globalMaxConcurrent`;
 * - an exclusive model runs alone on its node; while one waits for a node to become empty, nothing behind it starts there;
 * - a backend on trial gets one request at a time, and one of each model that is on trial there;
 * - who could start and is told that a better place will be free soon waits for it, until then at the latest;
 * - who can start on arrival is never refused; who must wait may be, by the bounds; nobody starts at or after his deadline.
 */
export function createScheduler(limits: SchedulerLimits): WorkingScheduler {
  return new LineScheduler(limits);
}

const nothing: readonly never[] = [];

type Reject = Extract<SchedulerEffect, { type: 'reject' }>;

class LineScheduler implements WorkingScheduler {
  readonly #limits: SchedulerLimits;
  readonly #waiting = new WaitingLine();
  readonly #running = new RunningSet();
  readonly #load: Load;
  /** The end of the first patience; null: nobody waits by choice. */
  #lookAgainAt: number | null = null;

  constructor(limits: SchedulerLimits) {
    this.#limits = limits;
    const waiting = this.#waiting;
    const running = this.#running;
    this.#load = {
      get totalQueued() {
        return waiting.length;
      },
      get totalRunning() {
        return running.size;
      },
      queued: (modelKey) => waiting.ofModel(modelKey),
      running: (modelKey) => running.ofModel(modelKey),
      runningByBackend: () => running.byBackend(),
      runningAt: (place) => running.ofSlot(place),
      waiting: () => waiting.inOrder().map(({ entry }) => entry),
    };
  }

  dispatch(event: SchedulerEvent): readonly SchedulerEffect[] {
    const late = this.#expire(event.at);
    switch (event.type) {
      case 'arrive':
        return late.length === 0 ? this.#arrive(event.entry, event.at, false) : [...late, ...this.#arrive(event.entry, event.at, true)];
      case 'leave':
        return late.length === 0 ? this.#leave(event.id, event.at, false) : [...late, ...this.#leave(event.id, event.at, true)];
      case 'fleet-changed':
        this.#waiting.followCandidates();
        return [...late, ...this.#start(null, event.at)];
      case 'tick':
        return [...late, ...this.#start(null, event.at)];
      default:
        return event satisfies never;
    }
  }

  /** The present figures; they move on with the next event. */
  load(): Load {
    return this.#load;
  }

  nextDeadline(): number | null {
    if (this.#waiting.length === 0) return null;
    const deadline = this.#waiting.nextDeadline();
    const lookAgainAt = this.#lookAgainAt;
    return lookAgainAt === null || (deadline !== null && deadline < lookAgainAt) ? deadline : lookAgainAt;
  }

  position(id: string): number {
    return this.#waiting.position(id);
  }

  work(backendId: string): BackendWork {
    return this.#running.work(backendId);
  }

  running(slot: Slot): number {
    return this.#running.ofSlot(slot);
  }

  runningOnNode(nodeId: string): number {
    return this.#running.ofNode(nodeId);
  }

  #expire(at: number): readonly Reject[] {
    const next = this.#waiting.nextDeadline();
    if (next === null || at < next) return [];
    const late = this.#waiting.removeWhere((entry) => entry.deadlineAt !== null && at >= entry.deadlineAt);
    return late.map((entry) => this.#tooLate(entry));
  }

  #arrive(entry: Entry, at: number, linePassed: boolean): readonly SchedulerEffect[] {
    if (this.#running.has(entry.id) || this.#waiting.get(entry.id)) throw new RouterError('internal', `Request ${entry.id} is in the scheduler already.`);
    const atOnce = this.#waiting.length === 0 ? this.#startAlone(entry, at) : null;
    if (atOnce !== null) return [atOnce];
    // Before it stands in line, or it would count as one of those in front of itself.
    const refusal = this.#refusal(entry) ?? (entry.deadlineAt !== null && at >= entry.deadlineAt ? this.#tooLate(entry) : null);
    this.#waiting.add(entry, this.#limits.agingPointsPerSecond);
    // Whatever could start has started; only the newcomer, or those in line before it on its nodes, may be next.
    const where = linePassed ? null : nodesOf(entry);
    const grants = linePassed || this.#anyFree(entry) ? this.#start(where, at, refusal === null ? null : entry.id) : [];
    if (refusal === null || !this.#waiting.get(entry.id)) return grants;
    this.#waiting.remove(entry.id);
    // Nor does it keep nodes empty any more.
    return this.#wantsNode(entry) ? [...grants, refusal, ...this.#start(null, at)] : [...grants, refusal];
  }

  /** `linePassed`: entries were taken out of the line already, so that others may start anywhere. */
  #leave(id: string, at: number, linePassed: boolean): readonly SchedulerEffect[] {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      this.#waiting.remove(id);
      return linePassed || this.#wantsNode(waiting) ? this.#start(null, at) : [];
    }
    const wasFull = this.#isFull();
    const placement = this.#running.remove(id);
    if (placement === null) return linePassed ? this.#start(null, at) : [];
    if (this.#waiting.length === 0) return nothing;
    return this.#start(wasFull || linePassed ? null : new Set([placement.nodeId]), at);
  }

  /** The short way when nobody waits. */
  #startAlone(entry: Entry, at: number): SchedulerEffect | null {
    if (this.#isFull()) return null;
    const [only] = entry.candidates;
    const placement = entry.candidates.length === 1 && only !== undefined ? this.#placementOn(only, entry, at) : this.#placementFor(entry, new Round(), at);
    return placement === null ? null : this.#grant(entry, placement);
  }

  #grant(entry: Entry, placement: Placement): SchedulerEffect {
    const candidate = candidateAt(entry, placement);
    this.#running.add(entry, placement, this.#limits.exclusive(placement.modelKey), this.#limits.trial?.(candidate) ?? false, this.#limits.modelTrial?.(candidate) ?? false);
    return { type: 'grant', id: entry.id, placement };
  }

  /** Starts, in order, whoever fits. `nodes`: only there did anything become free; null: look everywhere. `hurried` may not wait. */
  #start(nodes: ReadonlySet<string> | null, at: number, hurried: string | null = null): readonly SchedulerEffect[] {
    if (nodes === null) this.#lookAgainAt = null;
    if (this.#waiting.length === 0) return [];
    const grants: SchedulerEffect[] = [];
    const started = new Set<string>();
    const round = new Round();
    let where = nodes;
    for (const { entry, places } of this.#waiting.inOrder()) {
      if (this.#isFull()) break;
      if (round.hopeless.has(places)) continue;
      const concerned = where === null || entry.candidates.some((candidate) => where?.has(candidate.nodeId));
      const placement = concerned ? this.#placementFor(entry, round, entry.id === hurried ? undefined : at) : null;
      if (placement === null) {
        this.#reserve(entry, round);
        // What `place` refuses it refuses to this entry; only a place that is not free is lost to all.
        if (!concerned || !this.#anyFree(entry)) round.hopeless.add(places);
        continue;
      }
      started.add(entry.id);
      grants.push(this.#grant(entry, placement));
      if (where !== null && this.#wantsNode(entry)) {
        // It no longer keeps other nodes empty for itself: those passed over may start now.
        where = null;
        round.hopeless.clear();
      }
    }
    if (started.size > 0) this.#waiting.removeWhere((entry) => started.has(entry.id));
    return grants;
  }

  /** The first model in the entry's order that has a free slot which may be used. */
  #placementFor(entry: Entry, round: Round, at: number | undefined): Placement | null {
    for (const group of byModel(entry.candidates)) {
      const free = group.filter((candidate) => this.#isFree(candidate, round));
      const chosen = free.length === 0 ? null : this.#limits.place(entry, free, at);
      if (chosen !== null) return this.#unlessPatient(chosen);
    }
    return null;
  }

  #unlessPatient(chosen: Placement | Patience): Placement | null {
    if (!('until' in chosen)) return chosen;
    this.#lookAgainAt = Math.min(this.#lookAgainAt ?? Number.POSITIVE_INFINITY, chosen.until);
    return null;
  }

  /** What is not free stays so for the rest of a round: work only starts in it, and nodes only become reserved. */
  #isFree(candidate: Candidate, round: Round): boolean {
    if (round.reserved.has(candidate.nodeId)) return false;
    const key = slotKey(candidate);
    if (round.taken.has(key)) return false;
    const free = this.#hasSlot(candidate) && this.#limits.available(candidate);
    if (!free) round.taken.add(key);
    return free;
  }

  /** For an entry with one candidate and nobody before it. */
  #placementOn(candidate: Candidate, entry: Entry, at: number): Placement | null {
    const chosen = this.#hasSlot(candidate) && this.#limits.available(candidate) ? this.#limits.place(entry, entry.candidates, at) : null;
    return chosen === null ? null : this.#unlessPatient(chosen);
  }

  #hasSlot(candidate: Candidate): boolean {
    if (this.#running.isTaken(candidate.nodeId)) return false;
    if (this.#running.isTried(candidate.backendId) && this.#limits.trial?.(candidate) === true) return false;
    if (this.#limits.modelTrial?.(candidate) === true && this.#running.isModelTried(candidate)) return false;
    if (this.#limits.exclusive(candidate.modelKey) && this.#running.ofNode(candidate.nodeId) > 0) return false;
    return this.#running.ofSlot(candidate) < this.#limits.slots(candidate);
  }

  /** Keeps nodes free of later work for an exclusive entry that only waits for them to become empty. */
  #reserve(entry: Entry, round: Round): void {
    for (const candidate of entry.candidates) {
      const waitsForNode = this.#limits.exclusive(candidate.modelKey) && this.#running.ofNode(candidate.nodeId) > 0;
      if (waitsForNode && this.#limits.slots(candidate) > 0 && this.#limits.available(candidate)) round.reserved.add(candidate.nodeId);
    }
  }

  #wantsNode(entry: Entry): boolean {
    return entry.candidates.some((candidate) => this.#limits.exclusive(candidate.modelKey));
  }

  #anyFree(entry: Entry): boolean {
    const round = new Round();
    return !this.#isFull() && entry.candidates.some((candidate) => this.#isFree(candidate, round));
  }

  #isFull(): boolean {
    const most = this.#limits.globalMaxConcurrent;
    return most !== null && this.#running.size >= most;
  }

  /** Why the entry may not wait; null when it may. A model of which nothing runs or waits is not refused for others' sake. */
  #refusal(entry: Entry): Reject | null {
    if (!entry.bounded) return null;
    const perUser = this.#limits.perUserMaxQueued;
    if (perUser !== null && this.#waiting.boundedOfUser(entry.user) >= perUser) {
      return this.#reject(entry, 'rate_limited', `You have ${perUser} requests waiting already, as many as one user may have.`);
    }
    const most = this.#limits.globalMaxQueued;
    const idle = this.#waiting.ofModel(entry.modelKey) === 0 && this.#running.ofModel(entry.modelKey) === 0;
    if (this.#waiting.bounded < most || (idle && most > 0)) return null;
    return this.#reject(entry, 'queue_full', `The queue of ${entry.modelKey} is full: ${this.#waiting.bounded} requests wait, and ${most} may.`);
  }

  #tooLate(entry: Entry): Reject {
    const waitedMs = Math.max(0, Math.round((entry.deadlineAt ?? entry.arrivedAt) - entry.arrivedAt));
    return this.#reject(entry, 'queue_timeout', `No backend became free for ${entry.modelKey} within ${waitedMs} ms.`);
  }

  /** The longer the line for what runs, the later it is worth coming back: about a second a turn, at most a minute. */
  #reject(entry: Entry, code: Reject['code'], message: string): Reject {
    const turns = Math.ceil((this.#waiting.length + 1) / Math.max(1, this.#running.size));
    return { type: 'reject', id: entry.id, code, message, retryAfterMs: 1000 * Math.min(60, Math.max(1, turns)) };
  }
}

/** What is known not to be free while one event is handled. */
class Round {
  readonly reserved = new Set<string>();
  readonly taken = new Set<string>();
  /** `places` of entries that found nothing. */
  readonly hopeless = new Set<string>();
}

/** The candidate itself, which whoever knows the limits has met before; a placement is new each time. */
function candidateAt({ candidates }: Entry, placement: Placement): Candidate {
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined) return only;
  return candidates.find((one) => one.backendId === placement.backendId && one.modelKey === placement.modelKey) ?? placement;
}

function nodesOf(entry: Entry): ReadonlySet<string> {
  return new Set(entry.candidates.map((candidate) => candidate.nodeId));
}

/** Runs of the same model, in order. */
function byModel(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups: Candidate[][] = [];
  for (const candidate of candidates) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.modelKey === candidate.modelKey) last.push(candidate);
    else groups.push([candidate]);
  }
  return groups;
}
