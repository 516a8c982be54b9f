/** Chooses among candidates that all have a free slot, and says why. */
import type { FleetView } from '../core/fleet.ts';
import type { Candidate, Placement, Term } from '../core/placement.ts';
import type { Signal, SignalView } from '../signals/signal.ts';
import type { Pin } from './affinity.ts';
import { candidateFacts, type CandidateFacts } from './candidate-facts.ts';
import type { Entry, Patience } from './routing.ts';

/** Work granted to a backend and not finished; tokens are estimates. */
export interface BackendWork {
  readonly running: number;
  readonly pendingPromptTokens: number;
  readonly pendingCompletionTokens: number;
}

export type PlacePolicy = 'adaptive' | 'least-busy';

export interface PlaceOptions {
  readonly policy: PlacePolicy;
  /** Only those whose unit is `ms` are summed. */
  readonly signals: readonly Signal[];
  fleet(): FleetView;
  work(backendId: string): BackendWork;
  slots(candidate: Candidate): number;
  /** How many requests of this model run there; absent: none. */
  running?(candidate: Candidate): number;
  /** How many wait for this model; absent: none. */
  queued?(modelKey: string): number;
  /** May work start there when a slot frees? Absent: nobody waits for a place that is better than a free one. */
  available?(candidate: Candidate): boolean;
  /** Where the conversation of a request was last; absent: nobody remembers. */
  pinned?(conversation: number): Pin | null;
  /** What the model is in memory with there, in tokens; undefined: nobody knows. Absent: contexts do not matter. */
  contextOf?(candidate: Candidate): number | undefined;
}

export type Place = (entry: Entry, free: readonly Candidate[], at?: number) => Placement | Patience | null;

/** A candidate as it stands at this moment. */
interface Sight {
  readonly candidate: Candidate;
  readonly facts: CandidateFacts;
  readonly runningModel: number;
}

interface Weighed extends Sight {
  readonly why: readonly Term[];
  /** Smaller is better. */
  readonly total: number;
  /** All requests that run on its backend. */
  readonly running: number;
}

/**
 * Where the model is in memory or on its way there goes first, then where it has to be loaded: it is loaded a second time
 * only when the places that have it are full. `adaptive`: the smallest expected time to the first token, for which a full
 * place is waited for. `least-busy`: where least runs.
 */
export function createPlace(options: PlaceOptions): Place {
  return new Placer(options).place;
}

const nothing: readonly Term[] = [];

class Placer {
  readonly #options: PlaceOptions;
  readonly #signals: readonly Signal[];
  readonly #mayVeto: boolean;
  readonly #factsOf: (candidate: Candidate) => CandidateFacts | null;

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.#signals = options.signals.filter((signal) => signal.unit === 'ms');
    this.#mayVeto = this.#signals.some((signal) => signal.vetoes === true);
    this.#factsOf = candidateFacts(() => options.fleet());
  }

  readonly place: Place = (entry, free, at) => {
    const [only] = free;
    // Without a choice there is nothing to weigh: most fleets have a model in one place.
    if (entry.candidates.length === 1 && only !== undefined && !this.#mayVeto) return this.#factsOf(only) === null ? null : placementOn(only, 0, nothing);
    const best = this.#bestOf(entry, free);
    if (best === null) return null;
    return this.#patience(entry, free, best, at) ?? placementOn(best.candidate, best.total, best.why);
  };

  #bestOf(entry: Entry, free: readonly Candidate[]): Weighed | null {
    const sights = free.flatMap((candidate) => this.#sightOf(candidate, entry) ?? []);
    const warm = sights.reduce((count, sight) => count + (isWarm(sight) ? 1 : 0), 0);
    const pin = this.#pinOf(entry);
    let best: Weighed | null = null;
    for (const sight of sights) {
      const weighed = this.#weigh(sight, this.#viewOf(entry, sight, warm > (isWarm(sight) ? 1 : 0), pin, 1));
      if (weighed !== null && (best === null || isBetter(weighed, best))) best = weighed;
    }
    return best;
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
      if (weighed !== null && weighed.total <= best.total) return { until };
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

  #weigh(sight: Sight, view: SignalView): Weighed | null {
    return this.#options.policy === 'adaptive' ? sumOf(this.#signals, sight, view) : leastBusy(sight, view);
  }

  /** `turns`: how often what is in front has to be done before this request's turn comes. */
  #viewOf(entry: Entry, { candidate, facts, runningModel }: Sight, warmElsewhere: boolean, pin: Pin | null, turns: number): SignalView {
    const work = this.#options.work(candidate.backendId);
    // Field by field: this runs for each candidate of each request, and spreading costs several times as much.
    return {
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
    };
  }
}

/** In memory, or on its way there. Of a server that cannot say nobody knows. */
function isWarm({ facts, runningModel }: Sight): boolean {
  return facts.resident === null ? runningModel > 0 : facts.resident !== 'unknown';
}

function wouldLoad({ facts, runningModel }: Sight): boolean {
  return facts.resident === null && runningModel === 0;
}

function placementOn({ backendId, nodeId, model, modelKey }: Candidate, total: number, why: readonly Term[]): Placement {
  return { backendId, nodeId, model, modelKey, total, why };
}

/** Null when a signal vetoes the candidate. */
function sumOf(signals: readonly Signal[], { candidate, facts, runningModel }: Sight, view: SignalView): Weighed | null {
  const why: Term[] = [];
  let total = 0;
  for (const signal of signals) {
    const value = signal.term(candidate, view);
    if (typeof value !== 'number') return null;
    total += value;
    why.push({ signal: signal.id, value, unit: signal.unit });
  }
  return { candidate, facts, runningModel, why, total, running: view.running };
}

/** Each outweighs any number of requests that run, so the sum orders by residency, then by conversation, then by load. */
const coldPoints = 1_000_000;
const pinPoints = 100_000;

function leastBusy({ candidate, facts, runningModel }: Sight, view: SignalView): Weighed {
  const loaded = view.resident !== null && view.resident !== 'unknown';
  const notLoaded = loaded ? 0 : view.resident === null && runningModel > 0 ? coldPoints / 2 : coldPoints;
  const pinned = view.resident !== null && view.readTokens > 0 ? -pinPoints : 0;
  const why: readonly Term[] = [
    { signal: 'not-loaded', value: notLoaded, unit: 'points' },
    { signal: 'affinity', value: pinned, unit: 'points' },
    { signal: 'running', value: view.running, unit: 'points' },
  ];
  return { candidate, facts, runningModel, why, total: notLoaded + pinned + view.running, running: view.running };
}

function isBetter(a: Weighed, b: Weighed): boolean {
  if (a.total !== b.total) return a.total < b.total;
  const [one, other] = [a.facts.backend, b.facts.backend];
  if (one.priority !== other.priority) return one.priority > other.priority;
  if (a.running !== b.running) return a.running < b.running;
  if (a.facts.takenBytes !== b.facts.takenBytes && wouldLoad(a) && wouldLoad(b)) return a.facts.takenBytes < b.facts.takenBytes;
  return a.candidate.backendId < b.candidate.backendId;
}
