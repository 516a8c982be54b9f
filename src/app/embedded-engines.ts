/** Starts the embedded engines that the plan asks for, tells a person how far they are, and ends them with the router. */
import { homedir } from 'node:os';
import type { BackendKind, BackendSettings } from '../backends/backend.ts';
import { cacheFolder } from '../backends/embedded/cache-folder.ts';
import { type EmbeddedProgress, renderProgress } from '../backends/embedded/render-progress.ts';
import { startEmbeddedEngine } from '../backends/embedded/start-engine.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { embeddedSettings, type PlannedBackend } from './backend-plan.ts';
import type { RunOptions } from './run-options.ts';

const barWidth = 72;

export class EmbeddedEngines {
  readonly #kinds: ReadonlyMap<string, BackendKind>;
  readonly #options: Pick<RunOptions, 'env' | 'out' | 'err' | 'friendly'>;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #running: { stop(): Promise<void> }[] = [];
  #lastLabel = '';

  constructor(kinds: ReadonlyMap<string, BackendKind>, options: Pick<RunOptions, 'env' | 'out' | 'err' | 'friendly'>, log: Log) {
    this.#kinds = kinds;
    this.#options = options;
    this.#log = log;
  }

  /** Rejects with an Error whose message says what was tried and what to do next. */
  async start(settings: BackendSettings): Promise<PlannedBackend> {
    const kind = this.#kinds.get('embedded');
    if (!kind) throw new Error('This build has no embedded engine.');
    const engine = await startEmbeddedEngine({
      cacheDir: cacheFolder(this.#options.env, process.platform, homedir()),
      env: this.#options.env,
      onProgress: (event) => this.#show(event),
      signal: this.#abort.signal,
      log: this.#log,
    });
    if (process.stdout.isTTY) process.stdout.write('\n');
    this.#running.push(engine);
    return { kind, settings: { ...settings, url: engine.url, apiKey: engine.apiKey } };
  }

  /** For somebody who watches: a failure is told, and the router goes on looking for a server. */
  async startForPerson(): Promise<readonly PlannedBackend[]> {
    const onSignal = (): void => this.#abort.abort();
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
    try {
      return [await this.start(embeddedSettings)];
    } catch (failure) {
      if (this.#abort.signal.aborted) throw new Error('Stopped before the model was ready.', { cause: failure });
      this.#options.err(`${failure instanceof Error ? failure.message : String(failure)}\nThe router goes on without it, and uses an inference server as soon as one answers.`);
      return [];
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running.map((engine) => engine.stop()));
  }

  /** A service's standard output is JSON lines and nothing else. */
  #tell(label: string): void {
    if (this.#options.friendly) this.#options.out(label);
    else this.#log.info({}, label);
  }

  /** One line that is written over while it changes on a terminal; elsewhere each new label, once. */
  #show(event: EmbeddedProgress): void {
    if (this.#options.friendly && process.stdout.isTTY) process.stdout.write(`\r\u001b[K${renderProgress(event, barWidth)}`);
    else if (event.label !== this.#lastLabel) this.#tell(event.label);
    this.#lastLabel = event.label;
  }
}
