import { expect, test } from 'vitest';
import type { BenchSample } from './bench.ts';
import { byModel, byNode, percentile, totals, utilization } from './statistics.ts';

const sample = (more: Partial<BenchSample> = {}): BenchSample => ({ model: 'a:1b', kind: 'llm', nodeId: 'east', latencyMs: 100, firstTokenMs: 10, promptTokens: 5, completionTokens: 20, ...more });

test.each([
  [[], 0.5, null], [[7], 0.99, 7], [[4, 1, 3, 2], 0.5, 2.5], [[10, 20, 30], 0.95, 29], [[30, 10, 20], 0, 10], [[30, 10, 20], 1, 30],
])('of %j the %d part is %d, between its neighbours', (values, share, expected) => {
  const found = percentile(values, share);
  if (expected === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(expected, 9);
});

test('what failed is counted as failed, and is in no time and no token', () => {
  const samples = [sample(), sample({ latencyMs: 300, firstTokenMs: 30 }), sample({ latencyMs: 9_000, completionTokens: 500, error: 'gone' })];
  expect(totals(samples, 10)).toEqual({
    duration_s: 10, total_requests: 3, total_failures: 1, total_prompt_tokens: 10, total_completion_tokens: 40, requests_per_sec: 0.2, tokens_per_sec: 4,
    latency_p50_ms: 200, latency_p95_ms: 290, latency_p99_ms: 298, ttft_p50_ms: 20, ttft_p95_ms: 29, ttft_p99_ms: 29.8,
  });
  expect(totals([], 0)).toMatchObject({ total_requests: 0, tokens_per_sec: 0, latency_p50_ms: null });
});

test('a model that only reads is as fast as it reads', () => {
  const { firstTokenMs: _, ...read } = sample({ model: 'e:1b', kind: 'embed', promptTokens: 80, completionTokens: 0 });
  const samples = [sample(), read];
  expect(byModel(samples, 4)).toMatchObject({ 'a:1b': { requests: 1, tok_s: 5, avg_latency_ms: 100, avg_ttft_ms: 10 }, 'e:1b': { requests: 1, tok_s: 20, avg_ttft_ms: null, ttft_p50_ms: null } });
});

test('machines have the share of what was answered there', () => {
  const samples = [sample(), sample(), sample(), sample({ nodeId: 'west' }), sample({ nodeId: 'west', error: 'gone' })];
  expect(byNode(samples, 10)).toMatchObject({ east: { requests: 3, pct: 75, tok_s: 6, tokens: 60 }, west: { requests: 1, pct: 25 } });
});

test('how busy machines were is their average and their most; what nobody measured is not told', () => {
  expect(utilization([{ nodeId: 'east', cpuPct: 20, memoryPct: 50 }, { nodeId: 'east', cpuPct: 60 }, { nodeId: 'west' }], 3)).toEqual({
    active_peak: 3,
    nodes: { east: { cpu_avg: 40, cpu_peak: 60, mem_avg: 50, mem_peak: 50 }, west: { cpu_avg: null, cpu_peak: null, mem_avg: null, mem_peak: null } },
  });
});

test('a model may have any name', () => {
  expect(Object.keys(byModel([sample({ model: '__proto__' })], 1))).toEqual(['__proto__']);
});
