/** Short ways to write machines of the fleet in tests. */
import type { NodeReport, NodeState } from '../../src/core/node.ts';

export const gib = 1024 ** 3;

/** 64 GiB, of which `availableGb` are free; no GPU. */
export function nodeReport(nodeId: string, availableGb = 40, more: Partial<NodeReport> = {}): NodeReport {
  const memory = { totalBytes: 64 * gib, usedBytes: (64 - availableGb) * gib, availableBytes: availableGb * gib, pressure: 'normal' as const };
  return { nodeId, name: nodeId, at: 0, memory, gpus: [], draining: false, servers: [], ...more };
}

export function nodeState(id: string, report: NodeReport | null = nodeReport(id), more: Partial<NodeState> = {}): NodeState {
  return { id, source: 'agent', status: 'online', draining: false, report, heardAt: 0, ...more };
}
