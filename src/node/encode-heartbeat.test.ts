import { expect, test } from 'vitest';
import type { NodeReport } from '../core/node.ts';
import { readHeartbeat } from '../http/heartbeat-body.ts';
import { encodeHeartbeat } from './encode-heartbeat.ts';

const gib = 1024 ** 3;

const report: NodeReport = {
  nodeId: 'studio-a1b2c',
  name: 'studio.local',
  agentVersion: '1.2.3',
  os: 'darwin',
  arch: 'arm64',
  at: 1_700_000_000_500,
  chip: 'Apple M2 Max',
  cores: 12,
  cpuPct: 10.5,
  load1: 1.25,
  memory: { totalBytes: 64 * gib, usedBytes: 24 * gib, availableBytes: 40 * gib, pressure: 'normal', swapUsedBytes: gib },
  memoryBandwidthGbps: 400,
  gpus: [{ index: 0, name: 'Apple M2 Max', vendor: 'apple', unified: true }],
  thermal: { state: 'nominal', temperatureC: 51, source: 'gpu' },
  disk: { totalBytes: 1000 * gib, usedBytes: 400 * gib, availableBytes: 600 * gib },
  draining: false,
  capacity: { mode: 'learned_high', ceilingBytes: 32 * gib, availability: 0.7, trend: 0.1, reason: 'good_availability', overridden: false, confidence: 0.5, daysObserved: 9 },
  activity: 'light',
  servers: [
    {
      name: 'ollama', kind: 'ollama', port: 11_434, key: 'oar_relay_x', status: 'up', version: '0.12.6', maxConcurrent: 4,
      models: [
        { name: 'llama3:8b', sizeBytes: 4 * gib, contextLength: 131_072, parameterSize: '8B', quantization: 'Q4_K_M', digest: 'abc', capabilities: ['chat'], row: { name: 'llama3:8b' }, show: { template: 'x' } },
        { name: 'nomic-embed-text:latest', sizeBytes: gib / 4, capabilities: ['embedding'] },
      ],
      resident: [{ name: 'llama3:8b', sizeBytes: 5 * gib, vramBytes: 5 * gib, contextLength: 8192, row: { name: 'llama3:8b' } }],
    },
    { name: 'vllm', kind: 'openai', port: 8000, status: 'down', problem: 'vllm does not answer.', models: [], resident: null },
  ],
};

test('an old router finds the fields of contract fleet part 3', () => {
  const { oar: _oar, ...old } = encodeHeartbeat(report, '192.168.1.7');
  expect(old).toEqual({
    node_id: 'studio-a1b2c',
    arch: 'arm64',
    timestamp: 1_700_000_000.5,
    cpu: { cores_physical: 12, utilization_pct: 10.5 },
    memory: { total_gb: 64, used_gb: 24, available_gb: 40, pressure: 'normal' },
    thermal: { state: 'nominal', temperature_c: 51, source: 'gpu' },
    disk: { total_gb: 1000, used_gb: 400, available_gb: 600 },
    ollama: {
      models_loaded: [{ name: 'llama3:8b', size_gb: 5, requests_active: 0, parameter_size: '8B', quantization: 'Q4_K_M', context_length: 8192 }],
      models_available: ['llama3:8b', 'nomic-embed-text:latest'],
      requests_active: 0,
    },
    ollama_host: 'http://127.0.0.1:11434',
    lan_ip: '192.168.1.7',
    draining: false,
    capacity: { mode: 'learned_high', ceiling_gb: 32, availability_score: 0.7, reason: 'good_availability', override_active: false, learning_confidence: 0.5, days_observed: 9 },
    agent_version: '1.2.3',
    chip: 'Apple M2 Max',
    memory_bandwidth_gbps: 400,
  });
});

test('ours is whole, without the rows that the router reads from the server itself', () => {
  const oar = encodeHeartbeat(report, null)['oar'] as NodeReport;
  const { servers, ...rest } = report;
  expect(oar).toMatchObject(rest);
  expect(oar.servers[0]).toMatchObject({ key: 'oar_relay_x', maxConcurrent: 4, resident: [{ name: 'llama3:8b', vramBytes: 5 * gib, contextLength: 8192 }] });
  expect(JSON.stringify(oar)).not.toMatch(/"row"|"show"/);
  expect(oar.servers[1]).toEqual(servers[1]);
});

test('the router reads what was sent, all of it', () => {
  const read = readHeartbeat(JSON.stringify(encodeHeartbeat(report, '192.168.1.7')), 0);
  const servers = report.servers.map((server) => ({ ...server, models: server.models.map(({ row: _row, show: _show, ...model }) => model), resident: server.resident?.map(({ row: _row, ...one }) => one) ?? null }));
  expect(read).toMatchObject({ kind: 'report', old: false, report: { ...report, servers } });
});

test('a machine without Ollama, and of which little is known, has the required fields and no nulls', () => {
  const bare: NodeReport = { nodeId: 'a', name: 'a', at: 1000, memory: { totalBytes: gib, usedBytes: 0, availableBytes: gib, pressure: 'normal' }, gpus: [], draining: true, servers: [] };
  const body = encodeHeartbeat(bare, null);
  expect(JSON.parse(JSON.stringify(body))).toEqual({
    node_id: 'a', timestamp: 1, draining: true,
    cpu: { cores_physical: 1, utilization_pct: 0 },
    memory: { total_gb: 1, used_gb: 0, available_gb: 1, pressure: 'normal' },
    ollama: { models_loaded: [], models_available: [], requests_active: 0 },
    oar: bare,
  });
  expect(JSON.stringify(body)).not.toContain('null');
});

test('what an Ollama had that has died is not told to an old router as if it were there', () => {
  const [ollama] = report.servers;
  const dead = { ...report, servers: [{ ...ollama!, status: 'down' as const }] };
  expect(encodeHeartbeat(dead, null)['ollama']).toEqual({ models_loaded: [], models_available: [], requests_active: 0 });
});
