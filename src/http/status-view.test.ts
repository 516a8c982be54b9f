import { expect, test } from 'vitest';
import type { FleetView } from '../core/fleet.ts';
import type { Load } from '../routing/routing.ts';
import { capabilitiesView, gpuView, runtimeView, sameCapabilities, type StatusFacts, type StatusNow, statusView } from './status-view.ts';

const facts: StatusFacts = { nodeId: 'lab-1', version: '1.2.3', basePath: '/', protocol: 'http', ollamaBaseUrl: 'http://127.0.0.1:11434', gpuExpected: true, gpuProvider: 'nvidia', router: {}, gpuPolicy: {}, queuePolicy: {} };
const load: Load = { totalQueued: 1, totalRunning: 2, queued: () => 1, running: () => 2 };
const none = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };

function now(fleet: Partial<FleetView>, gpu: StatusNow['gpu'] = null): StatusNow {
  return {
    at: 10_000,
    gpu,
    load,
    table: { specs: new Map([['a', { name: 'a', purpose: [], tags: [], priority: 50, costClass: 'low', exclusive: false, allowWhenBusy: true }]]), routes: new Map([['triage', ['a']]]), fromFile: true },
    fleet: { version: 1, backends: [], nodes: [], gpu: null, speed: () => ({}), ...fleet },
    jobs: { byStatus: none, byModel: [], bytes: 0 },
    concurrency: () => 4,
  };
}

const backend = { id: 'ollama', kind: 'ollama', url: 'http://127.0.0.1:11434', nodeId: 'lab-1', priority: 0, tags: [], reportedAt: 1 };

test('without a reading the gpu key is absent, never null, and the runtime is degraded', () => {
  const view = runtimeView(facts, now({ backends: [{ ...backend, status: 'up', report: { models: [], resident: [] } }] }));
  expect('gpu' in view).toBe(false);
  expect(view.status).toBe('degraded');
  expect(JSON.stringify(view)).not.toContain('null');
  expect(gpuView(facts, now({}))).toEqual({ provider: 'none', available: false });
});

test('no backend up is unavailable, whatever the GPU says', () => {
  expect(runtimeView(facts, now({ backends: [{ ...backend, status: 'down', report: null }] })).status).toBe('unavailable');
});

test('figures that the card does not give stay out, and the age of the reading is real', () => {
  const snapshot = { provider: 'nvidia' as const, takenAt: 7_500, gpus: [{ index: 0, vramTotalMb: 20_000 }] };
  const view = runtimeView(facts, now({ gpu: snapshot }, { vramTotalMb: 20_000 }));
  expect(view.gpu).toEqual({ provider: 'nvidia', snapshotAgeMs: 2_500, vramTotalMb: 20_000 });
});

test('a model that is split between processor and GPU says so in the words of ollama ps', () => {
  const resident = [{ name: 'big', sizeBytes: 10e9, vramBytes: 6e9 }, { name: 'small', sizeBytes: 1e9, vramBytes: 1e9 }, { name: 'cpu', sizeBytes: 1e9, vramBytes: 0 }];
  const view = statusView(facts, now({ backends: [{ ...backend, status: 'up', report: { models: [], resident } }] }));
  expect((view.loadedModels as { processor: string }[]).map((row) => row.processor)).toEqual(['40%/60% CPU/GPU', '100% GPU', '100% CPU']);
});

test('queues show each model with its waiting, running and slots', () => {
  expect(runtimeView(facts, now({})).queues).toEqual({ globalQueued: 1, globalRunning: 2, byModel: [{ model: 'a', queued: 1, running: 2, concurrency: 4 }] });
});

test('a gateway finds each model under one name in models, routes, queues and memory', () => {
  const spec = { purpose: [], tags: [], priority: 50, costClass: 'low' as const, exclusive: false, allowWhenBusy: true };
  const table = { specs: new Map([['a', { ...spec, name: 'a:latest' }], ['b', { ...spec, name: 'b' }]]), routes: new Map([['triage', ['b', 'a']]]), fromFile: true };
  const resident = [{ name: 'a' }, { name: 'b:latest' }, { name: 'foreign:latest' }];
  const present = { ...now({ backends: [{ ...backend, status: 'up', report: { models: [], resident } }] }), table };
  expect(capabilitiesView(facts, present)).toMatchObject({ models: [{ name: 'a:latest' }, { name: 'b' }], routes: { triage: ['b', 'a:latest'] } });
  expect(runtimeView(facts, present)).toMatchObject({ loadedModels: [{ name: 'a:latest' }, { name: 'b' }, { name: 'foreign:latest' }], queues: { byModel: [{ model: 'a:latest' }, { model: 'b' }] } });
});

test('what is no number is left out: null would end a gateway in an error', () => {
  const snapshot = { provider: 'nvidia' as const, takenAt: 9_000, gpus: [] };
  const view = runtimeView(facts, now({ gpu: snapshot }, { name: 'L4', vramTotalMb: 20_000, vramFreeMb: Number.NaN, utilizationPct: Number.POSITIVE_INFINITY }));
  expect(JSON.parse(JSON.stringify(view.gpu))).toEqual({ provider: 'nvidia', snapshotAgeMs: 1_000, name: 'L4', vramTotalMb: 20_000 });
});

test('capabilities are the same until a backend comes, goes, or lists something else', () => {
  const report = { models: [{ name: 'a' }], resident: [] };
  const before = now({ backends: [{ ...backend, status: 'up', report }] });
  const later = (change: object): StatusNow => ({ ...before, at: 20_000, fleet: { ...before.fleet, version: 2, backends: [{ ...backend, status: 'up', report, ...change }] } });
  expect(sameCapabilities(before, later({ reportedAt: 19_000, report: { ...report, resident: [{ name: 'a' }] } }))).toBe(true);
  for (const change of [{ status: 'down' as const }, { maxConcurrent: 2 }, { id: 'other' }, { report: { ...report, models: [{ name: 'b' }] } }, { report: { ...report, maxConcurrent: 1 } }, { report: null }]) {
    expect(sameCapabilities(before, later(change)), JSON.stringify(change)).toBe(false);
  }
  expect(sameCapabilities(before, { ...before, table: { ...before.table } })).toBe(false);
  expect(sameCapabilities(before, { ...before, fleet: { ...before.fleet, backends: [] } })).toBe(false);
});
