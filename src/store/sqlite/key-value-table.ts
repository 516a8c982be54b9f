/** The key-value store's calls as SQL, each inside a transaction of the caller. */
import type { KeyListing, KeyPage } from '../store.ts';
import type { KeyValueCalls } from '../store-calls.ts';
import type { Database, SqlRow } from './database.ts';
import { Statements } from './statements.ts';

/** Every call throws SQLite's own error. */
export class KeyValueTable implements KeyValueCalls {
  readonly #statements: Statements;

  constructor(database: Database) {
    this.#statements = new Statements(database);
  }

  get(key: string, now: number): string | null {
    const value = this.#statements.get('SELECT value FROM key_values WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)', key, now)?.['value'];
    return typeof value === 'string' ? value : null;
  }

  put(key: string, value: string, expiresAt: number | null): void {
    // What is replaced gets a new number, and so a new age.
    this.#statements.run('INSERT OR REPLACE INTO key_values (key, value, expires_at) VALUES (?, ?, ?)', key, value, expiresAt);
  }

  list({ prefix, limit, before, headChars }: KeyPage, now: number): KeyListing[] {
    const after = before === undefined ? '' : 'AND number < (SELECT number FROM key_values WHERE key = ?5)';
    const rows = this.#statements.all(
      `SELECT key, substr(value, 1, ?3) AS head, length(CAST(value AS BLOB)) AS bytes, expires_at FROM key_values
       WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 AND (expires_at IS NULL OR expires_at > ?2) ${after} ORDER BY number DESC LIMIT ?4`,
      prefix, now, headChars, limit, ...(before === undefined ? [] : [before]),
    );
    return rows.map(listingOf);
  }

  delete(key: string, now: number): boolean {
    this.#statements.run('DELETE FROM key_values WHERE key = ? AND expires_at <= ?', key, now);
    return this.#statements.run('DELETE FROM key_values WHERE key = ?', key) > 0;
  }

  trim(prefix: string, most: number): number {
    return this.#statements.run(
      `DELETE FROM key_values WHERE number IN (
         SELECT number FROM key_values WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 ORDER BY number DESC LIMIT -1 OFFSET ?2)`,
      prefix, most,
    );
  }

  sweep(now: number): number {
    return this.#statements.run('DELETE FROM key_values WHERE expires_at <= ?', now);
  }
}

function listingOf(row: SqlRow): KeyListing {
  const expiresAt = row['expires_at'];
  return { key: String(row['key']), head: String(row['head']), bytes: Number(row['bytes']), expiresAt: typeof expiresAt === 'number' ? expiresAt : null };
}
