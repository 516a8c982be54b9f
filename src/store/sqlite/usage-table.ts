/** The usage store's calls as SQL, each inside a transaction of the caller. */
import { daySeconds, type MinuteUsage, type SpanUsage, type UsageTotal } from '../../core/usage.ts';
import type { UsageBatch } from '../store.ts';
import type { UsageCalls } from '../store-calls.ts';
import type { Database, SqlRow, SqlValue } from './database.ts';
import { Statements } from './statements.ts';

const addUp = 'requests = requests + excluded.requests, prompt_tokens = prompt_tokens + excluded.prompt_tokens, completion_tokens = completion_tokens + excluded.completion_tokens';

/** Every call throws SQLite's own error. */
export class UsageTable implements UsageCalls {
  readonly #statements: Statements;

  constructor(database: Database) {
    this.#statements = new Statements(database);
  }

  add({ writer, number, rows }: UsageBatch): boolean {
    const isNew = this.#statements.run('INSERT INTO usage_writers (writer, batch) VALUES (?, ?) ON CONFLICT DO UPDATE SET batch = excluded.batch WHERE excluded.batch > batch', writer, number);
    if (isNew === 0) return false;
    for (const row of rows) this.#addRow(row);
    return true;
  }

  totals(): UsageTotal[] {
    return this.#statements.all('SELECT * FROM usage_totals ORDER BY backend, model').map(totalOf);
  }

  series({ models, since, limit }: { readonly models: readonly string[]; readonly since?: number; readonly limit: number }): SpanUsage[] {
    const rows = this.#statements.all(
      'SELECT * FROM usage_spans WHERE model IN (SELECT value FROM json_each(?)) AND at >= ? ORDER BY at DESC, span_seconds, backend, model LIMIT ?',
      JSON.stringify(models), since ?? Number.MIN_SAFE_INTEGER, limit,
    );
    return rows.map(spanOf);
  }

  rollUp(before: number, trim: boolean): number {
    const days = this.#statements.get(`SELECT count(*) AS days FROM (SELECT DISTINCT backend, model, at / ${daySeconds} FROM usage_spans WHERE span_seconds = 60 AND at < ?)`, before);
    if (trim) {
      this.#statements.run(
        `INSERT INTO usage_spans (model, at, span_seconds, backend, requests, prompt_tokens, completion_tokens)
         SELECT model, at - at % ${daySeconds} AS day, ${daySeconds}, backend, sum(requests), sum(prompt_tokens), sum(completion_tokens)
         FROM usage_spans WHERE span_seconds = 60 AND at < ? GROUP BY model, day, backend ON CONFLICT DO UPDATE SET ${addUp}`,
        before,
      );
      this.#statements.run('DELETE FROM usage_spans WHERE span_seconds = 60 AND at < ?', before);
    }
    return Number(days?.['days'] ?? 0);
  }

  #addRow({ backend, model, at, requests, promptTokens, completionTokens }: MinuteUsage): void {
    const counts: readonly SqlValue[] = [requests, promptTokens, completionTokens];
    this.#statements.run(`INSERT INTO usage_totals (backend, model, requests, prompt_tokens, completion_tokens) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ${addUp}`, backend, model, ...counts);
    this.#statements.run(
      `INSERT INTO usage_spans (model, at, span_seconds, backend, requests, prompt_tokens, completion_tokens) VALUES (?, ?, 60, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ${addUp}`,
      model, at, backend, ...counts,
    );
  }
}

function totalOf(row: SqlRow): UsageTotal {
  return { backend: String(row['backend']), model: String(row['model']), requests: Number(row['requests']), promptTokens: Number(row['prompt_tokens']), completionTokens: Number(row['completion_tokens']) };
}

function spanOf(row: SqlRow): SpanUsage {
  return { ...totalOf(row), at: Number(row['at']), spanSeconds: Number(row['span_seconds']) === 60 ? 60 : daySeconds };
}
