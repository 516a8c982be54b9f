/** Chooses among candidates that all have a free slot, and says why. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate, Placement, Term } from '../core/placement.ts';
import type { Signal, SignalView } from '../signals/signal.ts';
import { listingsOf } from './listings.ts';
import type { Entry } from './routing.ts';
import { residencyOf } from './spec-view.ts';

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
}

export type Place = (entry: Entry, free: readonly Candidate[]) => Placement | null;

interface Weighed {
  readonly candidate: Candidate;
  readonly view: SignalView;
  readonly why: readonly Term[];
  /** Smaller is better. */
  readonly total: number;
}

/** `adaptive`: the smallest expected time to the first token. `least-busy`: where the model is loaded, then where least runs. */
export function createPlace(options: PlaceOptions): Place {
  const signals = options.signals.filter((signal) => signal.unit === 'ms');
  const weigh = options.policy === 'adaptive' ? (candidate: Candidate, view: SignalView) => sumOf(signals, candidate, view) : leastBusy;
  const mayVeto = signals.some((signal) => signal.vetoes === true);
  return (entry, free) => {
    const fleet = options.fleet();
    const [only] = free;
    // Without a choice there is nothing to weigh: most fleets have a model in one place.
    if (free.length === 1 && only !== undefined && !mayVeto) {
      return fleet.backends.some((backend) => backend.id === only.backendId) ? placementOn(only, 0, nothing) : null;
    }
    let best: Weighed | null = null;
    for (const candidate of free) {
      const backend = fleet.backends.find((one) => one.id === candidate.backendId);
      if (!backend) continue;
      const weighed = weigh(candidate, signalView(entry, candidate, backend, fleet, options));
      if (weighed !== null && (best === null || isBetter(weighed, best))) best = weighed;
    }
    return best === null ? null : placementOn(best.candidate, best.total, best.why);
  };
}

const nothing: readonly Term[] = [];

function placementOn({ backendId, nodeId, model, modelKey }: Candidate, total: number, why: readonly Term[]): Placement {
  return { backendId, nodeId, model, modelKey, total, why };
}

/** Null when a signal vetoes the candidate. */
function sumOf(signals: readonly Signal[], candidate: Candidate, view: SignalView): Weighed | null {
  const why: Term[] = [];
  for (const signal of signals) {
    const value = signal.term(candidate, view);
    if (typeof value !== 'number') return null;
    why.push({ signal: signal.id, value, unit: signal.unit });
  }
  return { candidate, view, why, total: why.reduce((sum, term) => sum + term.value, 0) };
}

/** A cold start outweighs any number of requests that run, so the sum orders by residency first. */
const coldPoints = 1_000_000;

function leastBusy(candidate: Candidate, view: SignalView): Weighed {
  const why: readonly Term[] = [
    { signal: 'not-loaded', value: view.resident === null || view.resident === 'unknown' ? coldPoints : 0, unit: 'points' },
    { signal: 'running', value: view.running, unit: 'points' },
  ];
  return { candidate, view, why, total: why.reduce((sum, term) => sum + term.value, 0) };
}

function isBetter(a: Weighed, b: Weighed): boolean {
  if (a.total !== b.total) return a.total < b.total;
  if (a.view.backend.priority !== b.view.backend.priority) return a.view.backend.priority > b.view.backend.priority;
  if (a.view.running !== b.view.running) return a.view.running < b.view.running;
  return a.candidate.backendId < b.candidate.backendId;
}

function signalView(entry: Entry, candidate: Candidate, backend: BackendState, fleet: FleetView, options: PlaceOptions): SignalView {
  const resident = residencyOf(backend, candidate.modelKey);
  const listed = listingsOf(candidate.modelKey, fleet).find((one) => one.backend === backend)?.model;
  const work = options.work(candidate.backendId);
  // Field by field: this runs for each candidate of each request, and spreading costs several times as much.
  return {
    backend,
    resident,
    speed: fleet.speed(candidate.backendId, candidate.model),
    sizeBytes: listed?.sizeBytes ?? (resident === null || resident === 'unknown' ? undefined : resident.sizeBytes),
    running: work.running,
    pendingPromptTokens: work.pendingPromptTokens,
    pendingCompletionTokens: work.pendingCompletionTokens,
    slots: options.slots(candidate),
    promptTokens: entry.promptTokens,
  };
}
