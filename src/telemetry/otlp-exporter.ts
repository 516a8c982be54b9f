/** Sends finished requests as spans to an OpenTelemetry collector (OTLP over HTTP, JSON), behind the requests. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Trace } from '../core/trace.ts';
import { exportOf, type RandomHex } from './otlp-spans.ts';
import type { Log, Recorder } from './telemetry.ts';

export interface OtlpOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly service: { readonly name: string; readonly version: string; readonly node: string };
  readonly random: RandomHex;
  /** Resolves with the answer's status; rejects when there is none. */
  post(body: string, signal: AbortSignal): Promise<number>;
}

const sendAfterMs = 2000;
const mostAtOnce = 256;
/** While the collector does not answer; the oldest go. */
const mostWaiting = 4096;
const limitMs = 10_000;
const firstRetryMs = 2000;
const longestRetryMs = 60_000;
/** The collector is busy or restarting (OTLP specification, failures that may be tried again). */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class OtlpExporter implements Recorder {
  readonly #options: OtlpOptions;
  #waiting: Trace[] = [];
  #sending: Promise<boolean> | null = null;
  #cancelTimer: CancelTimer | null = null;
  #failures = 0;
  #stopped = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  record(trace: Trace): void {
    if (this.#stopped) return;
    this.#waiting.push(trace);
    if (this.#waiting.length > mostWaiting) this.#waiting = this.#waiting.slice(mostAtOnce);
    if (this.#cancelTimer === null && this.#sending === null) this.#sendAfter(sendAfterMs);
    else if (this.#waiting.length === mostAtOnce && this.#failures === 0) void this.#send();
  }

  /** Sends what is left, for as long as the collector takes it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    let taken = true;
    while (taken && this.#waiting.length > 0) taken = await this.#send();
    this.#cancelTimer?.();
    this.#waiting = [];
  }

  #sendAfter(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#send());
  }

  /** One batch; true when the collector is done with it. */
  #send(): Promise<boolean> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#sending ??= this.#sendBatch().finally(() => {
      this.#sending = null;
      if (this.#cancelTimer === null && this.#waiting.length > 0) this.#sendAfter(this.#waiting.length >= mostAtOnce ? 0 : sendAfterMs);
    });
    return this.#sending;
  }

  async #sendBatch(): Promise<boolean> {
    const { log, service, random } = this.#options;
    const batch = this.#waiting.splice(0, mostAtOnce);
    const problem = await this.#post(JSON.stringify(exportOf(batch, service, random)));
    if (problem === null) {
      if (this.#failures > 0) log.info({}, 'spans are sent again');
      this.#failures = 0;
      return true;
    }
    if (this.#failures === 0) log.warn({ problem: problem.text }, 'spans cannot be sent to the collector of telemetry.otlp.endpoint');
    this.#failures += 1;
    if (!problem.passing) return true;
    this.#waiting = [...batch, ...this.#waiting].slice(-mostWaiting);
    this.#sendAfter(Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1)));
    return false;
  }

  async #post(body: string): Promise<{ readonly text: string; readonly passing: boolean } | null> {
    const late = new AbortController();
    const cancel = this.#options.clock.after(limitMs, () => late.abort());
    try {
      const status = await this.#options.post(body, late.signal);
      return status >= 200 && status < 300 ? null : { text: `It answered ${status}.`, passing: passing.has(status) };
    } catch (thrown) {
      return { text: thrown instanceof Error ? thrown.message : String(thrown), passing: true };
    } finally {
      cancel();
    }
  }
}
