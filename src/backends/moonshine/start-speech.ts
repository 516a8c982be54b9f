/** Starts built-in speech to text: gets weights and onnxruntime, then runs them in a process of their own. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { RouterError } from '../../core/errors.ts';
import type { Log } from '../../telemetry/telemetry.ts';
import { systemClock } from '../../util/system-clock.ts';
import type { OwnedEngine } from '../backend.ts';
import type { OnProgress } from '../embedded/render-progress.ts';
import { runProgram } from '../embedded/run-program.ts';
import { superviseChild } from '../embedded/supervise-child.ts';
import { installSpeech, type SpeechFolders } from './install-speech.ts';
import { modelName } from './known-files.ts';
import { speechEnvironment } from './speech-settings.ts';

export interface SpeechOptions {
  /** See `cacheFolder`. */
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress: OnProgress;
  /** Ends the start; running speech to text is ended by `stop`. */
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The engine's program; absent: the one beside this file. */
  readonly childEntry?: string;
}

const loadMs = 60_000;

/** Speaks OpenAI's transcription API at `url`. Rejects with a RouterError whose message says what failed and what to do, or the signal's reason. */
export async function startSpeech(options: SpeechOptions): Promise<OwnedEngine> {
  const folders = await installSpeech({ ...options, runProgram });
  options.onProgress({ stage: 'loading', label: `loading ${modelName}` });
  return load(options, folders);
}

async function load({ env, log, signal, childEntry }: SpeechOptions, folders: SpeechFolders): Promise<OwnedEngine> {
  const secret = randomBytes(24).toString('base64url');
  const child = await superviseChild({
    command: process.execPath,
    args: [childEntry ?? fileURLToPath(new URL('./speech-child.js', import.meta.url))],
    environment: (port) => speechEnvironment({ folders, port, secret }, env),
    readyMs: loadMs,
    clock: systemClock,
    signal,
    onTrouble: (message, againInMs) => log.warn({ problem: message, againInMs }, 'built-in speech to text is down'),
    onRestarted: () => log.info({}, 'built-in speech to text is back'),
  }).catch((thrown: unknown) => {
    signal.throwIfAborted();
    throw new RouterError('no_capacity', `Built-in speech to text could not start: ${thrown instanceof Error ? thrown.message : String(thrown)} Delete ${folders.model} and ${folders.runtime} to have them fetched again.`, { cause: thrown });
  });
  return { url: `http://127.0.0.1:${child.port}`, apiKey: secret, stop: () => child.stop() };
}
