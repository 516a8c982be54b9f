/** What exists: nodes (machines), backends (inference servers on them), models, GPUs. */
import type { NodeState } from './node.ts';

export type Capability = 'chat' | 'embedding' | 'vision' | 'tools' | 'thinking' | 'insert' | 'rerank' | 'image' | 'transcription' | 'speech' | 'image-embedding';

/** Weights as one backend lists them. */
export interface Model {
  /** As the backend lists it; ask the backend with this name. */
  readonly name: string;
  readonly sizeBytes?: number;
  /** The longest context the model supports, in tokens. */
  readonly contextLength?: number;
  /** Absent when the backend does not say; then the model is taken for a chat model unless its name tells otherwise. */
  readonly capabilities?: readonly Capability[];
  readonly family?: string;
  readonly parameterSize?: string;
  readonly quantization?: string;
  readonly digest?: string;
  /** ISO 8601. */
  readonly modifiedAt?: string;
  readonly ownedBy?: string;
  /** The backend's own list row and details, for listings of the same API. */
  readonly row?: Readonly<Record<string, unknown>>;
  readonly show?: Readonly<Record<string, unknown>>;
}

/** A model that is in memory now. */
export interface Resident {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly vramBytes?: number;
  /** The context it was loaded with, in tokens. */
  readonly contextLength?: number;
  /** ISO 8601; absent when it stays. */
  readonly expiresAt?: string;
  /** Its server let go of the weights after a while without work, and takes them in again with the next request. */
  readonly sleeping?: boolean;
  readonly digest?: string;
  readonly row?: Readonly<Record<string, unknown>>;
}

/** What one background probe of a backend found. */
export interface BackendReport {
  readonly version?: string;
  readonly models: readonly Model[];
  /** Null when the backend cannot say what is in memory. */
  readonly resident: readonly Resident[] | null;
  /** Requests it serves at once per model, when it says so. */
  readonly maxConcurrent?: number;
  /** Ids of the dialects it answers, where that depends on its version or settings; absent: what its kind says. */
  readonly speaks?: readonly string[];
}

export interface BackendState {
  readonly id: string;
  readonly kind: string;
  readonly url: string;
  readonly nodeId: string;
  /** `unknown` until the first probe ends; a backend that is not `down` may be tried. */
  readonly status: 'unknown' | 'up' | 'down';
  /** Why it is down, in a sentence. */
  readonly problem?: string;
  /** It answered request after request with a failure: `open`, it gets none for a while; `half-open`, one at a time until one succeeds. */
  readonly breaker?: 'open' | 'half-open';
  /** The same of models that failed there on their own, by their keys; a bounded number. Absent: none rests. */
  readonly resting?: Readonly<Record<string, 'open' | 'half-open'>>;
  readonly report: BackendReport | null;
  /** Epoch milliseconds of the last probe that succeeded; null: never. */
  readonly reportedAt: number | null;
  readonly maxConcurrent?: number;
  readonly priority: number;
  readonly tags: readonly string[];
}

/** Unknown values are absent: never null, never NaN (contract agent-router part 6.3). */
export interface Gpu {
  readonly index: number;
  readonly name?: string;
  readonly vramTotalMb?: number;
  readonly vramUsedMb?: number;
  readonly vramFreeMb?: number;
  readonly utilizationPct?: number;
  readonly vendor?: 'nvidia' | 'amd' | 'apple' | 'intel';
  readonly temperatureC?: number;
  /** It has no memory of its own and takes the machine's. */
  readonly unified?: boolean;
}

export interface GpuSnapshot {
  readonly provider: 'nvidia' | 'static';
  readonly takenAt: number;
  readonly gpus: readonly Gpu[];
}

/** All GPUs of a node as one, as placement and the status endpoints want it; utilisation is the highest. */
export interface GpuTotals {
  readonly name?: string;
  readonly vramTotalMb?: number;
  readonly vramUsedMb?: number;
  readonly vramFreeMb?: number;
  readonly utilizationPct?: number;
}

/** Learned averages of one model on one backend; absent until seen. */
export interface LearnedSpeed {
  readonly promptTokensPerSecond?: number | undefined;
  readonly completionTokensPerSecond?: number | undefined;
  readonly loadMs?: number | undefined;
  /** Typical length of an answer, in tokens. */
  readonly completionTokens?: number | undefined;
  /** Three quarters of the last 500 requests took no longer, from their start to their end. */
  readonly p75Ms?: number | undefined;
}

/** Everything known about the fleet at one instant; immutable but for the speeds, which are always the latest. */
export interface FleetView {
  readonly version: number;
  readonly backends: readonly BackendState[];
  /** Every machine that has a backend or an agent; a backend names its own by `nodeId`. */
  readonly nodes: readonly NodeState[];
  readonly gpu: GpuSnapshot | null;
  speed(backendId: string, model: string): LearnedSpeed;
  /** When a model left memory, in epoch milliseconds; undefined while it is there, and for one that has not been for half an hour. */
  leftMemoryAt?(backendId: string, model: string): number | undefined;
}
