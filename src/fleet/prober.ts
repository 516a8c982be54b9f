/** Asks one backend again and again what it has, without anybody waiting for it. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';

/** Requests for an early probe are heard at most this often. */
const refreshMs = 1000;

export interface ProbeTarget {
  readonly backendId: string;
  readonly intervalMs: number;
  /** While it is down: whoever waits for it waits no longer than that. Absent: as always. */
  downIntervalMs?(): number;
  /** For the whole of a probe; one question may take less. */
  readonly limitMs: number;
  probe(signal: AbortSignal): Promise<BackendReport>;
  reported(report: BackendReport): void;
  failed(problem: string): void;
}

export class Prober {
  readonly #target: ProbeTarget;
  readonly #clock: Clock;
  #startedAt = Number.NEGATIVE_INFINITY;
  #running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  #refreshWanted = false;
  #stopped = false;
  #down = false;
  #cancel: CancelTimer = () => {};

  constructor(target: ProbeTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  /** Probes now; resolves when that has ended, either way. Later probes follow by themselves. */
  start(): Promise<void> {
    return this.#run();
  }

  /** Asks for a probe sooner than planned: at once, or a second after the last began. */
  refresh(): void {
    if (this.#stopped) return;
    if (this.#running) this.#refreshWanted = true;
    else this.#plan(Math.max(0, this.#startedAt + Math.min(refreshMs, this.#target.intervalMs) - this.#clock.now()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#running?.abort.abort();
    await this.#running?.ended;
  }

  #plan(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(delayMs, () => void this.#run());
  }

  /** One at a time: a second call joins the probe that is under way. */
  #run(): Promise<void> {
    if (this.#running) return this.#running.ended;
    this.#cancel();
    const abort = new AbortController();
    const ended = this.#probe(abort).finally(() => {
      this.#running = null;
      if (!this.#stopped) this.#planNext();
    });
    this.#running = { abort, ended };
    return ended;
  }

  #planNext(): void {
    const { intervalMs, downIntervalMs } = this.#target;
    this.#plan(this.#down ? Math.min(intervalMs, downIntervalMs?.() ?? intervalMs) : intervalMs);
    if (!this.#refreshWanted) return;
    this.#refreshWanted = false;
    this.refresh();
  }

  async #probe(abort: AbortController): Promise<void> {
    const { limitMs } = this.#target;
    this.#startedAt = this.#clock.now();
    const late = lateness(limitMs, this.#clock, abort.signal);
    try {
      const report = await Promise.race([this.#target.probe(abort.signal), late.passed]);
      if (this.#stopped) return;
      this.#down = false;
      this.#target.reported(report);
    } catch (thrown) {
      if (this.#stopped) return;
      this.#down = true;
      this.#target.failed(problemOf(thrown));
    } finally {
      late.cancel();
      abort.abort();
    }
  }
}

/** Rejects when the time is up or the signal aborts, so that a probe that ignores both ends too. */
function lateness(limitMs: number, clock: Clock, signal: AbortSignal): { readonly passed: Promise<never>; readonly cancel: CancelTimer } {
  let cancel: CancelTimer = () => {};
  const passed = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(limitMs, () => reject(new RouterError('backend_timeout', `It did not answer a probe within ${limitMs} ms.`)));
    signal.addEventListener('abort', () => reject(new RouterError('cancelled', 'The probe was stopped.')), { once: true });
  });
  return { passed, cancel };
}

function problemOf(thrown: unknown): string {
  if (thrown instanceof RouterError) return thrown.message;
  return `The probe failed: ${thrown instanceof Error ? thrown.message : String(thrown)}.`;
}
