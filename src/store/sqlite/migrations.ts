/** Brings a file up to date with the numbered .sql files beside this one; `user_version` says how far it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { rollBack } from './database.ts';
import type { Database } from './database.ts';

const folder = new URL('./migrations/', import.meta.url);

/** A file that a newer program has written. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/** Applies what is missing, each file in its own transaction. Throws `NewerSchemaError`. */
export function migrate(database: Database): void {
  const files = readdirSync(folder).filter((file) => /^\d{4}-.*\.sql$/.test(file)).sort();
  const latest = Number.parseInt(files.at(-1) ?? '0', 10);
  const present = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (present > latest) {
    throw new NewerSchemaError(`it was written by a newer version of this program (schema ${present}, known here: ${latest})`);
  }
  for (const file of files) {
    const number = Number.parseInt(file, 10);
    if (number > present) apply(database, number, readFileSync(new URL(file, folder), 'utf8'));
  }
}

function apply(database: Database, number: number, sql: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(sql);
    database.exec(`PRAGMA user_version = ${number}`);
    database.exec('COMMIT');
  } catch (thrown) {
    rollBack(database);
    throw thrown;
  }
}
