/** Offers what this machine can make and hear to the agent, as one server of kind `openai`. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { RouterError } from '../../core/errors.ts';
import type { LocalServer, ServerSource } from '../node.ts';
import { builtInSpeech, qwenServer, type SpeechEngine } from './audio-server.ts';
import { comfyUi } from './comfyui.ts';
import { diffusionKit } from './diffusionkit.ts';
import { mediaHost } from './media-host.ts';
import { mediaServer } from './media-server.ts';
import { MediaShelf } from './media-shelf.ts';
import type { MediaHost, MediaTool } from './media.ts';
import { mflux } from './mflux.ts';
import { qwen3Asr } from './qwen3-asr.ts';
import { sdServer } from './sd-server.ts';
import { whisperCli } from './whisper-cli.ts';
import { whisperServer } from './whisper-server.ts';

export interface MediaSettings {
  readonly clock: Clock;
  /** Shown by the agent's relay, and to nobody else. */
  readonly key: string;
  /** Built-in speech to text as it is now; null while it does not run. */
  readonly speech?: () => SpeechEngine | null;
  /** False: built-in speech to text alone. */
  readonly programs?: boolean;
  /** Absent: everything that is known, on this machine. */
  readonly tools?: readonly MediaTool[];
  readonly host?: MediaHost;
  readonly imageMs?: number;
  readonly transcriptionMs?: number;
}

/** The server is found while there is something to offer. */
export interface RunningMedia extends ServerSource {
  /** Ends what runs. */
  stop(): Promise<void>;
}

/** Rejects when no port of loopback can be had. What there is to offer is looked for each time the agent asks. */
export async function startMedia(settings: MediaSettings): Promise<RunningMedia> {
  const host = settings.host ?? mediaHost();
  const shelf = new MediaShelf({ ...settings, host, tools: settings.tools ?? allTools(settings, host) });
  const server = mediaServer(shelf, settings.key);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const offered = offer(server, shelf, settings.key);
  return {
    async find() {
      await shelf.look();
      return shelf.models.length === 0 ? [] : [offered];
    },
    stop() {
      shelf.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function offer(server: Server, shelf: MediaShelf, key: string): LocalServer {
  return {
    name: 'media',
    kind: 'openai',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey: key,
    // Of each model: others wait in the router, where they can still go elsewhere.
    maxConcurrent: () => 1,
    relayOnly: () => true,
    probe: () => (shelf.models.length === 0 ? Promise.reject(new RouterError('backend_unreachable', 'Nothing on this machine makes pictures or hears recordings now.')) : Promise.resolve({ models: shelf.models, resident: null, maxConcurrent: 1 })),
    answersAt: () => Promise.resolve(false),
  };
}

/** In this order: the first that has a model of a name serves it, and a server that holds its weights goes before a command that loads them. */
function allTools({ speech, programs }: MediaSettings, { env }: MediaHost): readonly MediaTool[] {
  const own = speech === undefined ? [] : [builtInSpeech(speech)];
  return programs === false ? own : [sdServer(), comfyUi(), mflux, diffusionKit, whisperServer(), qwenServer(env), whisperCli, qwen3Asr, ...own];
}
