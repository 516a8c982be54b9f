/** Chooses among candidates that all have a free slot, and says why. */
import type { FleetView } from '../core/fleet.ts';
import type { Candidate, Considered, Placement, Term } from '../core/placement.ts';
import type { Signal, SignalView } from '../signals/signal.ts';
import type { Pin } from './affinity.ts';
import { candidateFacts, type CandidateFacts, type RoomFacts } from './candidate-facts.ts';
import type { Entry, Patience } from './routing.ts';
import { consideredAs, isBetter, isWarm, leastBusy, type Ruled, type Sight, sumOf, type Weighed, whyBusy, whyUnavailable, wouldLoad } from './weigh.ts';

/** Work granted to a backend and not finished; tokens are estimates. */
export interface BackendWork {
  readonly running: number;
  readonly pendingPromptTokens: number;
  readonly pendingCompletionTokens: number;
}

export type PlacePolicy = 'adaptive' | 'signals' | 'least-busy';

/** A model on a backend. */
export type Slot = Pick<Candidate, 'backendId' | 'modelKey'>;

export interface PlaceOptions {
  readonly policy: PlacePolicy;
  /** Those are summed whose unit is the policy's: `ms` for `adaptive`, `points` for `signals`. */
  readonly signals: readonly Signal[];
  fleet(): FleetView;
  work(backendId: string): BackendWork;
  slots(candidate: Candidate): number;
  /** How many requests of this model run there; absent: none. */
  running?(slot: Slot): number;
  /** How many requests run on this machine; absent: none. */
  runningOnNode?(nodeId: string): number;
  /** How many wait for this model; absent: none. */
  queued?(modelKey: string): number;
  /** May work start there when a slot frees? Absent: nobody waits for a place that is better than a free one. */
  available?(candidate: Candidate): boolean;
  /** Where the conversation of a request was last; absent: nobody remembers. */
  pinned?(conversation: number): Pin | null;
  /** What the model is in memory with there, in tokens; undefined: nobody knows. Absent: contexts do not matter. */
  contextOf?(candidate: Candidate): number | undefined;
  /** Epoch milliseconds; absent: nothing that was in memory before counts. */
  now?(): number;
}

export type Place = (entry: Entry, free: readonly Candidate[], at?: number) => Placement | Patience | null;

/**
 * Where the model is in memory or on its way there goes first, then where it has to be loaded: it is loaded a second time
 * only when the places that have it are full. `adaptive`: the smallest expected time to the first token, for which a full
 * place is waited for. `signals`: the most points. `least-busy`: where least runs.
 */
export function createPlace(options: PlaceOptions): Place {
  return new Placer(options).place;
}

const nothing: readonly Term[] = [];
/** As often as the old system looked (contract fleet part 2.3). */
const lookAgainMs = 2000;
/** Traces tell of no more. */
const mostConsidered = 32;

class Placer {
  readonly #options: PlaceOptions;
  readonly #signals: readonly Signal[];
  readonly #byPoints: boolean;
  readonly #mayVeto: boolean;
  readonly #factsOf: (candidate: Candidate) => CandidateFacts | null;

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.#byPoints = options.policy === 'signals';
    const unit = this.#byPoints ? 'points' : 'ms';
    this.#signals = options.signals.filter((signal) => signal.unit === unit);
    this.#mayVeto = this.#byPoints || this.#signals.some((signal) => signal.vetoes === true);
    this.#factsOf = candidateFacts(() => options.fleet(), this.#byPoints);
  }

  readonly place: Place = (entry, free, at) => {
    const [only] = free;
    // Without a choice there is nothing to weigh: most fleets have a model in one place.
    if (entry.candidates.length === 1 && only !== undefined && !this.#mayVeto) return this.#factsOf(only) === null ? null : placementOn(only, 0, nothing);
    const told: Considered[] | null = entry.candidates.length === 1 ? null : [];
    const best = this.#bestOf(entry, free, told);
    if (best === null) return this.#lookAgain(entry, only, at);
    return this.#patience(entry, free, best, at) ?? this.#placement(entry, free, best, told);
  };

  /** Memory and availability change without a word: who may run nowhere else looks again soon. */
  #lookAgain({ candidates }: Entry, only: Candidate | undefined, at: number | undefined): Patience | null {
    const last = candidates.at(-1);
    return this.#byPoints && at !== undefined && only !== undefined && last?.modelKey === only.modelKey ? { until: at + lookAgainMs } : null;
  }

  #placement(entry: Entry, free: readonly Candidate[], best: Weighed, told: Considered[] | null): Placement {
    const { backendId, nodeId, model, modelKey } = best.candidate;
    if (told !== null) this.#tellOthers(entry, free, told);
    const plain = { backendId, nodeId, model, modelKey, total: best.total, why: best.why };
    const considered = told === null ? undefined : bounded(told, best.candidate);
    if (this.#byPoints) return { ...plain, score: Math.round(best.total), ...(considered === undefined ? {} : { considered }) };
    return { backendId, nodeId, model, modelKey, total: best.total, why: best.why, considered };
  }

  /** `told` is given all that is looked at. */
  #bestOf(entry: Entry, free: readonly Candidate[], told: Considered[] | null): Weighed | null {
    const sights = free.flatMap((candidate) => this.#sightOf(candidate, entry) ?? []);
    const warm = sights.reduce((count, sight) => count + (isWarm(sight) ? 1 : 0), 0);
    const pin = this.#pinOf(entry);
    let best: Weighed | null = null;
    for (const sight of sights) {
      const weighed = this.#weigh(sight, this.#viewOf(entry, sight, warm > (isWarm(sight) ? 1 : 0), pin, 1));
      if (told !== null) told.push(consideredAs(weighed));
      if (weighed.veto === undefined && (best === null || isBetter(weighed, best))) best = weighed;
    }
    return best;
  }

  /** Those of this model, and of models wanted before it, that could not be taken. */
  #tellOthers(entry: Entry, free: readonly Candidate[], told: Considered[]): void {
    const wanted = free[0]?.modelKey;
    if (free.length === entry.candidates.length) return;
    let reached = false;
    for (const candidate of entry.candidates) {
      if (told.length >= mostConsidered || (reached && candidate.modelKey !== wanted)) return;
      reached ||= candidate.modelKey === wanted;
      if (!free.includes(candidate)) told.push({ backendId: candidate.backendId, nodeId: candidate.nodeId, model: candidate.model, terms: nothing, veto: this.#whyNot(entry, candidate) });
    }
  }

  #whyNot(entry: Entry, candidate: Candidate): string {
    const sight = this.#sightOf(candidate, entry);
    if (sight === null) return 'it is gone';
    if (this.#options.available?.(candidate) === false) return whyUnavailable(sight, this.#options.fleet());
    if (sight.runningModel >= this.#options.slots(candidate)) return `all its slots are taken (${sight.runningModel})`;
    const weighed = this.#weigh(sight, this.#viewOf(entry, sight, false, null, 1));
    return weighed.veto ?? whyBusy(sight);
  }

  /**
   * Loading the model once more is put off while a place that has it, and is full of it, is expected to be quicker. Nobody
   * waits for it longer than the load would have taken, nor into his deadline.
   */
  #patience(entry: Entry, free: readonly Candidate[], best: Weighed, at: number | undefined): Patience | null {
    const { available } = this.#options;
    if (this.#options.policy !== 'adaptive' || at === undefined || available === undefined || !wouldLoad(best)) return null;
    const until = entry.arrivedAt + best.total;
    if (at >= until || (entry.deadlineAt !== null && until >= entry.deadlineAt)) return null;
    const pin = this.#pinOf(entry);
    for (const candidate of entry.candidates) {
      if (candidate.modelKey !== best.candidate.modelKey || free.includes(candidate) || !available(candidate)) continue;
      const sight = this.#sightOf(candidate, entry);
      const slots = this.#options.slots(candidate);
      if (sight === null || !isWarm(sight) || slots < 1 || sight.runningModel < slots) continue;
      // Those in line before it take the slots that come free first.
      const turns = 1 + Math.floor(Math.max(0, (this.#options.queued?.(candidate.modelKey) ?? 0) - 1) / slots);
      const weighed = this.#weigh(sight, this.#viewOf(entry, sight, false, pin, turns));
      if (weighed.veto === undefined && weighed.cost <= best.cost) return { until };
    }
    return null;
  }

  #sightOf(candidate: Candidate, entry: Entry): Sight | null {
    const facts = this.#factsOf(candidate);
    if (facts === null) return null;
    // What is in memory with too short a context has to be loaded anew: to this request it is as if it were not there.
    if (facts.resident !== 'unknown' && this.#isShort(candidate, entry)) return { candidate, facts: { ...facts, resident: null }, runningModel: 0 };
    return { candidate, facts, runningModel: this.#options.running?.(candidate) ?? 0 };
  }

  /** A need that nobody named is an estimate: it matters only where another place has enough for it. */
  #isShort(candidate: Candidate, { contextNeed, candidates }: Entry): boolean {
    if (contextNeed === undefined || this.#options.contextOf === undefined) return false;
    const contextOf = (one: Candidate): number | undefined => this.#options.contextOf?.(one);
    const context = contextOf(candidate);
    if (context === undefined || context >= contextNeed.tokens) return false;
    return contextNeed.asked || candidates.some((one) => one.modelKey === candidate.modelKey && (contextOf(one) ?? 0) >= contextNeed.tokens);
  }

  #pinOf({ conversation }: Entry): Pin | null {
    return conversation === undefined ? null : (this.#options.pinned?.(conversation) ?? null);
  }

  #weigh(sight: Sight, view: SignalView): Weighed | Ruled {
    if (this.#options.policy === 'least-busy') return leastBusy(sight, view);
    return sumOf(this.#signals, sight, view, this.#byPoints ? -1 : 1);
  }

  /** `turns`: how often what is in front has to be done before this request's turn comes. */
  #viewOf(entry: Entry, { candidate, facts, runningModel }: Sight, warmElsewhere: boolean, pin: Pin | null, turns: number): SignalView {
    const work = this.#options.work(candidate.backendId);
    // Field by field: this runs for each candidate of each request, and spreading costs several times as much.
    const view: SignalView = {
      backend: facts.backend,
      resident: facts.resident,
      speed: this.#options.fleet().speed(candidate.backendId, candidate.model),
      sizeBytes: facts.sizeBytes,
      runningModel,
      warmElsewhere,
      readTokens: pin !== null && pin.backendId === candidate.backendId && pin.model === candidate.model ? pin.tokens : 0,
      running: work.running,
      pendingPromptTokens: turns * work.pendingPromptTokens,
      pendingCompletionTokens: turns * work.pendingCompletionTokens,
      slots: this.#options.slots(candidate),
      promptTokens: entry.promptTokens,
      ownerUse: facts.ownerUse,
    };
    return facts.room === null ? view : Object.assign(view, this.#roomViewOf(candidate, facts.resident, facts.room));
  }

  /** What only the signals in points look at. */
  #roomViewOf({ backendId, nodeId, model }: Candidate, resident: SignalView['resident'], { machine, held, memoryBytes }: RoomFacts): Partial<SignalView> {
    const { now, fleet, runningOnNode } = this.#options;
    const leftAt = resident === null ? fleet().leftMemoryAt?.(backendId, model) : undefined;
    return {
      machine,
      runningOnNode: runningOnNode?.(nodeId) ?? 0,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(leftAt === undefined || now === undefined ? {} : { leftMemoryMsAgo: Math.max(0, now() - leftAt) }),
      ...(resident === null && machine !== null ? { idleBytes: this.#idleBytes(held) } : {}),
    };
  }

  #idleBytes(held: RoomFacts['held']): number {
    return held.reduce((sum, one) => sum + ((this.#options.running?.(one) ?? 0) > 0 ? 0 : one.bytes), 0);
  }
}

function placementOn({ backendId, nodeId, model, modelKey }: Candidate, total: number, why: readonly Term[]): Placement {
  return { backendId, nodeId, model, modelKey, total, why };
}

/** The chosen one is always among them. */
function bounded(told: readonly Considered[], { backendId }: Candidate): readonly Considered[] {
  if (told.length <= mostConsidered) return told;
  const kept = told.slice(0, mostConsidered);
  const chosen = told.find((one) => one.backendId === backendId && one.veto === undefined);
  return chosen === undefined || kept.includes(chosen) ? kept : [...kept.slice(1), chosen];
}
