/** What the doctor knows of a machine when it has looked. Types only. */
import type { BackendReport } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';

export interface DoctorFacts {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of this program. */
  readonly version: string;
  readonly config: { readonly path: string | null; readonly warnings: readonly string[] } | { readonly error: string };
  /** Where the router or the agent keeps what it knows. `problem` null: it may be written to. */
  readonly folder: { readonly path: string; readonly problem: string | null };
  /** `problem` null: it can be opened. */
  readonly sqlite: { readonly path: string | null; readonly problem: string | null };
  /** Without servers. */
  readonly report: NodeReport;
  /** Graphics cards in the machine that no driver shows. */
  readonly undriven: readonly string[];
  readonly ollama: { readonly url: string; readonly installed: boolean; readonly report: BackendReport | null };
  /** Other inference servers that answer. */
  readonly others: readonly { readonly name: string; readonly url: string }[];
  /** The port that a router here would listen on; null: any. */
  readonly port: { readonly number: number; readonly takenBy: 'nobody' | 'router' | 'somebody' } | null;
  /** Null: none was named or heard. */
  readonly router: RouterFacts | null;
  /** Null: `fleet.discovery.browse` is false, or not known. */
  readonly mdns: { readonly networks: number; readonly heard: readonly { readonly name: string; readonly urls: readonly string[] }[]; readonly error: string | null } | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RouterFacts {
  readonly url: string;
  /** Why it cannot be joined; null: it answers as a router. */
  readonly problem: string | null;
  /** Null: it tells nobody without a key. */
  readonly version: string | null;
  /** How far this machine's clock is ahead of the router's. */
  readonly skewMs: number | null;
}
