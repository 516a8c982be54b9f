/** What the fleet says of a candidate, looked up once for each view. */
import type { BackendState, FleetView, Resident } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { listingsOf } from './listings.ts';
import { residencyOf } from './spec-view.ts';

export interface CandidateFacts {
  readonly backend: BackendState;
  readonly resident: Resident | null | 'unknown';
  readonly sizeBytes: number | undefined;
  /** How much memory its backend's models take now. */
  readonly takenBytes: number;
}

/** Candidates of a view are few; those of an older one are asked for rarely, and must not pile up. */
const mostKnown = 1000;

/** Null for a candidate whose backend is gone. */
export function candidateFacts(fleet: () => FleetView): (candidate: Candidate) => CandidateFacts | null {
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
    const facts = factsOf(candidate, view);
    if (known.size < mostKnown) known.set(candidate, facts);
    return facts;
  };
}

function factsOf({ backendId, modelKey }: Candidate, fleet: FleetView): CandidateFacts | null {
  const backend = fleet.backends.find((one) => one.id === backendId);
  if (backend === undefined) return null;
  const resident = residencyOf(backend, modelKey);
  const listed = listingsOf(modelKey, fleet).find((one) => one.backend === backend)?.model;
  return {
    backend,
    resident,
    sizeBytes: listed?.sizeBytes ?? (resident === null || resident === 'unknown' ? undefined : resident.sizeBytes),
    takenBytes: (backend.report?.resident ?? []).reduce((sum, one) => sum + (one.vramBytes ?? one.sizeBytes ?? 0), 0),
  };
}
