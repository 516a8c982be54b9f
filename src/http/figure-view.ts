/** Rows of the dashboard's figures, in the members of contract fleet part 1.3 and what there is beyond them. Pure. */
import type { Figures, Spread } from '../core/figures.ts';

type Json = Record<string, unknown>;

export function mean({ count, sum }: Spread): number | null {
  return count === 0 ? null : Math.round((10 * sum) / count) / 10;
}

export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Epoch milliseconds as seconds. */
export function seconds(at: number): number {
  return at / 1000;
}

export function trendRow(row: Figures, group: string | null): Json {
  return { hour_bucket: seconds(row.at), ...(group === null ? {} : { group }), request_count: row.requests, completed_count: row.completed, failed_count: row.failed, ...latencies(row), ...tokens(row), total_retries: row.retries, total_fallbacks: row.fallbacks };
}

export function modelDayRow(row: Figures): Json {
  return { model_name: row.name, day_bucket: seconds(row.at), request_count: row.requests, avg_latency_ms: mean(row.latencyMs), ...tokens(row) };
}

export function modelSummaryRow(row: Figures): Json {
  const { latencyMs, generatingMs, generatedTokens } = row;
  return {
    model_name: row.name, total_requests: row.requests, avg_latency_ms: mean(latencyMs), min_latency_ms: latencyMs.count === 0 ? null : tenth(latencyMs.min), max_latency_ms: latencyMs.count === 0 ? null : tenth(latencyMs.max),
    first_seen: seconds(row.firstAt), last_seen: seconds(row.lastAt), avg_ttft_ms: mean(row.firstPartMs), failed_count: row.failed, ...tokens(row),
    tokens_per_second: generatingMs > 0 ? tenth((generatedTokens * 1000) / generatingMs) : null,
  };
}

export function usageRow(row: Figures): Json {
  return { node_id: row.second, model: row.name, day_bucket: seconds(row.at), ...counts(row), ...tokens(row), total_retries: row.retries, total_fallbacks: row.fallbacks };
}

export function tagRow(row: Figures): Json {
  return { tag: row.name, ...counts(row), ...tokens(row), total_tokens: row.promptTokens.sum + row.completionTokens.sum, total_retries: row.retries, total_fallbacks: row.fallbacks, error_rate_pct: row.requests === 0 ? 0 : tenth((100 * row.failed) / row.requests) };
}

export function tagDayRow(row: Figures): Json {
  return { tag: row.name, day_bucket: seconds(row.at), request_count: row.requests, avg_latency_ms: mean(row.latencyMs), total_tokens: row.promptTokens.sum + row.completionTokens.sum };
}

function counts(row: Figures): Json {
  return { request_count: row.requests, completed_count: row.completed, failed_count: row.failed, avg_latency_ms: mean(row.latencyMs), avg_ttft_ms: mean(row.firstPartMs) };
}

function tokens({ promptTokens, completionTokens }: Figures): Json {
  return { total_prompt_tokens: promptTokens.sum, total_completion_tokens: completionTokens.sum };
}

function latencies({ latencyMs, firstPartMs }: Figures): Json {
  return { avg_latency_ms: mean(latencyMs), ...percentiles('latency', latencyMs), avg_ttft_ms: mean(firstPartMs), ...percentiles('ttft', firstPartMs) };
}

function percentiles(name: string, spread: Spread): Json {
  return Object.fromEntries((['p50', 'p95', 'p99'] as const).map((part) => [`${name}_${part}_ms`, spread.count === 0 ? null : tenth(spread[part])]));
}
