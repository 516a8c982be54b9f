/** Start and stop order: parts start first to last and stop last to first, whatever goes wrong on the way. */
import type { Log } from '../telemetry/telemetry.ts';

export interface Part {
  readonly name: string;
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export class Lifecycle {
  readonly #parts: readonly Part[];
  readonly #log: Log;
  readonly #running: Part[] = [];
  #stopping: Promise<void> | null = null;

  constructor(parts: readonly Part[], log: Log) {
    this.#parts = parts;
    this.#log = log;
  }

  /** Rejects with the first part's failure, after stopping those that had started. */
  async start(): Promise<void> {
    for (const part of this.#parts) {
      try {
        await part.start();
        this.#running.push(part);
      } catch (failure) {
        await this.stop();
        throw failure;
      }
    }
  }

  /** Stops once, however often it is called; a part that fails to stop does not keep the others from it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      try {
        await part.stop();
      } catch (err) {
        this.#log.error({ err, part: part.name }, 'a part did not stop cleanly');
      }
    }
  }
}
