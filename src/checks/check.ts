/** What a check is: one thing that can be wrong with a fleet, found in a view of it, with the way to put it right. Types only. */
import type { Figures } from '../core/figures.ts';
import type { Finding } from '../core/finding.ts';
import type { FleetView } from '../core/fleet.ts';
import type { Trace } from '../core/trace.ts';

export type Severity = Finding['severity'];

/** Requests of a time as figures. */
export interface RequestFigures {
  /** Null: there were none. */
  readonly all: Figures | null;
  readonly models: readonly Figures[];
  readonly nodes: readonly Figures[];
}

/** How the context of a model is used where it is in memory. */
export interface ContextUse {
  readonly model: string;
  readonly nodeId: string;
  readonly allocatedTokens: number;
  readonly recommendedTokens: number;
  readonly requests: number;
  /** Prompt and answer together. */
  readonly p99Tokens: number;
}

/** Everything a check may look at, gathered once for all. */
export interface HealthView {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The router's. */
  readonly version: string;
  readonly fleet: FleetView;
  /** The last 24 hours, and the last one. */
  readonly day: RequestFigures;
  readonly hour: RequestFigures;
  /** Of the last 24 hours the newest, a bounded number. */
  readonly recent: readonly Trace[];
  /** `busySince`: epoch milliseconds since which somebody has always been waiting; null: nobody is. */
  readonly queue: { readonly waiting: number; readonly oldestMs: number; readonly busySince: number | null };
  /** Requests of the last 24 hours that were ended because their server had fallen silent. */
  readonly reaped: number;
  readonly contexts: readonly ContextUse[];
  /** Keys with an end; ISO 8601. */
  readonly keys: readonly { readonly id: string; readonly expiresAt: string }[];
  /** Asked name to served name. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Models that are to stay in memory, on one node or wherever they are. */
  readonly pinned: readonly { readonly model: string; readonly nodeId?: string }[];
}

export interface Fix {
  /** What to do, in a sentence. */
  readonly text: string;
  /** To be typed as it is. */
  readonly command?: string;
  readonly action?: Finding['action'];
}

/** What a check says: a finding, without the check's name. */
export interface Saying extends Omit<Finding, 'checkId' | 'fix' | 'command' | 'action' | 'data'> {
  readonly fix: Fix;
  /** The evidence in figures. */
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

export interface Check {
  /** As the old system calls it where it has it (contract fleet part 2.7). */
  readonly id: string;
  /** Pure. Nothing when all is well. */
  run(view: HealthView): readonly Saying[];
}
