/** What the fleet does by itself, and what people may switch while it runs: settings, pins, loading ahead, pulling what nobody has. */
import { hostname } from 'node:os';
import type { Config, LoadedConfig } from '../config/config.ts';
import { LiveSettings, type LiveValues } from '../config/live-settings.ts';
import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import type { InferenceRequest, Task } from '../core/request.ts';
import { AutoPull } from '../fleet/auto-pull.ts';
import type { Fleet, ModelOperations } from '../fleet/fleet.ts';
import { PinBook } from '../fleet/pin-book.ts';
import type { Audit } from '../access/access.ts';
import type { Route } from '../http/http.ts';
import { liveSettingsRoutes } from '../http/live-settings.ts';
import { isLoopback } from '../http/loopback.ts';
import { storedModelRoutes } from '../http/stored-models.ts';
import type { InferenceCall, ServingBackend } from '../pipeline/pipeline.ts';
import { freeForModels } from '../routing/memory-room.ts';
import type { Load, RoutingPolicy } from '../routing/routing.ts';
import type { Store } from '../store/store.ts';
import { ModelUse } from '../telemetry/model-use.ts';
import type { Log, Recorder } from '../telemetry/telemetry.ts';
import type { UsageLedger } from '../telemetry/usage-ledger.ts';
import { mayUse } from '../util/model-name.ts';
import type { Part } from './lifecycle.ts';
import { createPreloading } from './preloading.ts';
import { presetContexts } from './preset-contexts.ts';
import { configurationRows } from './configuration-rows.ts';
import { configView, settingSources } from './settings-view.ts';

export interface FleetPolicySources {
  readonly config: Config;
  readonly version: string;
  /** Where a value of the configuration came from; absent: nobody knows. */
  readonly whereFrom?: LoadedConfig['whereFrom'];
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly backend: (id: string) => ServingBackend | undefined;
  readonly store: Store;
  readonly ledger: UsageLedger;
  readonly models: ModelOperations;
  readonly audit: Pick<Audit, 'record'>;
  /** Nobody is asked for a key. */
  readonly keyless: boolean;
  readonly load: () => Load;
  /** How often backends are asked what they have; what is to be loaded is looked at as often, and every second at least. */
  readonly probeIntervalMs?: number;
}

/** What the service asks of them. */
export interface ServicePolicies {
  readonly presetFor: (modelKey: string) => number | undefined;
  readonly substitution: () => RoutingPolicy['substitution'];
  readonly switchedOff: (task: Task) => string | null;
  readonly fetchModel: (call: InferenceCall, request: InferenceRequest, tell: (words: () => string) => void) => Promise<boolean>;
}

export interface FleetPolicies extends Part, ServicePolicies {
  readonly live: LiveSettings;
  readonly pins: PinBook;
  /** Also told of every finished request. */
  readonly use: Recorder;
  readonly routes: readonly Route[];
}

const longestLookMs = 1000;

/** Starts after the store and the fleet, and stops before them. */
export function createFleetPolicies(sources: FleetPolicySources): FleetPolicies {
  const { config, clock, log, fleet, store } = sources;
  const live = new LiveSettings(store.kv, defaultsOf(config));
  const pins = new PinBook(store.kv);
  const use = new ModelUse();
  const presetFor = presetContexts({ live, use, clock, view: () => fleet.view() });
  const autoPull = new AutoPull({ models: sources.models, view: () => fleet.view(), freeBytes: freeForModels, clock, log });
  const preloading = createPreloading({ settings: config.preload, clock, log, fleet, backend: sources.backend, load: sources.load, pins, use, usage: store.usage, contextFor: presetFor, everyMs: Math.min(longestLookMs, sources.probeIntervalMs ?? longestLookMs) });
  return {
    name: 'fleet policies',
    live,
    pins,
    use,
    presetFor,
    substitution: () => substitution(config, live.values),
    switchedOff: (task) => switchedOff(task, live.values),
    fetchModel: (call, request, tell) => fetchModel(sources, live, autoPull, call, request, tell),
    routes: [...liveSettingsRoutes(settingsSources(sources, live, pins, () => preloading.look()), sources.audit), ...storedModelRoutes({ models: sources.models, usage: store.usage, now: () => clock.now(), fleet: () => fleet.view(), totals: () => sources.ledger.totals() }, sources.audit)],
    async start() {
      await Promise.all([live.load(), pins.load()]);
      await preloading.start();
    },
    async stop() {
      await Promise.all([preloading.stop(), autoPull.stop()]);
    },
  };
}

function defaultsOf({ fleet, router, media, context: { presets } }: Config): LiveValues {
  return { auto_pull: fleet.autoPull !== 'never', vram_fallback: router.substitution !== 'never', image_generation: media.images, transcription: media.transcription, dynamic_num_ctx: presets.enabled, num_ctx_auto_calculate: presets.fromUse, num_ctx_overrides: presets.models };
}

/** Switched on by hand it is what the old system did at most: a model for the same kind of work. */
function substitution({ router }: Config, { vram_fallback: allowed }: LiveValues): RoutingPolicy['substitution'] {
  if (!allowed) return 'never';
  return router.substitution === 'never' ? 'same-capability' : router.substitution;
}

const offTasks: Partial<Readonly<Record<Task, readonly [keyof LiveValues, string]>>> = { image: ['image_generation', 'Making images'], transcription: ['transcription', 'Transcription'] };

function switchedOff(task: Task, values: LiveValues): string | null {
  const [setting, what] = offTasks[task] ?? [];
  return setting === undefined || values[setting] !== false ? null : `${what} is switched off on this router (setting ${setting}).`;
}

/** As registries have them; anything else is a slip or an address. */
const modelName = /^[a-z0-9][\w.-]*(?:[:/][\w.-]+)*$/i;

/** Who may manage models may pull them by asking for one, or everybody where the file says so; switched on by hand it is for the former. */
async function fetchModel({ config, keyless, clock }: FleetPolicySources, live: LiveSettings, autoPull: AutoPull, call: InferenceCall, request: InferenceRequest, tell: (words: () => string) => void): Promise<boolean> {
  const { model } = request;
  if (!live.values.auto_pull || model === null || !modelName.test(model) || !mayUse(call.principal.models, model)) return false;
  if (config.fleet.autoPull !== 'any' && !keyless && !mayManage(call.principal)) return false;
  const holdMs = request.router?.maxQueueTimeMs ?? config.router.holdMs;
  await autoPull.fetch(model, call.job ? null : Math.max(0, holdMs - (clock.now() - call.receivedAt)), call.signal, tell);
  return true;
}

/** As the routes that manage models see it. */
function mayManage({ kind, scopes, address }: Principal): boolean {
  return kind === 'key' ? (scopes ?? []).includes('manage') : isLoopback(address);
}

function settingsSources({ config, version, fleet, whereFrom }: FleetPolicySources, live: LiveSettings, pins: PinBook, look: () => void): Parameters<typeof liveSettingsRoutes>[0] {
  return {
    routerVersion: version,
    hostname: hostname(),
    localNodeId: config.server.nodeId,
    config: configView(config),
    sources: () => settingSources(whereFrom, live),
    configuration: () => configurationRows(config, whereFrom),
    settings: live,
    pins: {
      get nodes() {
        return pins.nodes;
      },
      async set(nodeId, model, pinned) {
        await pins.set(nodeId, model, pinned);
        look();
      },
    },
    pinned: config.preload.pinned,
    maxPinned: config.preload.maxModels,
    fleet: () => fleet.view(),
  };
}
