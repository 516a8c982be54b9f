/** One report out of its parts: what the machine is, what serves on it, what its owner leaves of it. Pure. */
import type { NodeReport, NodeServer } from '../core/node.ts';
import type { MachineFacts } from './machine-watch.ts';
import type { CapacityPart } from './node.ts';

export interface ReportParts {
  readonly nodeId: string;
  readonly name: string;
  readonly agentVersion: string;
  readonly at: number;
  readonly facts: MachineFacts;
  readonly servers: readonly NodeServer[];
  readonly draining?: boolean;
  readonly owner?: ReturnType<CapacityPart['now']>;
}

/** The state of this machine, for a router elsewhere or for the one that runs here. */
export function collectReport({ nodeId, name, agentVersion, at, facts, servers, draining = false, owner = {} }: ReportParts): NodeReport {
  return { nodeId, name, agentVersion, at: Math.round(at), ...facts, draining, ...owner, servers };
}
