/** Sends finished requests as spans to an OpenTelemetry collector (OTLP over HTTP, JSON), behind the requests. */
import type { Clock } from '../core/clock.ts';
import type { Trace } from '../core/trace.ts';
import { exportOf, type RandomHex } from './otlp-spans.ts';
import type { Log, Recorder } from './telemetry.ts';
import { type Outcome, WriteBehind } from './write-behind.ts';

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
  readonly #behind: WriteBehind<Trace>;
  /** The operator knows that they do not arrive. */
  #told = false;
  #stopped = false;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#behind = new WriteBehind({ clock: options.clock, afterMs: sendAfterMs, batchSize: mostAtOnce, firstRetryMs, longestRetryMs, send: (batch) => this.#send(batch) });
  }

  record(trace: Trace): void {
    if (this.#stopped) return;
    this.#behind.add(trace);
    if (this.#behind.waiting > mostWaiting) this.#behind.drop(mostAtOnce);
  }

  /** Sends what is left, for as long as the collector takes it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#behind.flush();
    this.#behind.stop();
  }

  async #send(batch: readonly Trace[]): Promise<Outcome> {
    const { log, service, random } = this.#options;
    const problem = await this.#post(JSON.stringify(exportOf(batch, service, random)));
    if (problem === null) {
      if (this.#told) log.info({}, 'spans are sent again');
      this.#told = false;
      return 'taken';
    }
    if (!this.#told) log.warn({ problem: problem.text }, 'spans cannot be sent to the collector of telemetry.otlp.endpoint');
    this.#told = true;
    return problem.passing ? 'later' : 'refused';
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
