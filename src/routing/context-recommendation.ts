/** How long a context a model needs, told from how its requests were (contract fleet part 2.5). Pure. */

/** Prompts and answers of one model together, in tokens. */
export interface TotalTokens {
  /** 99 of 100 requests of the last seven days had no more. */
  readonly p99: number;
  /** The longest of the last 24 hours. */
  readonly max24h: number;
}

const leastContext = 4096;
const headroom = 1.5;

/** A power of two with half as much again as nearly every request needed. */
export function recommendedContext({ p99, max24h }: TotalTokens): number {
  const needed = headroom * Math.max(p99, max24h);
  let context = leastContext;
  while (context < needed) context *= 2;
  return context;
}

/** The value that `share` (0 to 1) of the values do not exceed; 0 without any. Values may come in any order. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
