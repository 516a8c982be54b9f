/** Puts the fleet together: the registry, one prober a backend, the GPU monitor. */
import type { BackendKind, BackendSettings, ProbeClient } from '../backends/backend.ts';
import type { Clock } from '../core/clock.ts';
import type { BackendReport, GpuSnapshot } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { sameModel } from '../util/model-name.ts';
import type { BreakerSettings } from './breaker.ts';
import { type BreakerChange, Breakers } from './breakers.ts';
import type { Fleet, Lesson } from './fleet.ts';
import { GpuMonitor, type GpuSettings } from './gpu-monitor.ts';
import { nodeIdOf } from './node-id.ts';
import { NodeStates } from './node-states.ts';
import type { SilenceLimits } from './node-status.ts';
import { Prober } from './prober.ts';
import { type ModelChange, Registry } from './registry.ts';

export interface FleetBackend {
  readonly settings: BackendSettings;
  readonly kind: BackendKind;
  /** The machine that reported it; absent: that of its address. */
  readonly nodeId?: string;
  /** What is known of it before the first probe. */
  readonly seed?: BackendReport;
  /** `timeoutMs` is for one question. */
  probeClient(signal: AbortSignal, timeoutMs: number): ProbeClient;
}

export interface FleetOptions {
  readonly clock: Clock;
  /** What this machine is called; backends on a loopback address belong to it. */
  readonly nodeId: string;
  readonly backends: readonly FleetBackend[];
  readonly probeIntervalMs?: number;
  readonly gpu: GpuSettings | null;
  /** Absent: three failures in a row, and ten seconds. */
  readonly breaker?: BreakerSettings;
  /** Absent: 15 s, 30 s, a day. */
  readonly silence?: SilenceLimits;
  readonly log: Log;
  /** A listener threw. */
  readonly onError?: (thrown: unknown) => void;
}

export interface RunningFleet extends Fleet {
  /** Begins to probe; resolves when the first probes have ended, or after 1.5 s while some go on. */
  start(): Promise<void>;
  /** From now on this backend is part of the fleet; a known id is ignored. */
  addBackend(backend: FleetBackend): void;
  /** Takes the place of the one with the same id; what it is known to have is kept until the next probe. */
  replaceBackend(backend: FleetBackend): void;
  /** Nothing new is sent to it; what runs there ends. */
  removeBackend(id: string): void;
  /** The machine a backend is on; null: that of its address. */
  setNode(backendId: string, nodeId: string | null): void;
  /** The machines that report themselves. */
  readonly nodes: NodeStates;
  /** The report of the router's own machine. */
  setOwnReport(report: NodeReport): void;
  /** The machines that somebody told to take no new work. */
  setDrained(ids: ReadonlySet<string>): void;
  latestGpu(): GpuSnapshot | null;
  /** A model came or went through the router: told at once, and looked at soon. */
  modelsChanged(backendId: string, change: ModelChange): void;
  /** How long requests took before this process began, oldest first; of a model on a backend. */
  recall(backendId: string, model: string, totalMs: readonly number[]): void;
}

const questionMs = 3000;
/** A probe asks several things; one that fills in details of many models may take longer than one question. */
const probeMs = 2 * questionMs;
const startMs = 1500;
/** Between probes of one that is down, so that it is used soon after it came back. */
const downMs = 1000;
const usualSilence: SilenceLimits = { degradedAfterMs: 15_000, offlineAfterMs: 30_000, forgetAfterMs: 86_400_000 };
const usualBreaker: BreakerSettings = { failures: 3, openMs: 10_000 };

export function createFleet(options: FleetOptions): RunningFleet {
  return new ProbedFleet(options);
}

class ProbedFleet implements RunningFleet {
  readonly #options: FleetOptions;
  readonly #registry: Registry;
  readonly #probers = new Map<string, Prober>();
  readonly #gpu: GpuMonitor | null;
  readonly #breakers: Breakers;
  readonly nodes: NodeStates;
  #started = false;

  constructor(options: FleetOptions) {
    const { clock, gpu, log } = options;
    this.#options = options;
    this.#registry = new Registry(options.onError ?? ((thrown) => log.error({ err: thrown }, 'a listener of the fleet failed')), options.nodeId);
    this.nodes = new NodeStates({ clock, limits: options.silence ?? usualSilence, changed: (matters) => this.#registry.agentsChanged(matters), moved: (...move) => this.#moved(...move) });
    this.#registry.followAgents(() => this.nodes.list());
    this.#gpu = gpu && new GpuMonitor(gpu, clock, (snapshot) => this.#registry.setGpu(snapshot), (thrown) => log.warn({ err: thrown }, 'the GPUs could not be read'));
    this.#breakers = new Breakers(options.breaker ?? usualBreaker, clock, (change) => this.#leftAlone(change));
    for (const backend of options.backends) this.addBackend(backend);
  }

  view(): ReturnType<Fleet['view']> {
    return this.#registry.view();
  }

  onChange(listener: () => void): () => void {
    return this.#registry.onChange(listener);
  }

  latestGpu(): GpuSnapshot | null {
    return this.#registry.gpu;
  }

  async start(): Promise<void> {
    this.#started = true;
    const first = Promise.all([...[...this.#probers.values()].map((prober) => prober.start()), this.#gpu?.start()]);
    let cancel = (): void => {};
    const enough = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(startMs, resolve);
    });
    await Promise.race([first, enough]);
    cancel();
  }

  addBackend(backend: FleetBackend): void {
    const { id } = backend.settings;
    if (this.#probers.has(id)) return;
    this.#watch(backend, backend.seed ?? null);
  }

  replaceBackend(backend: FleetBackend): void {
    const { id } = backend.settings;
    void this.#probers.get(id)?.stop();
    this.#breakers.forget(id);
    this.#watch(backend, this.#registry.get(id)?.report ?? backend.seed ?? null);
  }

  removeBackend(id: string): void {
    void this.#probers.get(id)?.stop();
    this.#probers.delete(id);
    this.#breakers.forget(id);
    this.#registry.remove(id);
  }

  setNode(backendId: string, nodeId: string | null): void {
    const url = this.#registry.get(backendId)?.url;
    if (url !== undefined) this.#registry.setNode(backendId, nodeId ?? nodeIdOf(url, this.#options.nodeId));
  }

  setOwnReport(report: NodeReport): void {
    this.#registry.setOwnReport(report, this.#options.clock.now());
  }

  setDrained(ids: ReadonlySet<string>): void {
    this.#registry.setDrained(ids);
  }

  #watch(backend: FleetBackend, report: BackendReport | null): void {
    const { settings } = backend;
    const prober = new Prober(this.#target(backend), this.#options.clock);
    this.#probers.set(settings.id, prober);
    this.#registry.add({
      id: settings.id,
      kind: settings.kind,
      url: withoutCredentials(settings.url),
      nodeId: backend.nodeId ?? nodeIdOf(settings.url, this.#options.nodeId),
      status: 'unknown',
      report,
      reportedAt: null,
      ...(settings.maxConcurrent === undefined ? {} : { maxConcurrent: settings.maxConcurrent }),
      priority: settings.priority,
      tags: settings.tags,
    });
    if (this.#started) void prober.start();
  }

  #moved(id: string, before: NodeState['status'] | null, after: NodeState['status'] | null): void {
    const { log } = this.#options;
    const facts = { node: id, ...(before === null ? {} : { before }) };
    if (after === null) log.info(facts, 'machine is forgotten');
    else if (after === 'offline') log.warn(facts, 'machine is offline: nothing was heard of it');
    else log.info(facts, `machine is ${after}`);
  }

  learn(lesson: Lesson): void {
    this.#registry.learn(lesson);
    this.#breakers.learn(lesson);
    if (!lesson.ok) return this.#doubt(lesson);
    this.nodes.trust(this.#nodeOf(lesson.backendId));
    // Its size and how long it stays are for the server to say.
    if (this.#registry.answered(lesson.backendId, lesson.model, this.#options.clock.now())) this.refresh(lesson.backendId);
    if (this.#registry.get(lesson.backendId)?.status === 'down') this.refresh(lesson.backendId);
  }

  recall(backendId: string, model: string, totalMs: readonly number[]): void {
    this.#registry.recall(backendId, model, totalMs);
  }

  /** A request that got no connection says as much as a probe; other failures, a reset among them, only ask for one. */
  #doubt(lesson: Lesson): void {
    if (lesson.noConnection === true) this.#down(lesson.backendId, 'A request could not reach it.');
    if (!lesson.error?.startsWith('backend_')) return;
    if (lesson.excused !== true) this.nodes.doubt(this.#nodeOf(lesson.backendId));
    this.refresh(lesson.backendId);
  }

  #nodeOf(backendId: string): string {
    return this.#registry.get(backendId)?.nodeId ?? '';
  }

  /** Its probes go on: they tell whether it is there, not whether it can do its work. */
  #leftAlone({ backendId, model, state, forMs }: BreakerChange): void {
    const facts = { backend: backendId, ...(model === undefined ? {} : { model }) };
    const what = model === undefined ? 'backend' : 'model';
    if (state === 'open') this.#options.log.warn({ ...facts, openMs: forMs }, `${what} fails again and again and is left alone for a while`);
    else if (state === undefined) this.#options.log.info(facts, `${what} works again`);
    if (model === undefined) this.#registry.setBreaker(backendId, state);
    else this.#registry.setResting(backendId, model, state);
  }

  #down(backendId: string, problem: string): void {
    const status = this.#registry.get(backendId)?.status;
    if (status !== undefined && status !== 'down') this.#options.log.warn({ backend: backendId, problem }, 'backend is down');
    this.#registry.failed(backendId, problem);
  }

  /** A model came or went through the router: told at once, and looked at soon. */
  modelsChanged(backendId: string, change: ModelChange): void {
    const { lost = '', got = lost } = change;
    // A new copy is not the one that failed.
    this.#breakers.keepOnly(backendId, (model) => !sameModel(model, lost) && !sameModel(model, got));
    this.#registry.modelsChanged(backendId, change);
    this.refresh(backendId);
  }

  refresh(backendId?: string): void {
    if (backendId !== undefined) this.#probers.get(backendId)?.refresh();
    else for (const prober of this.#probers.values()) prober.refresh();
  }

  async stop(): Promise<void> {
    this.#gpu?.stop();
    this.#breakers.stop();
    this.nodes.stop();
    await Promise.all([...this.#probers.values()].map((prober) => prober.stop()));
  }

  #target({ settings, kind, probeClient }: FleetBackend): ConstructorParameters<typeof Prober>[0] {
    const registry = this.#registry;
    const { clock, log, probeIntervalMs } = this.#options;
    let askedAt = clock.now();
    return {
      backendId: settings.id,
      intervalMs: probeIntervalMs ?? 5000,
      limitMs: probeMs,
      // Where nothing at all is heard of the machine, its servers need no hurry.
      downIntervalMs: () => (this.nodes.get(this.#nodeOf(settings.id))?.status === 'offline' ? Number.POSITIVE_INFINITY : downMs),
      probe: (signal) => {
        askedAt = clock.now();
        return kind.probe(probeClient(signal, questionMs), settings, registry.get(settings.id)?.report ?? null);
      },
      reported: (report) => {
        const { status, report: before } = registry.get(settings.id) ?? {};
        const wasDown = status === 'down';
        if (wasDown) log.info({ backend: settings.id }, 'backend is up again');
        registry.reported(settings.id, report, clock.now(), settings.maxConcurrent, askedAt);
        this.#breakers.keepOnly(settings.id, (model) => lists(report, model) || !lists(before, model));
        if (wasDown) this.#breakers.returned(settings.id);
        this.nodes.trust(this.#nodeOf(settings.id));
      },
      failed: (problem) => this.#down(settings.id, problem),
    };
  }
}

function lists(report: BackendReport | null | undefined, model: string): boolean {
  return report?.models.some(({ name }) => sameModel(name, model)) ?? false;
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}
