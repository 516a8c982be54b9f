/** What a collector is: one source of facts about this machine. Types only. */
import type { NodeReport } from '../../core/node.ts';

/** Parts of a node's report; what is not known is absent. */
export interface NodeFacts extends Partial<Pick<NodeReport, 'os' | 'arch' | 'chip' | 'cores' | 'load1' | 'memory' | 'memoryBandwidthGbps' | 'gpus' | 'thermal' | 'disk'>> {
  /** Counters since the machine started; two of them tell how busy it was in between. */
  readonly cpuTimes?: { readonly busy: number; readonly total: number };
}

/** What Node itself says of the machine. */
export interface HostFacts {
  readonly platform: string;
  readonly arch: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  cpus(): readonly { readonly model: string; readonly times: Readonly<Record<string, number>> }[];
  load1(): number;
  totalBytes(): number;
  freeBytes(): number;
}

export interface CollectorTools {
  readonly host: HostFacts;
  /** Runs a program with a time limit; rejects when it is missing, fails or takes too long. */
  run(program: string, args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string>;
  /** A small text file, trimmed; null when it cannot be read. */
  read(path: string): Promise<string | null>;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Bytes of the disk that a path lies on; null when there is no such path. */
  space(path: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number; readonly availableBytes: number } | null>;
}

export interface Collector {
  readonly id: string;
  /** How often it is asked; 5 s when absent. */
  readonly everyMs?: number;
  /** How long it may take before it is given up; 5 s when absent. */
  readonly limitMs?: number;
  /** Null: nothing of this kind here. Never throws. */
  collect(tools: CollectorTools, options: Readonly<Record<string, string>>, signal: AbortSignal): Promise<NodeFacts | null>;
}
