/** How much of its context each model needs, against what it was given (contract fleet parts 1.3 and 2.5). Pure. */
import type { Figures } from '../core/figures.ts';
import type { FleetView } from '../core/fleet.ts';
import { sameModel } from '../util/model-name.ts';
import { mean, tenth } from './figure-view.ts';

/** The context that suits prompts and answers of these lengths, in tokens. */
export type RecommendContext = (needed: { readonly p99: number; readonly max24h: number }) => number;

export interface ContextAdvice {
  readonly recommendedContext: RecommendContext;
  /** What was set for the model, for callers who name no context. */
  readonly presetContext: (model: string) => number | undefined;
}

/** `rows` of the whole time, `lastDay` of the hours of the last day; models without a token counted are left out. */
export function contextRows(rows: readonly Figures[], lastDay: readonly Figures[], fleet: FleetView, { recommendedContext: recommended, presetContext }: ContextAdvice): Record<string, unknown>[] {
  return rows.filter(({ name, totalTokens }) => name !== '' && totalTokens.count > 0).map((row) => {
    const { promptTokens, totalTokens } = row;
    const allocated = allocatedContext(row.name, fleet);
    const maxDay = Math.max(0, ...lastDay.filter(({ name }) => name === row.name).map((hour) => hour.totalTokens.max));
    const advised = recommended({ p99: totalTokens.p99, max24h: maxDay });
    return {
      model: row.name,
      allocated_ctx: allocated,
      override_ctx: presetContext(row.name) ?? null,
      request_count: row.requests,
      prompt_tokens: { avg: mean(promptTokens) ?? 0, p50: Math.round(promptTokens.p50), p75: Math.round(promptTokens.p75), p95: Math.round(promptTokens.p95), p99: Math.round(promptTokens.p99), max: promptTokens.max },
      total_tokens: { p95: Math.round(totalTokens.p95), p99: Math.round(totalTokens.p99), max: totalTokens.max, max_24h: maxDay },
      utilization_pct: allocated === null ? null : tenth((100 * totalTokens.p99) / allocated),
      recommended_ctx: advised,
      savings_pct: allocated === null ? null : tenth(Math.max(0, 100 * (1 - advised / allocated))),
    };
  });
}

/** The longest that it is loaded with somewhere; null: nobody says. */
function allocatedContext(model: string, { backends }: FleetView): number | null {
  const lengths = backends.flatMap(({ status, report }) => (status === 'down' ? [] : (report?.resident ?? []))).filter(({ name }) => sameModel(name, model)).flatMap(({ contextLength }) => contextLength ?? []);
  return lengths.length === 0 ? null : Math.max(...lengths);
}
