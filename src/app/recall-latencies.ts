/** Tells the fleet how long requests took before this process began, so that placement does not start from nothing. */
import type { RunningFleet } from '../fleet/create-fleet.ts';
import type { Store, TraceRows } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Part } from './lifecycle.ts';

const pageRows = 500;
const mostPages = 4;

/** Reads in the background: nobody waits for the past. Starts after the store, and stops before it. */
export class RecalledLatencies implements Part {
  readonly name = 'past latencies';
  readonly #store: Pick<Store, 'traces'>;
  readonly #fleet: Pick<RunningFleet, 'recall'>;
  readonly #log: Log;
  #reading: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(store: Pick<Store, 'traces'>, fleet: Pick<RunningFleet, 'recall'>, log: Log) {
    this.#store = store;
    this.#fleet = fleet;
    this.#log = log;
  }

  start(): void {
    this.#reading = this.#read().catch((err: unknown) => this.#log.warn({ err }, 'the times of earlier requests could not be read'));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reading;
  }

  async #read(): Promise<void> {
    const found = new Map<string, { readonly backendId: string; readonly model: string; readonly newestFirst: number[] }>();
    let before: string | null | undefined;
    for (let page = 0; page < mostPages && before !== null && !this.#stopped; page += 1) {
      const rows: TraceRows = await this.#store.traces.list({ limit: pageRows, outcome: 'succeeded', ...(before === undefined ? {} : { before }) });
      for (const { attempts } of rows.traces) {
        const last = attempts.at(-1);
        if (last === undefined) continue;
        const key = `${last.backendId}\n${last.model}`;
        const known = found.get(key) ?? { backendId: last.backendId, model: last.model, newestFirst: [] };
        found.set(key, known);
        known.newestFirst.push(last.endedMs);
      }
      before = rows.next;
    }
    for (const { backendId, model, newestFirst } of found.values()) this.#fleet.recall(backendId, model, newestFirst.toReversed());
  }
}
