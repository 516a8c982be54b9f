/** Pictures and speech of a machine: its programs behind one server for the agent, and built-in speech to text where it was asked for. */
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { cacheFolder } from '../backends/embedded/cache-folder.ts';
import type { OwnedEngine } from '../backends/backend.ts';
import { startSpeech } from '../backends/moonshine/start-speech.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { type RunningMedia, startMedia } from '../node/media/start-media.ts';
import type { Terminal } from '../node/node.ts';

export interface NodeMediaOptions {
  /** Built-in speech to text. */
  readonly speech: boolean;
  /** What its programs and servers make. */
  readonly programs: boolean;
  /** Of the configuration, for both sides. */
  readonly limits: Pick<Config['media'], 'imageTimeoutMs' | 'transcriptionTimeoutMs'>;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

/** What has to be fetched first is offered when it is here; the agent does not wait for it. */
export async function startNodeMedia({ speech, programs, limits, clock, env, terminal }: NodeMediaOptions): Promise<RunningMedia> {
  const end = new AbortController();
  let engine: OwnedEngine | null = null;
  const media = await startMedia({ clock, key: randomBytes(24).toString('base64url'), programs, speech: () => engine, imageMs: limits.imageTimeoutMs, transcriptionMs: limits.transcriptionTimeoutMs });
  const starting = speech ? startEngine(env, terminal, end.signal).then((started) => (engine = started)) : null;
  return {
    find: (signal) => media.find(signal),
    async stop() {
      end.abort();
      await media.stop();
      await (await starting)?.stop();
    },
  };
}

/** Null when it cannot be had; why is said. */
async function startEngine(env: NodeMediaOptions['env'], terminal: Terminal, signal: AbortSignal): Promise<OwnedEngine | null> {
  let said = '';
  try {
    const started = await startSpeech({
      cacheDir: cacheFolder(env, process.platform, homedir()),
      env,
      signal,
      onProgress({ label }) {
        if (label !== said) terminal.info(`Speech to text: ${label}.`);
        said = label;
      },
      log: { info: (_fields, message) => terminal.info(`${message}.`), warn: (fields, message) => terminal.warn(`${message}: ${JSON.stringify(fields)}`) },
    });
    terminal.info('Speech to text runs, as moonshine-tiny-en.');
    return started;
  } catch (thrown) {
    if (!signal.aborted) terminal.warn(thrown instanceof Error ? thrown.message : String(thrown));
    return null;
  }
}
