/** What a benchmark is: requests of the router to itself for a while, and what they came to (contract fleet part 2.9). Types only. */
import type { Principal } from '../core/principal.ts';

/** What models are asked for: an answer, a vector, a picture. */
export type BenchKind = 'llm' | 'embed' | 'image';

/** `default`: the models that are in memory. `smart`: also those on disk that fit beside them. */
export type BenchMode = 'default' | 'smart';

export interface BenchForm {
  readonly mode: BenchMode;
  readonly durationMs: number;
  readonly kinds: readonly BenchKind[];
  /** Only these, in memory or not; absent: as the mode says. */
  readonly models?: readonly string[];
  /** Requests at once in all; absent: what the machines are good for. */
  readonly concurrency?: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  /** False: its figures are told by its progress alone. */
  readonly save: boolean;
}

/** Whoever starts one: its requests are theirs. */
export interface BenchCaller {
  readonly principal: Principal;
  /** Counts tokens against their limit. */
  readonly spend?: ((tokens: number) => void) | undefined;
}

/** A model to be asked. */
export interface BenchTarget {
  readonly model: string;
  readonly kind: BenchKind;
  /** So many requests at once, at most. */
  readonly most: number;
}

export interface BenchPlan {
  readonly targets: readonly BenchTarget[];
  /** Requests at once in all. */
  readonly workers: number;
}

export interface BenchRequest {
  readonly model: string;
  readonly kind: BenchKind;
  readonly text: string;
  readonly answerTokens: number;
}

/** How one request went; times are milliseconds. */
export interface BenchSample {
  readonly model: string;
  readonly kind: BenchKind;
  /** Absent when it was tried nowhere. */
  readonly nodeId?: string;
  readonly latencyMs: number;
  /** Absent where nothing was streamed. */
  readonly firstTokenMs?: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Why it failed. */
  readonly error?: string;
}

/** How busy a machine is; what is not known is absent. */
export interface NodeLook {
  readonly nodeId: string;
  readonly cpuPct?: number;
  readonly memoryPct?: number;
}

/** The run as it is kept and compared, in the contract's names. */
export type BenchReport = Readonly<Record<string, unknown>>;

/** Where the run stands, in the contract's names. */
export interface BenchProgress {
  readonly status: 'idle' | 'running' | 'completed' | 'cancelled' | 'failed';
  readonly phase: 'idle' | 'warm-up' | 'measuring' | 'draining' | 'done';
  readonly run_id: string | null;
  /** Seconds of measuring so far, and in all. */
  readonly elapsed: number;
  readonly duration: number;
  readonly requests_completed: number;
  readonly requests_failed: number;
  readonly tok_per_sec: number;
  readonly models: readonly string[];
  /** Nothing is ever pulled for a benchmark. */
  readonly models_pulled: readonly string[];
  readonly pull_progress: null;
  readonly error: string | null;
  /** The figures of a run that ended. */
  readonly result: BenchReport | null;
}

/** One benchmark at a time. */
export interface BenchDesk {
  /** Resolves with the id that the run is kept under. Throws `conflict` while one runs, `invalid_request` when there is nothing to ask. */
  start(form: BenchForm, caller: BenchCaller): string;
  progress(): BenchProgress;
  /** Ends the one that runs, and resolves with its id when nothing of it is left. Rejects with `conflict` when none does. */
  cancel(): Promise<string>;
}
