/** Starts the embedded engine: gets weights and llama.cpp side by side, then runs the model in a process of its own. */
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { RouterError } from '../../core/errors.ts';
import type { Log } from '../../telemetry/telemetry.ts';
import { systemClock } from '../../util/system-clock.ts';
import type { OwnedEngine } from '../backend.ts';
import { ollamaStoreFolders } from './cache-folder.ts';
import { engineEnvironment } from './engine-settings.ts';
import { installEngine } from './install.ts';
import type { OnProgress } from './render-progress.ts';
import { runProgram } from './run-program.ts';
import { type SupervisedChild, superviseChild } from './supervise-child.ts';
import { type FoundWeights, findWeights, type WeightsSource } from './weights.ts';

export interface EngineOptions {
  /** See `cacheFolder`. */
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress: OnProgress;
  /** Ends the start; a running engine is ended by `stop`. */
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Absent: where Ollama keeps its models on this machine. */
  readonly ollamaStores?: readonly string[];
  /** The engine's program; absent: the one beside this file. */
  readonly childEntry?: string;
}

export interface EmbeddedEngine extends OwnedEngine {
  /** Under which the model is listed: `smollm2:135m`. */
  readonly modelName: string;
  readonly weights: FoundWeights;
}

const loadMs = 120_000;

/** Rejects with a RouterError whose message says what failed and what to do, or the signal's reason. A process that dies later is started again, at the same url and with the same key. */
export async function startEmbeddedEngine(options: EngineOptions): Promise<EmbeddedEngine> {
  const [weights, engineFolder] = await together(options.signal, (signal) => [find(options, signal), install(options, signal)]);
  try {
    return await load(options, engineFolder, weights);
  } catch (thrown) {
    // Ollama has models of its own formats, which llama.cpp does not read.
    if (weights.source !== 'ollama' || options.signal.aborted) throw thrown;
    options.log.warn({ model: weights.name, problem: messageOf(thrown) }, "a model of Ollama's store could not be loaded; another is taken");
    return load(options, engineFolder, await find(options, options.signal, ['ollama']));
  }
}

function find(options: EngineOptions, signal: AbortSignal, without: readonly WeightsSource[] = []): Promise<FoundWeights> {
  const ollamaStores = options.ollamaStores ?? ollamaStoreFolders(options.env, process.platform, homedir());
  return findWeights({ env: options.env, cacheDir: options.cacheDir, ollamaStores, runProgram, onProgress: options.onProgress, signal, without });
}

function install(options: EngineOptions, signal: AbortSignal): Promise<string> {
  return installEngine({ cacheDir: options.cacheDir, env: options.env, runProgram, onProgress: options.onProgress, signal });
}

async function load(options: EngineOptions, engineFolder: string, weights: FoundWeights): Promise<EmbeddedEngine> {
  const { env, log } = options;
  options.onProgress({ stage: 'loading', label: `loading ${weights.name}` });
  const secret = randomBytes(24).toString('base64url');
  const child = await superviseChild({
    command: process.execPath,
    args: [options.childEntry ?? fileURLToPath(new URL('./engine-child.js', import.meta.url))],
    environment: (port) => engineEnvironment({ engineFolder, modelPath: weights.path, modelName: weights.name, port, secret, useGpu: isOn(env.OAR_EMBEDDED_GPU) }, env),
    readyMs: loadMs,
    clock: systemClock,
    signal: options.signal,
    onTrouble: (message, againInMs) => log.warn({ model: weights.name, problem: message, againInMs }, 'the embedded engine is down'),
    onRestarted: () => log.info({ model: weights.name }, 'the embedded engine is back'),
  }).catch((thrown: unknown) => {
    options.signal.throwIfAborted();
    throw new RouterError('no_capacity', `The embedded engine could not load ${weights.path}: ${messageOf(thrown)} Name another model with OAR_EMBEDDED_MODEL=/path/to/model.gguf, or install Ollama (https://ollama.com).`, { cause: thrown });
  });
  return describe(child, secret, weights);
}

function describe(child: SupervisedChild, secret: string, weights: FoundWeights): EmbeddedEngine {
  return { url: `http://127.0.0.1:${child.port}`, apiKey: secret, modelName: weights.name, weights, stop: () => child.stop() };
}

/** Both or neither: when one fails the other is told to stop, and has stopped before the failure is passed on. */
async function together<A, B>(signal: AbortSignal, begin: (signal: AbortSignal) => readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const failed = new AbortController();
  const both = begin(AbortSignal.any([signal, failed.signal]));
  try {
    return await Promise.all(both);
  } catch (thrown) {
    failed.abort(thrown);
    await Promise.allSettled(both);
    throw thrown;
  }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value.toLowerCase() !== 'false';
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
