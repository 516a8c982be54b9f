import { expect, test } from 'vitest';
import type { BackendState } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import { type NoWork, whyNoWork } from './takes-work.ts';

const report: NodeReport = { nodeId: 'a', name: 'a', at: 0, memory: { totalBytes: 64, usedBytes: 24, availableBytes: 40, pressure: 'normal' }, gpus: [], draining: false, servers: [] };
const capacity = { mode: 'full', availability: 1, reason: 'high_availability', overridden: false, confidence: 1, daysObserved: 30 } as const;
const critical = { ...report, memory: { ...report.memory, pressure: 'critical' } } as const;

function node(more: Partial<NodeState> = {}): NodeState {
  return { id: 'a', source: 'agent', status: 'online', draining: false, report, heardAt: 0, ...more };
}

function backend(resident: readonly string[] | null): BackendState {
  return { id: 'a', kind: 'ollama', url: 'http://h', nodeId: 'a', status: 'up', report: { models: [], resident: resident?.map((name) => ({ name })) ?? null }, reportedAt: 0, priority: 0, tags: [] };
}

test.each<[string, NodeState, NoWork | null]>([
  ['online', node(), null],
  ['degraded', node({ status: 'degraded' }), null],
  ['offline', node({ status: 'offline' }), 'offline'],
  ['waiting for approval', node({ status: 'waiting' }), 'waiting'],
  ['draining', node({ draining: true }), 'draining'],
  ['a host that is only known by its servers', node({ source: 'static', status: 'offline', report: null }), null],
  ['such a host, drained', node({ source: 'static', report: null, draining: true }), 'draining'],
  ['paused', node({ report: { ...report, capacity: { ...capacity, mode: 'paused' } } }), 'paused'],
  ['needed by its owner', node({ report: { ...report, capacity: { ...capacity, mode: 'learned_low', availability: 0.19 } } }), 'paused'],
  ['a little free', node({ report: { ...report, capacity: { ...capacity, mode: 'learned_low', availability: 0.2 } } }), null],
  ['not known for long', node({ report: { ...report, capacity: { ...capacity, mode: 'bootstrap', availability: 0 } } }), null],
  ['short of memory', node({ report: critical }), 'memory'],
])('a machine that is %s', (_what, state, why) => {
  expect(whyNoWork(state, backend([]), 'm:1b')).toBe(why);
});

test('a machine that is short of memory goes on with what it has in memory', () => {
  expect(whyNoWork(node({ report: critical }), backend(['m:1b']), 'm:1b')).toBeNull();
  expect(whyNoWork(node({ report: critical }), backend(null), 'm:1b')).toBeNull();
});

test('a machine of which nothing is known stops nobody', () => {
  expect(whyNoWork(undefined, backend([]), 'm')).toBeNull();
});
