/** Counts the tokens of every request: at once in memory, and soon after in the store. */
import type { Trace } from '../core/trace.ts';
import type { MinuteUsage, UsageTotal } from '../core/usage.ts';
import type { Recorder } from './telemetry.ts';
import { UsageWriter, type UsageWriterOptions } from './usage-writer.ts';

type Counts = { -readonly [Name in 'requests' | 'promptTokens' | 'completionTokens']: number };

/** One model on one backend. */
interface Account {
  readonly backend: string;
  readonly model: string;
  /** What earlier runs have counted. */
  readonly before: Counts;
  readonly counted: Counts;
  /** What of it is in the batch of this number. */
  row: (Counts & MinuteUsage) | null;
  rowBatch: number;
}

/** No request has more; a server that says so is broken, and must not spoil the sum. */
const mostTokens = 1e9;

/** `record` is a few additions; the store is written behind it. */
export class UsageLedger implements Recorder {
  readonly #store: UsageWriterOptions['store'];
  readonly #writer: UsageWriter;
  readonly #accounts = new Map<string, Map<string, Account>>();
  #version = 0;

  constructor(options: UsageWriterOptions) {
    this.#store = options.store;
    this.#writer = new UsageWriter(options);
  }

  /** Takes over what earlier runs have counted. Rejects like the store. */
  async load(): Promise<void> {
    for (const { backend, model, requests, promptTokens, completionTokens } of await this.#store.totals()) {
      Object.assign(this.#account(backend, model).before, { requests, promptTokens, completionTokens });
    }
    this.#version += 1;
  }

  /** Rises with every change of the totals. */
  get version(): number {
    return this.#version;
  }

  /** Of all runs. */
  totals(): UsageTotal[] {
    return this.#each(({ before, counted }) => ({
      requests: before.requests + counted.requests,
      promptTokens: before.promptTokens + counted.promptTokens,
      completionTokens: before.completionTokens + counted.completionTokens,
    }));
  }

  /** Of this run. */
  counted(): UsageTotal[] {
    return this.#each(({ counted }) => counted);
  }

  record({ backendId, servedModel, usage, outcome, receivedAt, totalMs }: Trace): void {
    if (backendId === undefined || servedModel === undefined) return;
    const promptTokens = plausible(usage.promptTokens);
    const completionTokens = plausible(usage.completionTokens);
    // A try that failed as a whole cost nothing that anybody knows of.
    if (outcome !== 'succeeded' && promptTokens + completionTokens === 0) return;
    const account = this.#account(backendId, servedModel);
    addTo(account.counted, promptTokens, completionTokens);
    addTo(this.#rowOf(account, minuteOf(receivedAt + totalMs)), promptTokens, completionTokens);
    this.#version += 1;
  }

  /** True when the store has all that was recorded before; false when it does not take it now. */
  flush(): Promise<boolean> {
    return this.#writer.flush();
  }

  /** Nothing may be recorded after it. */
  stop(): Promise<void> {
    return this.#writer.stop();
  }

  #account(backend: string, model: string): Account {
    let models = this.#accounts.get(backend);
    if (models === undefined) {
      models = new Map();
      this.#accounts.set(backend, models);
    }
    let account = models.get(model);
    if (account === undefined) {
      account = { backend, model, before: noCounts(), counted: noCounts(), row: null, rowBatch: 0 };
      models.set(model, account);
    }
    return account;
  }

  #rowOf(account: Account, at: number): Counts {
    if (account.row?.at === at && account.rowBatch === this.#writer.batchNumber) return account.row;
    const row = { backend: account.backend, model: account.model, at, ...noCounts() };
    account.row = row;
    account.rowBatch = this.#writer.batchNumber;
    this.#writer.add(row);
    return row;
  }

  #each(countsOf: (account: Account) => Counts): UsageTotal[] {
    return [...this.#accounts.values()].flatMap((models) => [...models.values()].map((account) => ({ backend: account.backend, model: account.model, ...countsOf(account) })));
  }
}

function noCounts(): Counts {
  return { requests: 0, promptTokens: 0, completionTokens: 0 };
}

function addTo(counts: Counts, promptTokens: number, completionTokens: number): void {
  counts.requests += 1;
  counts.promptTokens += promptTokens;
  counts.completionTokens += completionTokens;
}

function plausible(tokens: number | undefined): number {
  return tokens === undefined || !(tokens > 0) ? 0 : Math.min(mostTokens, Math.round(tokens));
}

/** Epoch seconds at which the minute of a moment (epoch milliseconds) begins. */
function minuteOf(atMs: number): number {
  return Math.floor(atMs / 60_000) * 60;
}
