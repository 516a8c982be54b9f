/** Runs many calls in one transaction, so that they share one wait for the disk. */
import { rollBack, sqliteCode } from './database.ts';
import type { Database, Statement } from './database.ts';
import type { Answer, JobCall, JobCalls } from './protocol.ts';

export interface NumberedCall {
  readonly id: number;
  readonly call: JobCall;
}

const constraint = 19;
const reads: ReadonlySet<JobCall['name']> = new Set(['get', 'list', 'counts']);

export class GroupCommit {
  readonly #database: Database;
  readonly #calls: JobCalls;
  readonly #savepoint: Statement;
  readonly #release: Statement;

  constructor(database: Database, calls: JobCalls) {
    this.#database = database;
    this.#calls = calls;
    this.#savepoint = database.prepare('SAVEPOINT one_call');
    this.#release = database.prepare('RELEASE one_call');
  }

  /** Answers in the order of the calls, after the commit. A call that fails changes nothing and leaves the others alone. */
  run(batch: readonly NumberedCall[]): Answer[] {
    try {
      return this.#together(batch);
    } catch (thrown) {
      if (batch.length === 1) return batch.map(({ id }) => failure(id, thrown));
      // The disk refused the whole: a smaller change may still fit.
      return batch.flatMap((one) => this.run([one]));
    }
  }

  #together(batch: readonly NumberedCall[]): Answer[] {
    if (batch.every(({ call }) => reads.has(call.name))) return batch.map((one) => this.#answer(one));
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
      const value = perform(this.#calls, call);
      this.#release.run();
      return { id, value };
    } catch (thrown) {
      this.#takeBack(thrown);
      return failure(id, thrown);
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
      return { id, value: perform(this.#calls, call) };
    } catch (thrown) {
      return failure(id, thrown);
    }
  }
}

function perform(calls: JobCalls, call: JobCall): unknown {
  switch (call.name) {
    case 'add': return calls.add(...call.args);
    case 'get': return calls.get(...call.args);
    case 'list': return calls.list(...call.args);
    case 'start': return calls.start(...call.args);
    case 'finish': return calls.finish(...call.args);
    case 'requeue': return calls.requeue(...call.args);
    case 'recover': return calls.recover(...call.args);
    case 'sweep': return calls.sweep(...call.args);
    case 'counts': return calls.counts(...call.args);
    default: return call satisfies never;
  }
}

function failure(id: number, thrown: unknown): Answer {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const code = sqliteCode(thrown);
  if (code === null) return { id, code: 'internal', message: said };
  if (code === constraint) return { id, code: 'conflict', message: 'There is a job with this id already.' };
  return { id, code: 'store_unavailable', message: `The job store could not be used: ${said}.` };
}
