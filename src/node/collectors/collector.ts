/** What a collector is: one source of facts about this machine. Types only. */
import type { Gpu } from '../../core/fleet.ts';

export interface NodeFacts {
  readonly gpus?: readonly Gpu[];
}

export interface CollectorTools {
  /** Runs a program with a time limit; rejects when it is missing, fails or takes too long. */
  run(program: string, args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string>;
}

export interface Collector {
  readonly id: string;
  /** Null: nothing of this kind here. Never throws. */
  collect(tools: CollectorTools, options: Readonly<Record<string, string>>, signal: AbortSignal): Promise<NodeFacts | null>;
}
