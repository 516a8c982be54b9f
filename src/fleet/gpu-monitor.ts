/** Takes a snapshot of this machine's GPUs at an interval, in the background. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Gpu, GpuSnapshot } from '../core/fleet.ts';
import type { NodeFacts } from '../node/collectors/collector.ts';

export interface GpuSettings {
  readonly provider: GpuSnapshot['provider'];
  readonly intervalMs: number;
  /** Never called twice at once. */
  readonly collect: (signal: AbortSignal) => Promise<NodeFacts | null>;
  /** What the configuration says, for provider `static`. */
  readonly static?: Gpu;
}

/** A GPU that is configured and not watched: all of its memory counts as free. */
export function staticGpu(name: string | undefined, vramTotalMb: number | undefined): Gpu {
  return {
    index: 0,
    ...(name === undefined ? {} : { name }),
    ...(vramTotalMb === undefined ? {} : { vramTotalMb, vramUsedMb: 0, vramFreeMb: vramTotalMb }),
  };
}

export class GpuMonitor {
  readonly #settings: GpuSettings;
  readonly #clock: Clock;
  readonly #taken: (snapshot: GpuSnapshot | null) => void;
  readonly #failed: (thrown: unknown) => void;
  readonly #abort = new AbortController();
  #cancel: CancelTimer = () => {};
  #running: Promise<void> | null = null;
  #startedAt = 0;

  constructor(settings: GpuSettings, clock: Clock, taken: (snapshot: GpuSnapshot | null) => void, failed: (thrown: unknown) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#taken = taken;
    this.#failed = failed;
  }

  /** Resolves when the first snapshot was taken, or could not be. */
  async start(): Promise<void> {
    const { provider, static: configured } = this.#settings;
    if (provider === 'static') {
      this.#taken(configured ? { provider, takenAt: this.#clock.now(), gpus: [configured] } : null);
      return;
    }
    this.#plan();
    await this.#begin();
  }

  /** Does not wait for a program that cannot be ended. */
  stop(): void {
    this.#abort.abort();
    this.#cancel();
  }

  #plan(): void {
    this.#cancel = this.#clock.after(this.#settings.intervalMs, () => {
      this.#plan();
      if (!this.#running) void this.#begin();
      else if (this.#clock.now() - this.#startedAt >= 3 * this.#settings.intervalMs) this.#taken(null);
    });
  }

  #begin(): Promise<void> {
    this.#startedAt = this.#clock.now();
    this.#running = this.#take().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Without an answer there is no snapshot: an old one would promise memory that may be gone. */
  async #take(): Promise<void> {
    let facts: NodeFacts | null = null;
    try {
      facts = await this.#settings.collect(this.#abort.signal);
    } catch (thrown) {
      this.#failed(thrown);
    }
    if (this.#abort.signal.aborted) return;
    this.#taken(facts?.gpus ? { provider: this.#settings.provider, takenAt: this.#clock.now(), gpus: facts.gpus } : null);
  }
}
