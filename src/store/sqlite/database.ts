/** The one place that knows which SQLite this is: the one built into Node, else the optional package with the same API. */
import { createRequire } from 'node:module';

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database;
}

const optionalPackage = '@photostructure/sqlite';

/** Opens or creates the file. Throws the error of SQLite, or one that says how to get an SQLite. */
export function openSqlite(path: string): Database {
  const { DatabaseSync } = builtIn() ?? installed();
  return new DatabaseSync(path);
}

/** Ends a transaction that may have ended by itself: some errors of SQLite do that. */
export function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // There was none left.
  }
}

/** The result code of an error that SQLite itself reported (sqlite.org/rescode.html), without its extension; null for any other. */
export function sqliteCode(thrown: unknown): number | null {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : null;
  return typeof code === 'number' ? code & 0xff : null;
}

function builtIn(): SqliteModule | undefined {
  // Undefined where the Node has none, or keeps it behind a flag.
  const found: unknown = process.getBuiltinModule?.('node:sqlite');
  return found as SqliteModule | undefined;
}

function installed(): SqliteModule {
  try {
    return createRequire(import.meta.url)(optionalPackage) as SqliteModule;
  } catch (cause) {
    throw new Error(
      `This Node (${process.version}) has no SQLite, and the package ${optionalPackage} could not be loaded. Use Node 22.13 or newer, or run "npm install ${optionalPackage}", or set store.kind to memory.`,
      { cause },
    );
  }
}
