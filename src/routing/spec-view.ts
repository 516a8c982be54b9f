/** Gathers what is known of one model at this moment, over all backends that could serve it. */
import type { BackendState, Capability, FleetView, Model, Resident } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { isOut, restOf } from '../util/left-alone.ts';
import { sameModel } from '../util/model-name.ts';
import { candidatesFor } from './backend-candidates.ts';
import { listingsOf } from './listings.ts';
import type { Load, ModelSpec, RoutingTable } from './routing.ts';

export interface SpecView {
  readonly key: string;
  /** Absent for a model that is listed but not configured. */
  readonly spec: ModelSpec | undefined;
  /** `unknown` when a backend cannot say and no other has it in memory. */
  readonly resident: 'yes' | 'no' | 'unknown';
  /** Does every copy in memory lie partly outside the GPU? */
  readonly cpuSplit: boolean;
  /** Can no backend take it, since all that have it are down, or left alone after failures? */
  readonly down: boolean;
  readonly queued: number;
  readonly running: number;
  /** How many of it may run at once over all backends; an exclusive model runs once a node. */
  readonly slots: number;
  /** Weights, in units of 2^20 bytes; undefined when nobody says. */
  readonly sizeMb: number | undefined;
  /** The longest prompt that some backend takes, in tokens; undefined when nobody says. */
  readonly maxContext: number | undefined;
  /** Does every backend that has it say that it lacks this capability? */
  lacks(capability: Capability): boolean;
}

export interface SpecViewInput {
  readonly table: RoutingTable;
  readonly fleet: FleetView;
  readonly load: Load;
  slots(candidate: Candidate): number;
}

export function specView(key: string, input: SpecViewInput): SpecView {
  const spec = input.table.specs.get(key);
  const candidates = candidatesFor(key, input.table, input.fleet);
  const { places, listed, resident, cpuSplit, sizeMb, maxContext } = placesOf(key, candidates, input.fleet);
  const running = input.load.running(key);
  return {
    key,
    spec,
    resident,
    cpuSplit,
    down: places.every((backend) => takesNone(backend, key, running)),
    queued: input.load.queued(key),
    running,
    slots: spec?.exclusive ? new Set(candidates.map((one) => one.nodeId)).size : candidates.reduce((sum, one) => sum + input.slots(one), 0),
    sizeMb: spec?.sizeGb === undefined ? sizeMb : spec.sizeGb * 1024,
    // The configured limit and what the servers say hold together. A server that says nothing leaves only the former.
    maxContext: lesser(spec?.maxContext, maxContext),
    lacks: (capability) => listed.length > 0 && listed.every((model) => model.capabilities !== undefined && model.capabilities.length > 0 && !model.capabilities.includes(capability)),
  };
}

/** The one request that a half-open backend or model gets may be the one that runs. */
function takesNone(backend: BackendState, key: string, running: number): boolean {
  if (isOut(backend, key)) return true;
  return running > 0 && (backend.breaker === 'half-open' || restOf(backend, key) === 'half-open');
}

interface Places extends Pick<SpecView, 'resident' | 'cpuSplit' | 'sizeMb' | 'maxContext'> {
  readonly places: readonly BackendState[];
  readonly listed: readonly Model[];
}

/** Candidates of what is listed are the same objects as long as the view is, and so is what follows from them. */
const known = new WeakMap<readonly Candidate[], Places>();

function placesOf(key: string, candidates: readonly Candidate[], fleet: FleetView): Places {
  const before = known.get(candidates);
  if (before !== undefined) return before;
  const places = candidates.flatMap((candidate) => fleet.backends.find((one) => one.id === candidate.backendId) ?? []);
  const listed = listingsOf(key, fleet).flatMap((one) => (places.includes(one.backend) ? [one.model] : []));
  const copies = places.map((backend) => residencyOf(backend, key));
  const found = { places, listed, resident: combined(copies), cpuSplit: isSplit(copies), sizeMb: sizeMbOf(listed), maxContext: maxContextOf(listed) };
  known.set(candidates, found);
  return found;
}

/** What is in memory of a model on a backend; null: nothing, or a copy that sleeps and has to be taken in again. */
export function residencyOf(backend: BackendState, key: string): Resident | null | 'unknown' {
  const resident = backend.report?.resident;
  if (!resident) return 'unknown';
  return resident.find((one) => sameModel(one.name, key) && one.sleeping !== true) ?? sameWeights(backend, key) ?? null;
}

/** Ollama keeps one copy of the same weights, whatever they are called, and lists it under the first name. */
function sameWeights({ report }: BackendState, key: string): Resident | undefined {
  if (!report?.resident?.some((one) => one.digest !== undefined)) return undefined;
  const digest = report.models.find((one) => sameModel(one.name, key))?.digest;
  return digest === undefined ? undefined : report.resident.find((one) => one.digest === digest && one.sleeping !== true);
}

function combined(copies: readonly (Resident | null | 'unknown')[]): SpecView['resident'] {
  if (copies.some((copy) => copy !== null && copy !== 'unknown')) return 'yes';
  return copies.includes('unknown') ? 'unknown' : 'no';
}

function isSplit(copies: readonly (Resident | null | 'unknown')[]): boolean {
  const loaded = copies.filter((copy) => copy !== null && copy !== 'unknown');
  return loaded.length > 0 && loaded.every((copy) => copy.sizeBytes !== undefined && copy.vramBytes !== undefined && copy.vramBytes < copy.sizeBytes);
}

function sizeMbOf(listed: readonly Model[]): number | undefined {
  const bytes = listed.find((model) => model.sizeBytes !== undefined)?.sizeBytes;
  return bytes === undefined ? undefined : bytes / 2 ** 20;
}

function maxContextOf(listed: readonly Model[]): number | undefined {
  const longest = Math.max(...listed.map((model) => model.contextLength ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(longest) ? longest : undefined;
}

function lesser(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
