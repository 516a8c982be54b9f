import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readExposition } from '../../test/support/read-exposition.ts';
import type { Trace } from '../core/trace.ts';
import { createMetrics, type GaugeSource } from './metrics.ts';

const gauges: GaugeSource = {
  queued: 1, running: 2, models: [{ model: 'small:1b', queued: 1, running: 2 }], reachable: true, backends: [{ id: 'desk', up: true }], vramFreeMb: 1000, gpuUtilizationPct: 50,
  jobsByStatus: { queued: 1 }, jobsByModel: [{ model: 'small:1b', status: 'queued', count: 1 }], usage: [{ backend: 'desk', model: 'small:1b', promptTokens: 10, completionTokens: 20, requests: 1 }],
};

const trace: Trace = {
  requestId: 'r', principalId: 'k', plane: 'standalone', dialect: 'ollama-generate', stream: true, requestedModel: 'small:1b', servedModel: 'small:1b', backendId: 'desk', receivedAt: 0, queueMs: 0, firstPartMs: 500, totalMs: 1500,
  usage: { promptTokens: 10, completionTokens: 21 }, attempts: [{ backendId: 'desk', model: 'small:1b', startedAt: 0, endedMs: 1500, why: [] }], rewrites: [], outcome: 'succeeded', status: 200,
};

function families(...traces: readonly Trace[]): ReturnType<typeof readExposition> {
  const metrics = createMetrics(() => gauges);
  for (const one of traces) metrics.observe(one);
  return readExposition(metrics.render());
}

const sample = (all: ReturnType<typeof readExposition>, family: string, name: string, labels: Record<string, string> = {}): number | undefined =>
  all.get(family)?.samples.find((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))?.value;

test('requests are told by the names of the OpenTelemetry conventions too', () => {
  const all = families(trace);
  const labels = { gen_ai_operation_name: 'text_completion', gen_ai_response_model: 'small:1b' };
  expect(sample(all, 'gen_ai_server_request_duration_seconds', 'gen_ai_server_request_duration_seconds_sum', labels)).toBe(1.5);
  expect(sample(all, 'gen_ai_server_time_to_first_token_seconds', 'gen_ai_server_time_to_first_token_seconds_sum', labels)).toBe(0.5);
  // 20 tokens after the first, in one second.
  expect(sample(all, 'gen_ai_server_time_per_output_token_seconds', 'gen_ai_server_time_per_output_token_seconds_sum', labels)).toBeCloseTo(0.05);
  expect(sample(all, 'gen_ai_client_token_usage', 'gen_ai_client_token_usage_sum', { ...labels, gen_ai_token_type: 'input' })).toBe(10);
  expect(sample(all, 'gen_ai_client_token_usage', 'gen_ai_client_token_usage_sum', { ...labels, gen_ai_token_type: 'output' })).toBe(21);
});

test('a request that failed counts with its error, and not among the times to the first token', () => {
  const all = families({ ...trace, outcome: 'interrupted', error: 'stream_interrupted' });
  expect(sample(all, 'gen_ai_server_request_duration_seconds', 'gen_ai_server_request_duration_seconds_count', { error_type: 'stream_interrupted' })).toBe(1);
  expect(sample(all, 'gen_ai_server_time_to_first_token_seconds', 'gen_ai_server_time_to_first_token_seconds_count') ?? 0).toBe(0);
});

test('every figure of the Grafana dashboard is one that the router tells', () => {
  const told = new Set(families(trace).keys());
  const board = JSON.parse(readFileSync(new URL('../../examples/grafana-dashboard.json', import.meta.url), 'utf8')) as { panels: { targets: { expr: string }[] }[] };
  const asked = board.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\b(?:oar|gen_ai_(?:server|client))_\w+/g) ?? []));
  expect(asked.length).toBeGreaterThan(15);
  expect([...new Set(asked.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))].filter((name) => !told.has(name))).toEqual([]);
});
