/** Decides which servers stand behind the router: the file's, else what is found here, else the embedded engine. */
import type { BackendKind, BackendSettings, Timeouts } from '../backends/backend.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import { defaultTimeouts } from './detect.ts';

export interface PlannedBackend {
  readonly settings: BackendSettings;
  readonly kind: BackendKind;
}

export interface PlanSources {
  readonly loaded: Pick<LoadedConfig, 'config' | 'fromFile'>;
  readonly kinds: ReadonlyMap<string, BackendKind>;
  /** Looks around on this machine; asked only when the file names no server. */
  detect(): Promise<readonly PlannedBackend[]>;
}

export interface BackendPlan {
  readonly backends: readonly PlannedBackend[];
  /** Ids of backends whose engine the router has to start itself. */
  readonly embedded: readonly string[];
  /** Nothing was named and nothing was found. */
  readonly nothingFound: boolean;
}

/** Rejects with an Error for a kind that does not exist. */
export async function planBackends({ loaded, kinds, detect }: PlanSources): Promise<BackendPlan> {
  const { config, fromFile } = loaded;
  if (config.backends !== undefined) {
    const planned = config.backends.map((entry) => ({ settings: settingsOf(entry), kind: kindOf(kinds, entry.kind) }));
    return { backends: planned, embedded: planned.filter(({ kind }) => kind.kind === 'embedded').map(({ settings }) => settings.id), nothingFound: false };
  }
  if (fromFile.ollamaBaseUrl) return { backends: [{ settings: ollamaSettings(config), kind: kindOf(kinds, 'ollama') }], embedded: [], nothingFound: false };
  const found = await detect();
  return { backends: found.map((one) => asConfigured(one, config)), embedded: [], nothingFound: found.length === 0 };
}

/** What the `ollama` section says holds for an Ollama that was found, too. */
export function asConfigured(found: PlannedBackend, config: Config): PlannedBackend {
  return found.kind.kind === 'ollama' ? { ...found, settings: { ...ollamaSettings(config), ...identityOf(found.settings) } } : found;
}

/** The engine's address is known only once it runs. */
export const embeddedSettings: BackendSettings = { id: 'embedded', kind: 'embedded', url: 'http://127.0.0.1:0', priority: 0, tags: [], models: [], maxConcurrent: 1, timeouts: defaultTimeouts };

function identityOf(settings: BackendSettings): { id: string; url: string } {
  return { id: settings.id, url: settings.url };
}

function kindOf(kinds: ReadonlyMap<string, BackendKind>, name: string): BackendKind {
  const kind = kinds.get(name);
  if (!kind) throw new Error(`There is no backend kind ${name}; there are ${[...kinds.keys()].join(', ')}.`);
  return kind;
}

type BackendEntry = NonNullable<Config['backends']>[number];

function settingsOf(entry: BackendEntry): BackendSettings {
  const { url, ...rest } = entry;
  if (url === undefined && entry.kind !== 'embedded') throw new Error(`Backend ${entry.id} needs a url.`);
  return { ...(entry.kind === 'embedded' ? { maxConcurrent: embeddedSettings.maxConcurrent } : {}), ...rest, url: url ?? embeddedSettings.url };
}

/** `ollama.baseUrl` and its neighbours as a backend. */
function ollamaSettings({ ollama }: Config): BackendSettings {
  const timeouts: Timeouts = { ...defaultTimeouts, totalMs: ollama.requestTimeoutMs ?? 0 };
  return { id: 'ollama', kind: 'ollama', url: ollama.baseUrl, priority: 0, tags: [], models: [], timeouts, paths: { openAi: ollama.openAiCompatiblePath, native: ollama.nativeApiBasePath } };
}
