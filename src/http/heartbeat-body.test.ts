import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeReport } from '../../test/fakes/nodes.ts';
import { oldBody } from '../../test/support/scripted-node.ts';
import { RouterError } from '../core/errors.ts';
import type { NodeReport } from '../core/node.ts';
import { type HeartbeatBody, readHeartbeat } from './heartbeat-body.ts';

const gib = 1024 ** 3;

function read(body: unknown): HeartbeatBody {
  return readHeartbeat(JSON.stringify(body), 1_700_000_000_000);
}

function reportIn(body: unknown): NodeReport {
  const read_ = read(body);
  if (read_.kind !== 'report') throw new Error('It is no report.');
  return read_.report;
}

/** The message of the refusal. */
function refused(body: unknown): string {
  try {
    read(body);
  } catch (thrown) {
    if (thrown instanceof RouterError && thrown.status === 400) return thrown.message;
    throw thrown;
  }
  return 'taken';
}

test('the smallest body that the old routers took becomes a report, in bytes', () => {
  const read_ = read(oldBody('A', 'http://127.0.0.1:11600', ['llama3:8b']));
  expect(read_).toEqual({
    kind: 'report',
    old: true,
    hosts: [{ field: 'ollama_host', host: '127.0.0.1' }, { field: 'lan_ip', host: '127.0.0.1' }],
    report: {
      nodeId: 'A', name: 'A', at: 1_700_000_000_000, cores: 8, cpuPct: 10, gpus: [], draining: false,
      memory: { totalBytes: 64 * gib, usedBytes: 24 * gib, availableBytes: 40 * gib, pressure: 'normal' },
      servers: [{ name: 'ollama', kind: 'ollama', port: 11_600, status: 'up', models: [{ name: 'llama3:8b' }], resident: [{ name: 'llama3:8b', sizeBytes: 5 * gib, contextLength: 8192 }] }],
    },
  });
});

test('everything else that the old agents say is understood', () => {
  const full = reportIn(oldBody('A', 'http://localhost', ['a:1b', 'b:1b'], {
    arch: 'apple_silicon', timestamp: 1_700_000_100.5, chip: 'Apple M3 Max', memory_bandwidth_gbps: 400, agent_version: '0.6.1', draining: true,
    thermal: { state: 'warning', temperature_c: 91, source: 'psutil' },
    disk: { total_gb: 1000, used_gb: 400, available_gb: 600 },
    capacity: { mode: 'learned_low', ceiling_gb: 8, availability_score: 0.3, reason: 'currently_busy', override_active: false, learning_confidence: 0.7, days_observed: 12 },
    ollama: { models_loaded: [{ name: 'c:1b', size_gb: 1 }], models_available: ['a:1b'], models_available_sizes: { 'a:1b': 2 }, requests_active: 0, version: '0.12.0', num_parallel: 4 },
  }));
  expect(full).toMatchObject({
    arch: 'apple_silicon', at: 1_700_000_100_500, chip: 'Apple M3 Max', memoryBandwidthGbps: 400, agentVersion: '0.6.1', draining: true,
    thermal: { state: 'warning', temperatureC: 91, source: 'psutil' },
    disk: { totalBytes: 1000 * gib, usedBytes: 400 * gib, availableBytes: 600 * gib },
    capacity: { mode: 'learned_low', ceilingBytes: 8 * gib, availability: 0.3, reason: 'currently_busy', overridden: false, confidence: 0.7, daysObserved: 12 },
  });
  expect(full.servers).toMatchObject([{ port: 80, version: '0.12.0', maxConcurrent: 4, models: [{ name: 'a:1b', sizeBytes: 2 * gib }, { name: 'c:1b' }], resident: [{ name: 'c:1b', sizeBytes: gib }] }]);
});

test('our own report comes through as it was sent, but for what only a probe may say', () => {
  const sent = nodeReport('studio', 40, {
    name: "Ann's studio", agentVersion: '1.0.0', os: 'linux', arch: 'x64', at: 5, cores: 16, cpuPct: 3, load1: 0.5, memoryBandwidthGbps: 900,
    gpus: [{ index: 0, name: 'RTX', vramTotalMb: 24_576, vramUsedMb: 1, vramFreeMb: 24_575, utilizationPct: 5, vendor: 'nvidia', temperatureC: 60 }],
    thermal: { state: 'nominal', temperatureC: 50, source: 'hwmon' }, disk: { totalBytes: 9, usedBytes: 4, availableBytes: 5 },
    capacity: { mode: 'full', ceilingBytes: 7, availability: 0.9, trend: -0.2, reason: 'high_availability', overridden: true, confidence: 0.5, daysObserved: 3 },
    activity: 'heavy',
    servers: [{ name: 'ollama', kind: 'ollama', port: 11_434, key: 'k', status: 'down', problem: 'gone', version: '0.12', models: [{ name: 'a:1b', sizeBytes: 5, contextLength: 8, capabilities: ['chat', 'tools'], digest: 'd' }], resident: null, maxConcurrent: 4 }],
  });
  expect(reportIn({ node_id: 'studio', oar: sent })).toEqual(sent);
});

test.each<[string, unknown, RegExp]>([
  ['another name inside', { node_id: 'a', oar: nodeReport('b') }, /not the same as node_id/],
  ['no memory', { node_id: 'a', oar: { nodeId: 'a' } }, /oar.memory is missing/],
  ['a server without a port', { node_id: 'a', oar: nodeReport('a', 1, { servers: [{ name: 'x', kind: 'ollama' }] as never }) }, /servers\[0\]\.port/],
  ['a server on port 70000', { node_id: 'a', oar: nodeReport('a', 1, { servers: [{ name: 'x', kind: 'ollama', port: 70_000 }] as never }) }, /servers\[0\]\.port/],
  ['two servers of one name', { node_id: 'a', oar: nodeReport('a', 1, { servers: [1, 2].map((port) => ({ name: 'x', kind: 'ollama', port })) as never }) }, /two of the name x/],
  ['a key that breaks headers', { node_id: 'a', oar: nodeReport('a', 1, { servers: [{ name: 'x', kind: 'ollama', port: 1, key: 'ü' }] as never }) }, /key cannot stand in a header/],
  ['a model that breaks lines', { node_id: 'a', oar: nodeReport('a', 1, { servers: [{ name: 'x', kind: 'ollama', port: 1, models: [{ name: 'a\nb' }] }] as never }) }, /control characters/],
  ['a very long name', oldBody('a'.repeat(129), 'http://127.0.0.1', []), /at most 128/],
  ['a host that is none', oldBody('a', 'http://[', []), /ollama_host must be an address/],
])('%s is refused', (_what, body, words) => {
  expect(refused(body)).toMatch(words);
});

test('figures that cannot be are left out, and so is what nobody knows', () => {
  const odd = reportIn({ node_id: 'a', oar: { ...nodeReport('a'), cores: -1, cpuPct: 1e308, load1: 'high', gpus: [{ vramTotalMb: -5, utilizationPct: 101, hax: 1 }, 7], capacity: { mode: 'best', availability: 1 }, surprise: { deep: [1] }, activity: 'asleep' } });
  expect(odd).toEqual({ ...nodeReport('a'), gpus: [{ index: 0 }] });
  expect(readHeartbeat('{"node_id":"a","cpu":{"cores_physical":1e999},"memory":{"total_gb":1,"available_gb":1},"ollama":{}}', 0)).not.toHaveProperty('report.cores');
});

test('lists are cut, so that nobody can fill the memory of the router', () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({ name: `m${index}` }));
  const servers = Array.from({ length: 50 }, (_, index) => ({ name: `s${index}`, kind: 'ollama', port: 1, status: 'up', models: index === 0 ? many : [], resident: [] }));
  const { servers: kept } = reportIn({ node_id: 'a', oar: { ...nodeReport('a'), servers } });
  expect([kept.length, kept[0]?.models.length]).toEqual([32, 1000]);
  expect(() => readHeartbeat(`"${'x'.repeat(2_000_001)}"`, 0)).toThrow(/at most 2000000/);
});

test('whatever is sent is a report or a refusal that says what is wrong, and never anything else', () => {
  const keys = ['node_id', 'cpu', 'memory', 'ollama', 'oar', 'draining', 'ollama_host', 'lan_ip', 'total_gb', 'available_gb', 'totalBytes', 'availableBytes', 'servers', 'models', 'name', 'port', 'kind', 'models_loaded', 'models_available', 'capacity', 'mode', 'timestamp', '__proto__', 'constructor'];
  const any = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, fc.string(), fc.double(), fc.constant('A'), fc.constant(null), fc.boolean(), fc.constant(11_434), fc.array(tie('value'), { maxLength: 4 }), tie('object')),
    object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 8 }),
  }));
  fc.assert(
    fc.property(any.object, fc.boolean(), (object, whole) => {
      const body = whole ? { ...oldBody('A', 'http://127.0.0.1:1', ['m']), ...(object as object), node_id: 'A' } : object;
      try {
        const result = read(body);
        if (result.kind === 'report') expect(result.report.memory.totalBytes).toBeGreaterThanOrEqual(result.report.memory.availableBytes);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RouterError);
        expect((thrown as RouterError).status).toBe(400);
        expect((thrown as RouterError).message).toMatch(/\w+/);
      }
    }),
    { numRuns: 500 },
  );
});
