/** Opens the database file for this process alone: folder, lock, settings, migrations. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../../util/error-code.ts';
import { openSqlite, sqliteCode } from './database.ts';
import type { Database } from './database.ts';
import { migrate, NewerSchemaError } from './migrations.ts';

/** A router that is just stopping gets this long to let go. */
const lockWaitMs = 1_000;
const busy = 5;
const notADatabase = 26;

export interface OpenFile {
  readonly database: Database;
  /** Closes the file and lets another process have it. */
  close(): void;
}

/** Throws an Error whose message names the path and says what to do. */
export function openFile(path: string): OpenFile {
  let lock: Database | undefined;
  let database: Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    lock = takeLock(`${path}.lock`);
    database = openDatabase(path);
  } catch (thrown) {
    database?.close();
    lock?.close();
    throw new Error(advice(path, thrown), { cause: thrown });
  }
  const parts = [database, lock];
  return {
    database,
    close() {
      for (const part of parts) part.close();
    },
  };
}

/** Held by SQLite's own file lock, which the system drops with the process however it dies; the database itself stays readable for others. */
function takeLock(path: string): Database {
  createPrivate(path);
  const lock = openSqlite(path);
  try {
    lock.exec(`PRAGMA busy_timeout = ${lockWaitMs}`);
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

function openDatabase(path: string): Database {
  createPrivate(path);
  const database = openSqlite(path);
  try {
    // Fails here, and leaves the file as it is, when it is somebody else's.
    database.prepare('PRAGMA user_version').get();
    // The files beside it are made with the same mode.
    chmodSync(path, 0o600);
    // Must come before the first table, and before WAL, to have an effect.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec(`PRAGMA busy_timeout = ${lockWaitMs}`);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA journal_size_limit = 8388608');
    migrate(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** Creates the file where there is none; requests and results are private to the user who runs the router. */
function createPrivate(path: string): void {
  try {
    // Only when it is new: closing any descriptor of a file drops the locks that this process holds on it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  }
}

function advice(path: string, thrown: unknown): string {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof NewerSchemaError) return `The store ${path} cannot be used: ${said}. Upgrade the router, or set store.path to another file.`;
  switch (sqliteCode(thrown)) {
    case busy:
      return `The store ${path} is in use by another router. Stop that one, or give this one its own store.path.`;
    case notADatabase:
      return `The store ${path} is not an SQLite database. Move that file away, or set store.path to another file.`;
    default:
      return `The store ${path} cannot be opened: ${said}. Make the file and its folder writable for this user, or set store.path to another place.`;
  }
}
