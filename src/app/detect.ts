/** Looks for inference servers on this machine, where they usually listen. */
import type { BackendKind, BackendSettings, ProbeClient, Timeouts } from '../backends/backend.ts';
import { ollamaHostUrl } from '../util/ollama-host.ts';

export const defaultTimeouts: Timeouts = { connectMs: 2000, firstByteMs: 300_000, idleMs: 120_000, totalMs: 0 };

export interface DetectOptions {
  readonly kinds: readonly BackendKind[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A client that gives up quickly: a machine without servers must not wait. */
  client(settings: BackendSettings, kind: BackendKind): ProbeClient;
}

/** The servers that answer, each once: an Ollama also speaks the OpenAI API, so kinds are asked in the order given. */
export async function detectServers(options: DetectOptions): Promise<readonly { readonly settings: BackendSettings; readonly kind: BackendKind }[]> {
  const places = options.kinds.flatMap((kind) => addressesOf(kind, options.env).map(({ name, url }) => ({ kind, settings: settingsFor(kind.kind, name, url) })));
  const answers = await Promise.all(places.map(({ settings, kind }) => kind.detect(options.client(settings, kind))));
  const found = places.filter((_, index) => answers[index]);
  return found.filter((one, index) => found.findIndex((other) => other.settings.url === one.settings.url) === index);
}

function addressesOf(kind: BackendKind, env: DetectOptions['env']): readonly { name: string; url: string }[] {
  const named = kind.kind === 'ollama' ? ollamaHostUrl(env.OLLAMA_HOST) : null;
  if (named === null) return kind.usualAddresses;
  return [{ name: 'ollama', url: named }, ...kind.usualAddresses.filter(({ url }) => url !== named).map(({ name, url }) => ({ name: `${name}-default`, url }))];
}

function settingsFor(kind: string, name: string, url: string): BackendSettings {
  const id = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return { id, kind, url, priority: 0, tags: [], models: [], timeouts: defaultTimeouts };
}
