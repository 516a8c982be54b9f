/** What the fleet room offers to others: one view of what exists now, and word when it changes. Types only. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { NodeCommand, NodeReport, NodeState, NodeStatus } from '../core/node.ts';
import type { Usage } from '../core/stream.ts';
import type { ProofTerms } from '../util/router-proof.ts';

export interface Fleet {
  /** Immutable and cached: the same object until something changed. */
  view(): FleetView;
  /** Called after each change; returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** What a finished attempt taught: speeds, load time, residency. `ok: false` casts doubt on the backend at once. */
  learn(lesson: Lesson): void;
  /** Asks for an early probe of a backend (all when absent); returns at once. */
  refresh(backendId?: string): void;
  stop(): Promise<void>;
}

export interface Lesson {
  readonly backendId: string;
  readonly model: string;
  readonly ok: boolean;
  /** The failure's catalogue code. */
  readonly error?: string;
  /** Not even a connection could be made. */
  readonly noConnection?: boolean;
  /** The failure says nothing against the backend: it was busy, lacks what was asked for, or the request's own time was up. */
  readonly excused?: boolean;
  readonly usage: Usage;
  readonly promptTokens?: number;
  readonly firstPartMs?: number;
  readonly totalMs?: number;
  /** Was the model known to be out of memory when the attempt began? */
  readonly cold: boolean;
}

/** What can be done with the models of a backend. */
export type ModelAction = 'pull' | 'push' | 'create' | 'copy' | 'delete';

/** Which backends shall do it: the router's choice, those of these names (ids of backends or nodes), or all. `param` is where the caller wrote it. */
export type ModelTargets =
  | { readonly kind: 'choice' }
  | { readonly kind: 'one'; readonly name: string; readonly param: string }
  | { readonly kind: 'several'; readonly names: readonly string[]; readonly param: string }
  | { readonly kind: 'all' };

export interface ModelRequest {
  readonly action: ModelAction;
  /** The model it is about; for a copy, the one that is copied. */
  readonly model: string;
  /** What a copy is to be called. */
  readonly destination?: string;
  /** The model that a new one is made from. */
  readonly from?: string;
  /** Digests of the uploaded files that a new model is made from. */
  readonly blobs: readonly string[];
  /** Progress in lines, rather than one answer at the end. */
  readonly stream: boolean;
  readonly targets: ModelTargets;
  /** The JSON that the backends are sent. */
  readonly body: string;
}

export interface ModelAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly backendIds: readonly string[];
  /** Why these backends, for people. */
  readonly reason: string;
  /** Whole, or as it comes: then it is read once, tells failures in lines of its own, and rejects only when the caller left. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Manages the models of the backends that can be told to; those of other kinds are never touched. */
export interface ModelOperations {
  /** Rejects with a RouterError while nothing has been said; an aborted signal ends the work on every backend. */
  run(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>;
  /** Is this file on the backend where uploads go? 200 or 404. */
  findBlob(digest: string, targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer>;
  /** Passes a file on as it arrives. */
  storeBlob(digest: string, upload: AsyncIterable<Uint8Array>, targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer>;
  /** Whose account a backend uses at the registry; Ollama's own program asks before it pushes. */
  account(targets: ModelTargets, signal: AbortSignal): Promise<ModelAnswer>;
}

/** Who says something about a machine. */
export interface NodeCaller {
  /** The address it comes from, by which attempts are counted. */
  readonly sender: string;
  /** Does it come from the router's own machine, and not through a proxy there? */
  readonly local: boolean;
  /** The machine's own; null: it shows none. */
  readonly secret: string | null;
  readonly requestId: string;
}

/** The report of a machine, on its way in. */
export interface Heartbeat extends NodeCaller {
  readonly report: NodeReport;
  /** Where its servers are. */
  readonly address: string;
  /** In the shape of the old agents. */
  readonly old: boolean;
  readonly joinToken: string | null;
}

export interface HeartbeatAnswer {
  readonly status: NodeStatus;
  readonly enrolment: 'enrolled' | 'waiting';
  readonly commands: readonly NodeCommand[];
  /** When the next one is expected. */
  readonly heartbeatMs: number;
}

/** That the router knows the secret of a machine, and the join token; absent where it knows none. */
export interface RouterProof {
  readonly secret?: string;
  readonly token?: string;
}

/** A machine with the servers on it. */
export interface ListedNode extends NodeState {
  readonly backends: readonly Pick<BackendState, 'id' | 'kind' | 'url' | 'status' | 'problem'>[];
}

/** Where machines report themselves, and where people say what is to become of them. */
export interface NodeDesk {
  /** Rejects with `unauthenticated` or `rate_limited` when the machine is not who it says, or knows no way in. */
  hear(heartbeat: Heartbeat): Promise<HeartbeatAnswer>;
  prove(terms: ProofTerms): Promise<RouterProof>;
  /** It says that it takes no new work. One that nobody knows is none. Rejects as `hear`. */
  leaves(nodeId: string, caller: NodeCaller): void;
  list(): readonly ListedNode[];
  /** These reject with `not_found` for a machine that is not listed, and with `conflict` for what cannot be asked of it. */
  approve(id: string): Promise<ListedNode>;
  /** It takes no new work, whatever it says itself, until it is told otherwise. */
  drain(id: string, draining: boolean): Promise<ListedNode>;
  /** Forgets it and its secret: it may join anew. */
  remove(id: string): Promise<void>;
  capacity(id: string, mode: 'full' | 'paused' | 'auto', until: number | null): Promise<ListedNode>;
  /** A new join token in place of the one before; it is shown this once. */
  newJoinToken(): Promise<string>;
}
