/** The audit store's calls as SQL, each inside a transaction of the caller. */
import type { AuditEntry } from '../../access/access.ts';
import type { AuditPage } from '../store.ts';
import type { AuditCalls } from '../store-calls.ts';
import type { Database } from './database.ts';
import { Statements } from './statements.ts';

/** Every call throws SQLite's own error. */
export class AuditTable implements AuditCalls {
  readonly #statements: Statements;

  constructor(database: Database) {
    this.#statements = new Statements(database);
  }

  add(entries: readonly AuditEntry[]): void {
    for (const entry of entries) {
      const denied = entry.outcome === 'denied' ? 1 : 0;
      this.#statements.run('INSERT INTO audit (id, at, denied, entry) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING', entry.id, entry.at, denied, JSON.stringify(entry));
    }
  }

  list({ limit, before }: AuditPage): AuditEntry[] {
    const rows = before === undefined
      ? this.#statements.all('SELECT entry FROM audit ORDER BY number DESC LIMIT ?', limit)
      : this.#statements.all('SELECT entry FROM audit WHERE number < (SELECT number FROM audit WHERE id = ?) ORDER BY number DESC LIMIT ?', before, limit);
    // Only `add` writes this column.
    return rows.map((row) => JSON.parse(String(row['entry'])) as AuditEntry);
  }

  sweep(since: number, most: number): number {
    const old = this.#statements.run('DELETE FROM audit WHERE at < ?', since);
    const left = Number(this.#statements.get('SELECT count(*) AS count FROM audit')?.['count'] ?? 0);
    if (left <= most) return old;
    return old + this.#statements.run('DELETE FROM audit WHERE number IN (SELECT number FROM audit ORDER BY denied DESC, number LIMIT ?)', left - most);
  }
}
