/** The usage store's rules over Maps. */
import { daySeconds, type MinuteUsage, type SpanUsage, type UsageTotal } from '../../core/usage.ts';
import type { UsageBatch } from '../store.ts';
import type { UsageCalls } from '../store-calls.ts';

type Counts = { -readonly [Name in keyof UsageTotal]: UsageTotal[Name] };


/** Synchronous; see `UsageStore` for what each call promises. */
export class MemoryUsage implements UsageCalls {
  /** The number of the last batch, by writer. */
  readonly #written = new Map<string, number>();
  readonly #totals = new Map<string, Counts>();
  readonly #spans = new Map<string, Counts & SpanUsage>();

  add({ writer, number, rows }: UsageBatch): boolean {
    if (number <= (this.#written.get(writer) ?? Number.NEGATIVE_INFINITY)) return false;
    this.#written.set(writer, number);
    for (const row of rows) {
      const { at: _at, ...total } = row;
      addUp(this.#totals, `${row.backend}\n${row.model}`, total);
      this.#addSpan(row, 60);
    }
    return true;
  }

  totals(): UsageTotal[] {
    return [...this.#totals.values()].map((total) => ({ ...total })).sort(byName);
  }

  series({ models, since, limit }: { readonly models: readonly string[]; readonly since?: number; readonly limit: number }): SpanUsage[] {
    const found = [...this.#spans.values()].filter((span) => models.includes(span.model) && (since === undefined || span.at >= since));
    found.sort((a, b) => b.at - a.at || a.spanSeconds - b.spanSeconds || byName(a, b));
    return found.slice(0, limit).map((span) => ({ ...span }));
  }

  rollUp(before: number, trim: boolean): number {
    const old = [...this.#spans].filter(([, span]) => span.spanSeconds === 60 && span.at < before);
    const days = new Set(old.map(([, span]) => `${span.backend}\n${span.model}\n${dayOf(span.at)}`));
    if (trim) {
      for (const [key, span] of old) {
        this.#spans.delete(key);
        this.#addSpan({ ...span, at: dayOf(span.at) }, daySeconds);
      }
    }
    return days.size;
  }

  #addSpan(row: MinuteUsage, spanSeconds: SpanUsage['spanSeconds']): void {
    addUp(this.#spans, `${row.backend}\n${row.model}\n${spanSeconds}\n${row.at}`, { ...row, spanSeconds });
  }
}

function addUp<Row extends Counts>(rows: Map<string, Row>, key: string, more: Row): void {
  const known = rows.get(key);
  if (known === undefined) {
    rows.set(key, { ...more });
    return;
  }
  known.requests += more.requests;
  known.promptTokens += more.promptTokens;
  known.completionTokens += more.completionTokens;
}

function dayOf(at: number): number {
  return at - (at % daySeconds);
}

function byName(a: UsageTotal, b: UsageTotal): number {
  return compare(a.backend, b.backend) || compare(a.model, b.model);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
