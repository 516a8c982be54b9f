/** Runs many calls in one transaction, so that they share one wait for the disk. */
import { isRead, perform, type StoreCall, type StoreTables } from '../store-calls.ts';
import { rollBack, sqliteCode } from './database.ts';
import type { Database, Statement } from './database.ts';
import type { Answer } from './protocol.ts';

export interface NumberedCall {
  readonly id: number;
  readonly call: StoreCall;
}

const constraint = 19;

export class GroupCommit {
  readonly #database: Database;
  readonly #tables: StoreTables;
  readonly #savepoint: Statement;
  readonly #release: Statement;

  constructor(database: Database, tables: StoreTables) {
    this.#database = database;
    this.#tables = tables;
    this.#savepoint = database.prepare('SAVEPOINT one_call');
    this.#release = database.prepare('RELEASE one_call');
  }

  /** Answers in the order of the calls, after the commit. A call that fails changes nothing and leaves the others alone. */
  run(batch: readonly NumberedCall[]): Answer[] {
    try {
      return this.#together(batch);
    } catch (thrown) {
      if (batch.length === 1) return batch.map(({ id, call }) => failure(id, thrown, call));
      // The disk refused the whole: a smaller change may still fit.
      return batch.flatMap((one) => this.run([one]));
    }
  }

  #together(batch: readonly NumberedCall[]): Answer[] {
    if (batch.every(({ call }) => isRead(call))) return batch.map((one) => this.#answer(one));
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const answers = batch.map((one) => this.#isolated(one));
      this.#database.exec('COMMIT');
      return answers;
    } catch (thrown) {
      rollBack(this.#database);
      throw thrown;
    }
  }

  #isolated({ id, call }: NumberedCall): Answer {
    this.#savepoint.run();
    try {
      const value = perform(this.#tables, call);
      this.#release.run();
      return { id, value };
    } catch (thrown) {
      this.#takeBack(thrown);
      return failure(id, thrown, call);
    }
  }

  /** Throws what was thrown when it has ended the whole transaction (a full disk does). */
  #takeBack(thrown: unknown): void {
    try {
      this.#database.exec('ROLLBACK TO one_call');
      this.#release.run();
    } catch {
      throw thrown;
    }
  }

  #answer({ id, call }: NumberedCall): Answer {
    try {
      return { id, value: perform(this.#tables, call) };
    } catch (thrown) {
      return failure(id, thrown, call);
    }
  }
}

function failure(id: number, thrown: unknown, { part, name }: StoreCall): Answer {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const code = sqliteCode(thrown);
  if (code === constraint && part === 'jobs' && name === 'add') return { id, code: 'conflict', message: 'There is a job with this id already.' };
  if (code === null || code === constraint) return { id, code: 'internal', message: said };
  return { id, code: 'store_unavailable', message: `The store could not be used: ${said}.` };
}
