import { describe, expect, test } from 'vitest';
import type { Figures, Spread } from '../core/figures.ts';
import type { BackendState, Model, Resident } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import type { Attempt, Trace } from '../core/trace.ts';
import type { HealthView, RequestFigures } from './check.ts';
import { checks } from './index.gen.ts';
import { runChecks } from './run-checks.ts';

const at = Date.parse('2026-05-05T12:00:00Z');
const gib = 1024 ** 3;
const minute = 60_000;

const noSpread: Spread = { count: 0, sum: 0, min: 0, max: 0, p50: 0, p75: 0, p95: 0, p99: 0 };

function figures(more: Partial<Figures>): Figures {
  return { at, name: '', second: '', requests: 100, completed: 100, failed: 0, cancelled: 0, interrupted: 0, retries: 0, fallbacks: 0, coldLoads: 0, cachedTokens: 0, generatingMs: 0, generatedTokens: 0, latencyMs: noSpread, firstPartMs: noSpread, promptTokens: noSpread, completionTokens: noSpread, totalTokens: noSpread, firstAt: at, lastAt: at, ...more };
}

function requests(more: Partial<RequestFigures> = {}): RequestFigures {
  return { all: figures({}), models: [figures({ name: 'small:1b' })], nodes: [figures({ name: 'desk' })], ...more };
}

function report(more: Partial<NodeReport> = {}): NodeReport {
  return {
    nodeId: 'desk', name: 'desk', agentVersion: '1.0.0', at, memory: { totalBytes: 64 * gib, usedBytes: 24 * gib, availableBytes: 40 * gib, pressure: 'normal', swapUsedBytes: 0 },
    gpus: [{ index: 0, name: 'Card', temperatureC: 60 }], thermal: { state: 'nominal', temperatureC: 50 }, disk: { totalBytes: 1000 * gib, usedBytes: 500 * gib, availableBytes: 500 * gib }, draining: false, servers: [], ...more,
  };
}

function node(more: Partial<NodeState> = {}): NodeState {
  return { id: 'desk', source: 'agent', status: 'online', address: '10.0.0.2', draining: false, report: report(), heardAt: at - 2000, clockSkewMs: 40, ...more };
}

const weights: Model = { name: 'small:1b', sizeBytes: gib };
const loaded: Resident = { name: 'small:1b', sizeBytes: 1.2 * gib, contextLength: 8192 };

function backend(more: Partial<BackendState> = {}): BackendState {
  return { id: 'desk', kind: 'ollama', url: 'http://10.0.0.2:11434', nodeId: 'desk', status: 'up', report: { models: [weights], resident: [loaded] }, reportedAt: at, priority: 0, tags: [], ...more };
}

function fleet(nodes: readonly NodeState[], backends: readonly BackendState[] = [backend()]): HealthView['fleet'] {
  return { version: 1, nodes, backends, gpu: null, speed: () => ({}) };
}

function attempt(more: Partial<Attempt> = {}): Attempt {
  return { backendId: 'desk', nodeId: 'desk', model: 'small:1b', startedAt: at - 10 * minute, firstPartMs: 300, endedMs: 900, why: [], ...more };
}

function trace(more: Partial<Trace> = {}): Trace {
  return { requestId: 'r', principalId: 'k', plane: 'standalone', dialect: 'openai-chat', stream: false, requestedModel: 'small:1b', servedModel: 'small:1b', receivedAt: at - 10 * minute, queueMs: 0, totalMs: 900, usage: {}, attempts: [attempt()], rewrites: [], outcome: 'succeeded', status: 200, ...more };
}

/** A fleet that is well: it has had some trouble of each kind, as every fleet has, and none that matters. */
function well(more: Partial<HealthView> = {}): HealthView {
  return {
    at, version: '1.0.0', fleet: fleet([node()]), day: requests(), hour: requests(),
    recent: [trace(), trace({ attempts: [attempt({ firstPartMs: 50_000 })] }), trace({ attempts: [attempt({ error: 'backend_timeout', endedMs: 130_000 })] }), trace({ error: 'context_overflow', status: 400, outcome: 'failed' }), trace({ attempts: [attempt({ error: 'backend_unreachable' })] })],
    queue: { waiting: 2, oldestMs: 900, busySince: at - minute }, reaped: 0,
    contexts: [{ model: 'small:1b', nodeId: 'desk', allocatedTokens: 8192, recommendedTokens: 8192, requests: 50, p99Tokens: 4000 }],
    keys: [{ id: 'laptop', expiresAt: '2027-01-01T00:00:00Z' }, { id: 'old', expiresAt: '2026-01-01T00:00:00Z' }], aliases: { 'gpt-4o': 'small:1b', any: 'auto' }, pinned: [{ model: 'small:1b' }], ...more,
  };
}

const memory = (more: Partial<NodeReport['memory']>): HealthView['fleet'] => fleet([node({ report: report({ memory: { ...report().memory, ...more } }) })]);
const attempts = (count: number, more: Partial<Attempt>): Trace[] => Array.from({ length: count }, () => trace({ attempts: [attempt(more)] }));
const loads = (count: number, more: Partial<Trace>): Trace[] => Array.from({ length: count }, () => trace({ nodeId: 'desk', usage: { loadMs: 4000 }, ...more }));
const hoursAgo = at - 5 * 60 * minute;
const day = (more: Partial<Figures>): RequestFigures => requests({ all: figures(more), nodes: [figures({ name: 'desk', ...more })] });

/** By check: views in which it speaks, with the weight it gives them; and views in which it must be silent. */
const cases: Readonly<Record<string, { readonly fires: readonly (readonly [string, Partial<HealthView>])[]; readonly silent: readonly Partial<HealthView>[] }>> = {
  node_offline: {
    fires: [['critical', { fleet: fleet([node({ status: 'offline', heardAt: hoursAgo })]) }], ['critical', { fleet: fleet([node({ status: 'offline', heardAt: null })]) }]],
    silent: [{ fleet: fleet([node({ status: 'offline', draining: true })]) }, { fleet: fleet([node({ status: 'offline', source: 'static', report: null })]) }],
  },
  node_degraded: { fires: [['warning', { fleet: fleet([node({ status: 'degraded' })]) }]], silent: [{ fleet: fleet([node({ source: 'static', status: 'degraded', report: null })]) }, { fleet: fleet([node({ status: 'degraded', draining: true })]) }] },
  node_waiting: { fires: [['info', { fleet: fleet([node({ status: 'waiting' })]) }]], silent: [] },
  memory_pressure: {
    fires: [['warning', { fleet: memory({ pressure: 'warn' }) }], ['critical', { fleet: memory({ pressure: 'critical' }) }]],
    silent: [{ fleet: fleet([node({ status: 'offline', report: report({ memory: { ...report().memory, pressure: 'critical' } }) })]) }],
  },
  swap_in_use: { fires: [['warning', { fleet: memory({ pressure: 'warn', swapUsedBytes: 3 * gib }) }]], silent: [{ fleet: memory({ swapUsedBytes: 3 * gib }) }, { fleet: memory({ pressure: 'warn', swapUsedBytes: 1000 }) }] },
  underutilized_memory: { fires: [['info', { day: day({ coldLoads: 5 }) }]], silent: [{ day: day({ coldLoads: 2 }) }, { day: day({ coldLoads: 5 }), fleet: memory({ availableBytes: 20 * gib }) }] },
  model_thrashing: {
    fires: [['warning', { recent: attempts(3, { firstPartMs: 41_000, endedMs: 42_000 }) }], ['info', { recent: attempts(3, { firstPartMs: 41_000, endedMs: 42_000, startedAt: hoursAgo }) }]],
    silent: [{ recent: attempts(2, { firstPartMs: 41_000 }) }, { recent: attempts(9, { firstPartMs: 39_000 }) }, { recent: attempts(3, { firstPartMs: 41_000 }), fleet: memory({ availableBytes: 3 * gib }) }],
  },
  model_evictions: {
    fires: [['warning', { recent: loads(3, {}) }]],
    silent: [{ recent: loads(2, {}) }, { recent: loads(9, { usage: { loadMs: 40 } }) }, { recent: loads(9, { receivedAt: hoursAgo }) }],
  },
  model_load_timeout: {
    fires: [['warning', { recent: attempts(3, { error: 'backend_timeout', endedMs: 121_000 }) }], ['info', { recent: attempts(3, { error: 'backend_timeout', endedMs: 121_000, startedAt: hoursAgo }) }]],
    silent: [{ recent: attempts(9, { error: 'cancelled', endedMs: 121_000 }) }, { recent: attempts(9, { error: 'backend_timeout', endedMs: 119_000 }) }],
  },
  high_error_rate: {
    fires: [['warning', { day: day({ failed: 5 }), hour: day({ failed: 5 }) }], ['info', { day: day({ failed: 9 }) }], ['warning', { day: day({ interrupted: 5 }), hour: day({ failed: 5 }) }]],
    silent: [{ day: day({ failed: 4 }), hour: day({ failed: 50 }) }, { day: day({ requests: 9, failed: 9 }), hour: day({ requests: 9, failed: 9 }) }, { day: day({ cancelled: 50 }) }],
  },
  high_retry_rate: { fires: [['info', { day: day({ retries: 30 }) }], ['warning', { day: day({ retries: 50 }) }]], silent: [{ day: day({ retries: 29 }) }, { day: day({ requests: 9, retries: 9 }) }, { day: requests({ all: null }) }] },
  fallback_rate: { fires: [['warning', { day: day({ fallbacks: 10 }) }]], silent: [{ day: day({ fallbacks: 9 }) }, { day: day({ requests: 9, fallbacks: 9 }) }] },
  vram_fallback_active: { fires: [['info', { recent: [trace({ instead: 'substitute', requestedModel: 'big:70b' })] }]], silent: [{ recent: [trace({ instead: 'fallback' })] }] },
  version_mismatch: { fires: [['warning', { version: '1.1.0' }]], silent: [{ fleet: fleet([node({ report: report({ agentVersion: undefined }) })]) }] },
  version_unknown: { fires: [['info', { fleet: fleet([node({ report: report({ agentVersion: undefined }) })]) }]], silent: [{ fleet: fleet([node({ source: 'local', report: report({ agentVersion: undefined }) })]) }] },
  server_down: {
    fires: [['critical', { fleet: fleet([node()], [backend({ status: 'down', problem: 'It refused the connection.' })]) }], ['critical', { fleet: fleet([node({ source: 'static', status: 'offline', report: null })], [backend({ status: 'down', kind: 'openai' })]) }]],
    silent: [
      { fleet: fleet([node({ status: 'degraded' })], [backend({ status: 'down' })]) }, { fleet: fleet([node()], [backend({ status: 'unknown' })]) },
      { fleet: fleet([node({ draining: true, report: report({ draining: true }) })], [backend({ status: 'down' })]) },
    ],
  },
  breaker_open: {
    fires: [
      ['warning', { fleet: fleet([node()], [backend({ breaker: 'open' })]) }], ['warning', { fleet: fleet([node()], [backend({ breaker: 'half-open' })]) }],
      ['warning', { fleet: fleet([node()], [backend({ resting: { 'small:1b': 'open' } })]), recent: attempts(3, { error: 'backend_failed' }) }], ['warning', { fleet: fleet([node()], [backend({ resting: { gone: 'half-open' }, report: null })]), recent: [] }],
    ],
    silent: [{ fleet: fleet([node()], [backend({ breaker: 'open', status: 'down' })]) }, { fleet: fleet([node()], [backend({ resting: { 'small:1b': 'open' }, status: 'down' })]) }],
  },
  zombie_reaper_active: { fires: [['warning', { reaped: 1 }], ['warning', { reaped: 10 }], ['critical', { reaped: 11 }]], silent: [{ reaped: 0 }] },
  kv_cache_bloat: {
    fires: [['info', { fleet: resident(3 * gib) }], ['warning', { fleet: resident(22 * gib) }], ['critical', { fleet: resident(35 * gib) }]],
    // A model of full precision is as large in memory as on the disk, however few parameters it has.
    silent: [{ fleet: resident(1.5 * gib) }, { fleet: fleet([node()], [backend({ report: { models: [{ name: 'f16:8b', sizeBytes: 16 * gib }], resident: [{ name: 'f16:8b', sizeBytes: 17 * gib }] } })]) }],
  },
  context_waste: { fires: [['info', { contexts: context({ allocatedTokens: 17_000 }) }], ['warning', { contexts: context({ allocatedTokens: 33_000 }) }]], silent: [{ contexts: context({ allocatedTokens: 16_000 }) }, { contexts: context({ allocatedTokens: 33_000, requests: 9 }) }, { contexts: context({ allocatedTokens: 4096, recommendedTokens: 4096, p99Tokens: 200 }) }] },
  prompts_too_long: {
    fires: [['warning', { recent: [1, 2, 3].map(() => trace({ error: 'context_overflow' })) }], ['warning', { recent: [1, 2, 3].map(() => trace({ rewrites: ['trim'] })) }]],
    silent: [{ recent: [1, 2].map(() => trace({ error: 'context_overflow' })) }],
  },
  client_disconnects: { fires: [['info', { day: day({ requests: 1000, cancelled: 3 }), hour: day({ cancelled: 1 }) }], ['warning', { day: day({ cancelled: 3 }), hour: day({ cancelled: 1 }) }]], silent: [{ day: day({ cancelled: 50 }) }, { day: day({ cancelled: 2 }), hour: day({ cancelled: 2 }) }] },
  incomplete_streams: { fires: [['warning', { day: day({ interrupted: 2 }), hour: day({ interrupted: 1 }) }], ['info', { day: day({ requests: 1000, interrupted: 2 }), hour: day({ interrupted: 1 }) }]], silent: [{ day: day({ interrupted: 4 }) }, { day: day({ interrupted: 1 }), hour: day({ interrupted: 1 }) }] },
  connection_failures: {
    fires: [['warning', { recent: attempts(3, { error: 'backend_unreachable' }) }], ['critical', { recent: attempts(11, { error: 'backend_unreachable' }) }]],
    silent: [{ recent: attempts(11, { error: 'backend_unreachable', startedAt: hoursAgo }) }, { recent: attempts(11, { error: 'backend_failed' }) }],
  },
  priority_model_not_loaded: {
    fires: [['warning', { fleet: fleet([node()], [backend({ report: { models: [weights], resident: [] } })]) }]],
    silent: [{ pinned: [{ model: 'unknown:1b' }] }, { fleet: fleet([node()], [backend({ report: { models: [weights], resident: null } })]) }, { fleet: fleet([node()], [backend({ status: 'down', report: { models: [weights], resident: [] } })]) }],
  },
  mapped_model_missing: { fires: [['critical', { aliases: { 'gpt-4o': 'gone:7b' } }]], silent: [{ aliases: { 'gpt-4o': 'gone:7b' }, fleet: fleet([node()], [backend(), backend({ id: 'other', report: null })]) }] },
  disk_low: { fires: [['warning', { fleet: disk(9, 100) }], ['warning', { fleet: disk(40, 1000) }], ['critical', { fleet: disk(1, 100) }]], silent: [{ fleet: disk(11, 100) }] },
  gpu_hot: {
    fires: [['warning', { fleet: gpu(85) }], ['critical', { fleet: gpu(93) }], ['warning', { fleet: fleet([node({ report: report({ gpus: [], thermal: { state: 'warning' } }) })]) }]],
    silent: [{ fleet: gpu(84) }, { fleet: fleet([node({ report: report({ gpus: [{ index: 0 }], thermal: { state: 'unknown' } }) })]) }],
  },
  queue_never_empty: { fires: [['warning', { queue: { waiting: 5, oldestMs: 30_000, busySince: at - 10 * minute } }]], silent: [{ queue: { waiting: 500, oldestMs: 30_000, busySince: at - 9 * minute } }, { queue: { waiting: 0, oldestMs: 0, busySince: null } }] },
  clock_skew: { fires: [['warning', { fleet: fleet([node({ clockSkewMs: 5001 })]) }], ['warning', { fleet: fleet([node({ clockSkewMs: -9000 })]) }]], silent: [{ fleet: fleet([node({ clockSkewMs: -5000 })]) }] },
  key_expiring: { fires: [['warning', { keys: [{ id: 'k', expiresAt: '2026-05-12T11:00:00Z' }] }]], silent: [{ keys: [{ id: 'k', expiresAt: '2026-05-12T13:00:00Z' }, { id: 'gone', expiresAt: '2026-05-05T11:59:59Z' }, { id: 'broken', expiresAt: 'soon' }] }] },
};

function resident(sizeBytes: number): HealthView['fleet'] {
  return fleet([node()], [backend({ report: { models: [{ name: 'small:1b', sizeBytes: gib }], resident: [{ name: 'small:1b', sizeBytes }] } })]);
}

function context(more: Partial<HealthView['contexts'][number]>): HealthView['contexts'] {
  return [{ model: 'm', nodeId: 'desk', allocatedTokens: 8192, recommendedTokens: 8192, requests: 10, p99Tokens: 4000, ...more }];
}

function disk(freeGb: number, totalGb: number): HealthView['fleet'] {
  return fleet([node({ report: report({ disk: { totalBytes: totalGb * gib, usedBytes: (totalGb - freeGb) * gib, availableBytes: freeGb * gib } }) })]);
}

function gpu(temperatureC: number): HealthView['fleet'] {
  return fleet([node({ report: report({ gpus: [{ index: 0, temperatureC: 40 }, { index: 1, name: 'Card', temperatureC }] }) })]);
}

test('in a fleet that is well nothing is found, and in an empty one', () => {
  expect(runChecks(checks, well())).toEqual([]);
  expect(runChecks(checks, well({ fleet: fleet([], []), aliases: {}, pinned: [], recent: [], day: requests({ all: null, models: [], nodes: [] }), hour: requests({ all: null, models: [], nodes: [] }) }))).toEqual([]);
});

test('every check has its cases here, and an id of its own', () => {
  expect(checks.map(({ id }) => id).sort()).toEqual(Object.keys(cases).sort());
});

describe.each(checks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  const { fires = [], silent = [] } = cases[id] ?? {};

  test.each(fires)('fires as %s', (severity, more) => {
    const found = check.run(well(more));
    expect(found.map((finding) => finding.severity)).toEqual([severity]);
    for (const { title, description, fix } of found) {
      for (const text of [title, description, fix.text]) expect(text).toMatch(/^\S+ .+$/);
      expect(`${title} ${description} ${JSON.stringify(fix)}`).not.toMatch(/undefined|NaN|null|\[object/);
    }
  });

  test('is silent just below', () => {
    for (const more of silent) expect(check.run(well(more)), JSON.stringify(more).slice(0, 300)).toEqual([]);
  });
});

test('a model that rests is named, with what it failed with', () => {
  const recent = [...attempts(2, { error: 'backend_failed' }), ...attempts(1, { error: 'backend_timeout', startedAt: at - minute }), ...attempts(4, { backendId: 'other', error: 'backend_failed' }), trace()];
  const [found] = runChecks(checks, well({ recent, fleet: fleet([node()], [backend({ resting: { 'small:1b': 'open' } })]) })).filter(({ checkId }) => checkId === 'breaker_open');
  expect(found).toMatchObject({
    title: 'small:1b is left alone on desk', description: expect.stringMatching(/3 tries .* the last with backend_timeout.*Other models of desk are not concerned/), nodeId: 'desk',
    command: 'oar traces --status failed --model small:1b', data: { backend: 'desk', model: 'small:1b', breaker: 'open', failures: 3, lastError: 'backend_timeout' },
  });
});

test('the worst comes first, each under the name of its check', () => {
  const ill = well({ reaped: 11, keys: [{ id: 'k', expiresAt: '2026-05-06T00:00:00Z' }], recent: [trace({ instead: 'substitute', requestedModel: 'big:70b' })] });
  expect(runChecks(checks, ill).map(({ checkId, severity }) => [checkId, severity])).toEqual([['zombie_reaper_active', 'critical'], ['key_expiring', 'warning'], ['vram_fallback_active', 'info']]);
  const [offline] = runChecks(checks, well({ fleet: fleet([node({ status: 'offline' })], []), aliases: {}, pinned: [] }));
  expect(offline).toMatchObject({ checkId: 'node_offline', nodeId: 'desk', fix: expect.any(String), command: 'oar node', action: { method: 'POST', path: '/fleet/nodes/desk/remove' } });
});
