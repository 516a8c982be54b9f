/** Rates a candidate by each of the policies, and tells every part of the sum. */
import type { FleetView } from '../core/fleet.ts';
import type { Candidate, Considered, Term } from '../core/placement.ts';
import type { Signal, SignalView } from '../signals/signal.ts';
import { restOf } from '../util/left-alone.ts';
import { type NoWork, whyNoWork } from '../util/takes-work.ts';
import type { CandidateFacts } from './candidate-facts.ts';

/** A candidate as it stands at this moment. */
export interface Sight {
  readonly candidate: Candidate;
  readonly facts: CandidateFacts;
  readonly runningModel: number;
}

export interface Weighed extends Sight {
  readonly veto: undefined;
  readonly why: readonly Term[];
  /** In the policy's unit. */
  readonly total: number;
  /** Smaller is better, whatever the unit. */
  readonly cost: number;
  /** Tokens of the conversation that were read there. */
  readonly readTokens: number;
  /** All requests that run on its backend. */
  readonly running: number;
}

/** A candidate that must not be used now. */
export interface Ruled extends Sight {
  readonly why: readonly Term[];
  readonly veto: string;
}

/** In memory, or on its way there. Of a server that cannot say nobody knows. */
export function isWarm({ facts, runningModel }: Sight): boolean {
  return facts.resident === null ? runningModel > 0 : facts.resident !== 'unknown';
}

export function wouldLoad({ facts, runningModel }: Sight): boolean {
  return facts.resident === null && runningModel === 0;
}

/** `sign`: 1 where less is better, -1 where more is. */
export function sumOf(signals: readonly Signal[], { candidate, facts, runningModel }: Sight, view: SignalView, sign: 1 | -1): Weighed | Ruled {
  const why: Term[] = [];
  let total = 0;
  for (const signal of signals) {
    const value = signal.term(candidate, view);
    if (typeof value !== 'number') return { candidate, facts, runningModel, why, veto: value.veto };
    total += value;
    why.push({ signal: signal.id, value, unit: signal.unit });
  }
  return { candidate, facts, runningModel, why, total, cost: sign * total, veto: undefined, readTokens: view.readTokens, running: view.running };
}

/** Each outweighs any number of requests that run, so the sum orders by residency, then by conversation, then by load. */
const coldPoints = 1_000_000;
const pinPoints = 100_000;
/** An owner who needs nearly all of a machine counts as so many requests. */
const ownerPoints = 2;

export function leastBusy({ candidate, facts, runningModel }: Sight, view: SignalView): Weighed {
  const loaded = view.resident !== null && view.resident !== 'unknown';
  const notLoaded = loaded ? 0 : view.resident === null && runningModel > 0 ? coldPoints / 2 : coldPoints;
  const pinned = view.resident !== null && view.readTokens > 0 ? -pinPoints : 0;
  const owner = ownerPoints * (view.ownerUse ?? 0);
  const why: readonly Term[] = [
    { signal: 'not-loaded', value: notLoaded, unit: 'points' },
    { signal: 'affinity', value: pinned, unit: 'points' },
    { signal: 'running', value: view.running, unit: 'points' },
    ...(owner === 0 ? [] : [{ signal: 'owner', value: owner, unit: 'points' } as const]),
  ];
  const total = notLoaded + pinned + view.running + owner;
  return { candidate, facts, runningModel, why, total, cost: total, veto: undefined, readTokens: view.readTokens, running: view.running };
}

export function isBetter(a: Weighed, b: Weighed): boolean {
  if (a.cost !== b.cost) return a.cost < b.cost;
  if (a.readTokens !== b.readTokens) return a.readTokens > b.readTokens;
  const [one, other] = [a.facts.backend, b.facts.backend];
  if (one.priority !== other.priority) return one.priority > other.priority;
  if (a.running !== b.running) return a.running < b.running;
  if (a.facts.takenBytes !== b.facts.takenBytes && wouldLoad(a) && wouldLoad(b)) return a.facts.takenBytes < b.facts.takenBytes;
  return a.candidate.backendId < b.candidate.backendId;
}

const noWork: Readonly<Record<NoWork, string>> = {
  waiting: 'nobody has approved its node yet',
  offline: 'its node is offline',
  draining: 'its node is being drained',
  paused: 'its owner needs the node',
  memory: 'its memory is all but used up',
};

/** Of a place where nothing may start now. */
export function whyUnavailable({ candidate, facts: { backend } }: Sight, fleet: FleetView): string {
  if (backend.status === 'down') return 'it is down';
  if (backend.breaker === 'open') return 'it is left alone after failures';
  if (restOf(backend, candidate.model) === 'open') return 'the model is left alone there after failures';
  const why = whyNoWork(fleet.nodes.find((node) => node.id === backend.nodeId), backend, candidate.model);
  return why === null ? 'other work keeps it busy' : noWork[why];
}

/** Of a place that has slots left. */
export function whyBusy({ candidate, facts: { backend } }: Sight): string {
  if (backend.breaker === 'half-open') return 'it is tried with one request at a time after failures';
  if (restOf(backend, candidate.model) === 'half-open') return 'the model is tried there with one request at a time after failures';
  return 'its node does other work';
}

/** As it is told afterwards. */
export function consideredAs(one: Weighed | Ruled): Considered {
  const { backendId, nodeId, model } = one.candidate;
  return one.veto !== undefined ? { backendId, nodeId, model, terms: one.why, veto: one.veto } : { backendId, nodeId, model, terms: one.why, total: one.total };
}
