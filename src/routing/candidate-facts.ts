/** What the fleet says of a candidate, looked up once for each view. */
import type { BackendState, FleetView, Resident } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { type Listing, listingsOf } from './listings.ts';
import { type MachineFacts, machineFacts } from './machine-facts.ts';
import { ownerUse } from './owner-use.ts';
import { perView } from './per-view.ts';
import { residencyOf } from './spec-view.ts';

export interface CandidateFacts {
  readonly backend: BackendState;
  readonly resident: Resident | null | 'unknown';
  readonly sizeBytes: number | undefined;
  /** How much of the machine its owner uses, from 0 to 1. */
  readonly ownerUse: number;
  /** How much memory its backend's models take now. */
  readonly takenBytes: number;
  /** Null when it is not asked for. */
  readonly room: RoomFacts | null;
}

/** What the signals in points ask of a place. */
export interface RoomFacts extends MachineFacts {
  /** What the model takes in memory, as it is loaded there or elsewhere, else the size of its file; undefined when nobody says. */
  readonly memoryBytes: number | undefined;
}

/** Candidates of a view are few; those of an older one are asked for rarely, and must not pile up. */
const mostKnown = 1000;

/** Null for a candidate whose backend is gone. */
export function candidateFacts(fleet: () => FleetView, withRoom = false): (candidate: Candidate) => CandidateFacts | null {
  let seen: FleetView | null = null;
  let known = new Map<Candidate, CandidateFacts | null>();
  return (candidate) => {
    const view = fleet();
    if (view !== seen) {
      seen = view;
      known = new Map();
    }
    const before = known.get(candidate);
    if (before !== undefined) return before;
    const facts = factsOf(candidate, view, withRoom);
    if (known.size < mostKnown) known.set(candidate, facts);
    return facts;
  };
}

function factsOf({ backendId, nodeId, modelKey }: Candidate, fleet: FleetView, withRoom: boolean): CandidateFacts | null {
  const backend = fleet.backends.find((one) => one.id === backendId);
  if (backend === undefined) return null;
  const resident = residencyOf(backend, modelKey);
  const listed = listingsOf(modelKey, fleet).find((one) => one.backend === backend)?.model;
  const loadedBytes = resident === null || resident === 'unknown' ? undefined : resident.sizeBytes;
  return {
    backend,
    resident,
    sizeBytes: listed?.sizeBytes ?? loadedBytes,
    ownerUse: ownerUseOn(nodeId, fleet),
    takenBytes: (backend.report?.resident ?? []).reduce((sum, one) => sum + (one.vramBytes ?? one.sizeBytes ?? 0), 0),
    room: withRoom ? { ...machineFacts(nodeId, fleet), memoryBytes: loadedBytes ?? loadedElsewhere(modelKey, fleet)?.bytes ?? listed?.sizeBytes ?? listedElsewhere(modelKey, fleet)?.bytes } : null,
  };
}

function ownerUseOn(nodeId: string, { nodes }: FleetView): number {
  const report = nodes.find(({ id }) => id === nodeId)?.report;
  return report ? ownerUse(report) : 0;
}

/** Kept when nobody says, too. */
interface Size {
  readonly bytes: number | undefined;
}

const loadedElsewhere = perView((key, fleet): Size => firstSize(listingsOf(key, fleet), ({ backend }) => {
  const resident = residencyOf(backend, key);
  return resident === null || resident === 'unknown' ? undefined : resident.sizeBytes;
}));

const listedElsewhere = perView((key, fleet): Size => firstSize(listingsOf(key, fleet), ({ model }) => model.sizeBytes));

function firstSize(listings: readonly Listing[], sizeOf: (listing: Listing) => number | undefined): Size {
  for (const listing of listings) {
    const bytes = sizeOf(listing);
    if (bytes !== undefined) return { bytes };
  }
  return { bytes: undefined };
}
