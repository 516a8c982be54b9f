/** A machine of the fleet: what it reports of itself every few seconds, and what the router makes of it. */
import type { Gpu, Model, Resident } from './fleet.ts';

export type MemoryPressure = 'normal' | 'warn' | 'critical';

/** Bytes of main memory. On machines whose GPU shares it there is no other. */
export interface NodeMemory {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** What programs may still take without anything being pushed out. */
  readonly availableBytes: number;
  readonly pressure: MemoryPressure;
  readonly swapUsedBytes?: number;
}

/** How much of the machine its owner leaves to the fleet (contract fleet part 2.6). */
export interface NodeCapacity {
  readonly mode: 'full' | 'learned_high' | 'learned_medium' | 'learned_low' | 'paused' | 'bootstrap';
  /** Main memory that models may take together; absent: no ceiling. */
  readonly ceilingBytes?: number;
  /** 0 (the owner needs it) to 1 (free). */
  readonly availability: number;
  /** The expected change of `availability` over the next hour. */
  readonly trend?: number;
  /** One of the contract's words, such as `currently_busy`. */
  readonly reason: string;
  readonly overridden: boolean;
  /** 0 to 1. */
  readonly confidence: number;
  readonly daysObserved: number;
}

/** What the owner's programs do to the machine, told from figures and never from names (contract fleet part 2.6). */
export type NodeActivity = 'idle' | 'light' | 'moderate' | 'heavy' | 'intensive';

/** An inference server on a machine that an agent watches. */
export interface NodeServer {
  /** Unique on the machine, such as `ollama`. */
  readonly name: string;
  /** A kind of backend, such as `ollama` or `openai`. */
  readonly kind: string;
  /** Where the router reaches it, on the address that the report came from. */
  readonly port: number;
  /** What the router shows there; kept in memory alone. */
  readonly key?: string;
  readonly status: 'up' | 'down';
  /** Why it is down, in a sentence. */
  readonly problem?: string;
  readonly version?: string;
  readonly models: readonly Model[];
  /** Null when it cannot say what is in memory. */
  readonly resident: readonly Resident[] | null;
  readonly maxConcurrent?: number;
}

/**
 * The whole state of a machine. A heartbeat is the body of contract fleet part 3 with this under `oar`; agents of the old
 * system send the body alone. Unknown values are absent.
 */
export interface NodeReport {
  /** Stable, and unique even where host names are equal. */
  readonly nodeId: string;
  /** For people: the host's name. */
  readonly name: string;
  readonly agentVersion?: string;
  /** As Node says it: `linux`, `darwin`, `win32`. */
  readonly os?: string;
  /** As Node says it: `x64`, `arm64`. */
  readonly arch?: string;
  /** Epoch milliseconds by the machine's own clock. */
  readonly at: number;
  readonly chip?: string;
  readonly cores?: number;
  readonly cpuPct?: number;
  /** Average number of runnable threads over the last minute. */
  readonly load1?: number;
  readonly memory: NodeMemory;
  readonly memoryBandwidthGbps?: number;
  readonly gpus: readonly Gpu[];
  readonly thermal?: { readonly state: 'nominal' | 'warning' | 'unknown'; readonly temperatureC?: number; readonly source?: string };
  readonly disk?: { readonly totalBytes: number; readonly usedBytes: number; readonly availableBytes: number };
  /** It takes no new work; what runs ends. */
  readonly draining: boolean;
  readonly capacity?: NodeCapacity;
  readonly activity?: NodeActivity;
  readonly servers: readonly NodeServer[];
}

/**
 * `waiting`: nobody has approved it, and it gets no prompt. `degraded`: silent for a while, or doubted since a request failed
 * there. Contract fleet part 3.
 */
export type NodeStatus = 'waiting' | 'online' | 'degraded' | 'offline';

/** A machine as the router sees it. */
export interface NodeState {
  readonly id: string;
  /** `agent`: it reports itself. `local`: the router's own machine. `static`: known only as the host of a configured backend. */
  readonly source: 'agent' | 'local' | 'static';
  readonly status: NodeStatus;
  /** The address that its reports come from. */
  readonly address?: string;
  /** The agent says so, or somebody told the router. */
  readonly draining: boolean;
  /** Null for a `static` one. */
  readonly report: NodeReport | null;
  /** Epoch milliseconds by the router's clock; null: never. */
  readonly heardAt: number | null;
  /** How far its clock is ahead of the router's. */
  readonly clockSkewMs?: number;
}

/** What the router asks of an agent, in its answer to a heartbeat. */
export type NodeCommand =
  | { readonly type: 'restart_ollama'; readonly reason: string; readonly env?: Readonly<Record<string, string>> }
  /** `until`: epoch milliseconds, null for ever. Mode `auto` ends an override. */
  | { readonly type: 'capacity_override'; readonly mode: 'full' | 'paused' | 'auto'; readonly until: number | null };
