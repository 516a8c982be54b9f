/** Loads models before somebody asks for them: joins the plan with the fleet, the queue and what was used. */
import type { Clock } from '../core/clock.ts';
import type { Config } from '../config/config.ts';
import { daySeconds } from '../core/usage.ts';
import type { PinBook } from '../fleet/pin-book.ts';
import { type OwnLoads, type PlannedLoad, Preloader } from '../fleet/preloader.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { ServingBackend } from '../pipeline/pipeline.ts';
import { memoryIsShort } from '../routing/memory-room.ts';
import { type ModelDemand, planPreloads, type PreloadSettings } from '../routing/preload-plan.ts';
import type { Load } from '../routing/routing.ts';
import type { UsageStore } from '../store/store.ts';
import type { ModelUse } from '../telemetry/model-use.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { modelKey } from '../util/model-name.ts';
import type { Part } from './lifecycle.ts';
import { backendOf } from './scheduler-limits.ts';

export interface PreloadingSources {
  readonly settings: Config['preload'];
  readonly clock: Clock;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly backend: (id: string) => ServingBackend | undefined;
  readonly load: () => Load;
  readonly pins: PinBook;
  readonly use: ModelUse;
  readonly usage: Pick<UsageStore, 'series'>;
  /** The context that a model is to be loaded with; undefined: as its server likes. */
  readonly contextFor: (modelKey: string) => number | undefined;
  /** Looks again this often. */
  readonly everyMs: number;
}

export interface Preloading extends Part {
  /** Something was pinned. */
  look(): void;
}

const demandMs = 300_000;
const mostRows = 20_000;
const none: PreloadSettings = { pinned: [], maxModels: 0, prewarmAfterQueued: 0 };

export function createPreloading(sources: PreloadingSources): Preloading {
  const { settings, clock, fleet } = sources;
  let demand: readonly ModelDemand[] = [];
  let askedAt = Number.NEGATIVE_INFINITY;
  /** Behind the plan, which goes on with what it knows. */
  const askDemand = (): void => {
    const now = clock.now();
    if (now - askedAt < demandMs || settings.maxModels === 0) return;
    askedAt = now;
    void demandOf(sources).then((found) => { demand = found; }, (err) => sources.log.warn({ err }, 'what was used lately could not be read'));
  };
  const preloader = new Preloader({
    fleet,
    clock,
    log: sources.log,
    everyMs: sources.everyMs,
    plan(own) {
      askDemand();
      return planPreloads(factsOf(sources, own, demand));
    },
    load: (planned, signal) => loadOn(sources, planned, signal),
  });
  return {
    name: 'preloading',
    look: () => preloader.look(),
    start: () => (settings.enabled ? preloader.start() : undefined),
    stop: () => preloader.stop(),
  };
}

function factsOf(sources: PreloadingSources, own: OwnLoads, demand: readonly ModelDemand[]): Parameters<typeof planPreloads>[0] {
  const { clock, fleet, load, pins, use, settings } = sources;
  const view = fleet.view();
  const now = load();
  const running = now.runningByBackend?.();
  const keys = now.totalQueued === 0 ? [] : new Set(view.backends.flatMap((backend) => backend.report?.models ?? []).map(({ name }) => modelKey(name)));
  return {
    now: clock.now(),
    view,
    settings: settings.enabled ? settings : none,
    pinsOf: (nodeId) => pins.of(nodeId),
    demand,
    queued: [...keys].map((key) => [key, now.queued(key)] as const).filter(([, count]) => count > 0),
    running: (backendId, model) => {
      const there = running?.get(backendId);
      if (there === undefined) return 0;
      return model === undefined ? [...there.values()].reduce((sum, count) => sum + count, 0) : (there.get(model) ?? 0);
    },
    usedAt: (backendId, key) => use.usedAt(backendId, key),
    since: (backendId) => own.since(backendId),
    pending: (backendId, key) => own.pending(backendId, key),
  };
}

/** How often each model was asked for, over all backends. */
async function demandOf({ fleet, usage, clock }: PreloadingSources): Promise<readonly ModelDemand[]> {
  const models = [...new Set(fleet.view().backends.flatMap((backend) => backend.report?.models ?? []).map(({ name }) => name))];
  const now = Math.floor(clock.now() / 1000);
  const byKey = new Map<string, { model: string; requests24h: number; requests7d: number }>();
  if (models.length === 0) return [];
  for (const { model, at, requests } of await usage.series({ models, since: now - 7 * daySeconds, limit: mostRows })) {
    const key = modelKey(model);
    const sum = byKey.get(key) ?? { model: key, requests24h: 0, requests7d: 0 };
    byKey.set(key, sum);
    sum.requests7d += requests;
    if (at >= now - daySeconds) sum.requests24h += requests;
  }
  return [...byKey.values()];
}

/** Resolves when the server says that the model is there. */
async function loadOn({ backend: find, fleet, contextFor }: PreloadingSources, { backendId, model, reason }: PlannedLoad, signal: AbortSignal): Promise<void> {
  const backend = find(backendId);
  const state = backendOf(fleet.view(), backendId);
  if (backend === undefined || state === undefined) return;
  if (backend.kind.load !== undefined) return backend.kind.load(backend.probeClient(signal), model);
  const stays = reason === 'pinned' || memoryIsShort(state, fleet.view()) === false;
  const context = contextFor(modelKey(model));
  const wishes = { model, ...(stays ? { keep_alive: -1 } : {}), ...(context === undefined ? {} : { options: { num_ctx: context } }) };
  const capabilities = state.report?.models.find((one) => one.name === model)?.capabilities;
  const embeds = capabilities?.includes('embedding') === true && !capabilities.includes('chat');
  const { body } = await backend.executor.send({ method: 'POST', path: embeds ? '/api/embed' : '/api/generate', body: JSON.stringify(embeds ? { ...wishes, input: '' } : { ...wishes, stream: false }), unlimited: true }, signal);
  while ((await body.read()) !== null);
}
