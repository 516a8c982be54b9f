/** Puts the fleet together: the registry, one prober a backend, the GPU monitor. */
import type { BackendKind, BackendSettings, ProbeClient } from '../backends/backend.ts';
import type { Clock } from '../core/clock.ts';
import type { BackendState, GpuSnapshot } from '../core/fleet.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { BreakerSettings } from './breaker.ts';
import { Breakers } from './breakers.ts';
import type { Fleet, Lesson } from './fleet.ts';
import { GpuMonitor, type GpuSettings } from './gpu-monitor.ts';
import { nodeIdOf } from './node-id.ts';
import { Prober } from './prober.ts';
import { type ModelChange, Registry } from './registry.ts';

export interface FleetBackend {
  readonly settings: BackendSettings;
  readonly kind: BackendKind;
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
  readonly log: Log;
  /** A listener threw. */
  readonly onError?: (thrown: unknown) => void;
}

export interface RunningFleet extends Fleet {
  /** Begins to probe; resolves when the first probes have ended, or after 1.5 s while some go on. */
  start(): Promise<void>;
  /** From now on this backend is part of the fleet; a known id is ignored. */
  addBackend(backend: FleetBackend): void;
  latestGpu(): GpuSnapshot | null;
  /** A model came or went through the router: told at once, and looked at soon. */
  modelsChanged(backendId: string, change: ModelChange): void;
}

const questionMs = 3000;
/** A probe asks several things; one that fills in details of many models may take longer than one question. */
const probeMs = 2 * questionMs;
const startMs = 1500;
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
  #started = false;

  constructor(options: FleetOptions) {
    const { clock, gpu, log } = options;
    this.#options = options;
    this.#registry = new Registry(options.onError ?? ((thrown) => log.error({ err: thrown }, 'a listener of the fleet failed')));
    this.#gpu = gpu && new GpuMonitor(gpu, clock, (snapshot) => this.#registry.setGpu(snapshot), (thrown) => log.warn({ err: thrown }, 'the GPUs could not be read'));
    this.#breakers = new Breakers(options.breaker ?? usualBreaker, clock, (id, state, forMs) => this.#leftAlone(id, state, forMs));
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
    const { settings } = backend;
    if (this.#probers.has(settings.id)) return;
    const prober = new Prober(this.#target(backend), this.#options.clock);
    this.#probers.set(settings.id, prober);
    this.#registry.add({
      id: settings.id,
      kind: settings.kind,
      url: withoutCredentials(settings.url),
      nodeId: nodeIdOf(settings.url, this.#options.nodeId),
      status: 'unknown',
      report: null,
      reportedAt: null,
      ...(settings.maxConcurrent === undefined ? {} : { maxConcurrent: settings.maxConcurrent }),
      priority: settings.priority,
      tags: settings.tags,
    });
    if (this.#started) void prober.start();
  }

  learn(lesson: Lesson): void {
    this.#registry.learn(lesson);
    this.#breakers.learn(lesson);
    if (!lesson.ok) return this.#doubt(lesson);
    // Its size and how long it stays are for the server to say.
    if (this.#registry.answered(lesson.backendId, lesson.model, this.#options.clock.now())) this.refresh(lesson.backendId);
    if (this.#registry.get(lesson.backendId)?.status === 'down') this.refresh(lesson.backendId);
  }

  /** A request that got no connection says as much as a probe; other failures, a reset among them, only ask for one. */
  #doubt(lesson: Lesson): void {
    if (lesson.noConnection === true) this.#down(lesson.backendId, 'A request could not reach it.');
    if (lesson.error?.startsWith('backend_')) this.refresh(lesson.backendId);
  }

  /** Its probes go on: they tell whether it is there, not whether it can do its work. */
  #leftAlone(backendId: string, state: BackendState['breaker'], forMs: number | undefined): void {
    if (state === 'open') this.#options.log.warn({ backend: backendId, openMs: forMs }, 'backend fails again and again and is left alone for a while');
    else if (state === undefined) this.#options.log.info({ backend: backendId }, 'backend works again');
    this.#registry.setBreaker(backendId, state);
  }

  #down(backendId: string, problem: string): void {
    const status = this.#registry.get(backendId)?.status;
    if (status !== undefined && status !== 'down') this.#options.log.warn({ backend: backendId, problem }, 'backend is down');
    this.#registry.failed(backendId, problem);
  }

  /** A model came or went through the router: told at once, and looked at soon. */
  modelsChanged(backendId: string, change: ModelChange): void {
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
      probe: (signal) => {
        askedAt = clock.now();
        return kind.probe(probeClient(signal, questionMs), settings, registry.get(settings.id)?.report ?? null);
      },
      reported: (report) => {
        if (registry.get(settings.id)?.status === 'down') log.info({ backend: settings.id }, 'backend is up again');
        registry.reported(settings.id, report, clock.now(), settings.maxConcurrent, askedAt);
      },
      failed: (problem) => this.#down(settings.id, problem),
    };
  }
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}
