/** Keeps the one benchmark that may run: starts it, tells where it stands, ends it, and has its figures kept. */
import { RouterError } from '../core/errors.ts';
import type { BenchCaller, BenchDesk, BenchForm, BenchPlan, BenchProgress, BenchReport } from './bench.ts';
import { type BenchParts, BenchRun } from './run-bench.ts';

export interface KeeperParts {
  newRunId(): string;
  /** Throws `invalid_request` when there is nothing to ask. */
  plan(form: BenchForm, caller: BenchCaller): BenchPlan;
  /** What the requests of this caller's benchmark go through. */
  parts(caller: BenchCaller): BenchParts;
  /** The fleet before the run. */
  snapshot(): unknown;
  save(report: BenchReport): Promise<void>;
}

interface Current {
  readonly id: string;
  readonly form: BenchForm;
  readonly run: BenchRun;
  readonly stop: AbortController;
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
}

interface Ending {
  readonly status: BenchProgress['status'];
  readonly error: string | null;
  readonly result: BenchReport | null;
}

const nothing = { phase: 'idle', elapsed: 0, requests_completed: 0, requests_failed: 0, tok_per_sec: 0, models: [] } as const;

export class BenchKeeper implements BenchDesk {
  readonly #parts: KeeperParts;
  #current: Current | null = null;
  #ending: Ending | null = null;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  start(form: BenchForm, caller: BenchCaller): string {
    if (this.#current !== null && this.#ending === null) throw new RouterError('conflict', `The benchmark ${this.#current.id} runs already. Wait for its end, or cancel it.`);
    const plan = this.#parts.plan(form, caller);
    const id = this.#parts.newRunId();
    const stop = new AbortController();
    const run = new BenchRun(form, plan, this.#parts.parts(caller), stop.signal);
    this.#ending = null;
    this.#current = { id, form, run, stop, ended: this.#runToEnd(id, form, run) };
    return id;
  }

  progress(): BenchProgress {
    const { id = null, run, form } = this.#current ?? {};
    const { status = run === undefined ? 'idle' : 'running', error = null, result = null } = this.#ending ?? {};
    return { status, run_id: id, ...(run?.standing() ?? nothing), duration: (form?.durationMs ?? 0) / 1000, models_pulled: [], pull_progress: null, error, result };
  }

  async cancel(): Promise<string> {
    const current = this.#current;
    if (current === null || this.#ending !== null) throw new RouterError('conflict', 'No benchmark is running.');
    current.stop.abort();
    await current.ended;
    return current.id;
  }

  /** Ends what runs, if anything does. */
  async stop(): Promise<void> {
    this.#current?.stop.abort();
    await this.#current?.ended;
  }

  async #runToEnd(id: string, { mode, save, concurrency }: BenchForm, run: BenchRun): Promise<void> {
    this.#ending = await this.#endOf(async () => {
      const snapshot = this.#parts.snapshot();
      const report = await run.run();
      if (report === null) return null;
      const result = { run_id: id, ...report, fleet_snapshot: { mode, concurrency: concurrency ?? null, nodes: snapshot } };
      if (save) await this.#parts.save(result);
      return result;
    });
  }

  async #endOf(work: () => Promise<BenchReport | null>): Promise<Ending> {
    try {
      const result = await work();
      return { status: result === null ? 'cancelled' : 'completed', error: null, result };
    } catch (thrown) {
      return { status: 'failed', error: thrown instanceof Error ? thrown.message : String(thrown), result: null };
    }
  }
}
