/** The servers that can be sent work, each with its connections. */
import { createExecutor } from '../backends/http-executor.ts';
import { createProbeClient } from '../backends/probe-client.ts';
import type { Clock } from '../core/clock.ts';
import type { FleetBackend } from '../fleet/create-fleet.ts';
import type { ModelBackend } from '../fleet/model-calls.ts';
import type { ServingBackend } from '../pipeline/pipeline.ts';
import type { PlannedBackend } from './backend-plan.ts';

/** How long a server may take to accept an order to load a model. */
const orderMs = 60_000;

export class ServingBackends {
  readonly #clock: Clock;
  readonly #byId = new Map<string, ServingBackend>();
  /** Those that get nothing new and still finish what they have. */
  readonly #retired = new Set<ServingBackend>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): ServingBackend | undefined {
    return this.#byId.get(id);
  }

  sendTo(id: string): ModelBackend | undefined {
    const executor = this.#byId.get(id)?.executor;
    return executor && { id, send: executor.send };
  }

  /** In place of one that has the id already. */
  add(planned: PlannedBackend): FleetBackend {
    const { settings, kind } = planned;
    this.remove(settings.id);
    this.#byId.set(settings.id, { settings, kind, executor: createExecutor(settings, kind, this.#clock), probeClient: (signal) => createProbeClient(settings, kind, orderMs, signal, this.#clock) });
    return { settings, kind, probeClient: (signal, timeoutMs) => createProbeClient(settings, kind, timeoutMs, signal, this.#clock) };
  }

  /** What runs there ends. */
  remove(id: string): void {
    const backend = this.#byId.get(id);
    if (backend === undefined) return;
    this.#byId.delete(id);
    this.#retired.add(backend);
    void backend.executor.retire().finally(() => this.#retired.delete(backend));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byId.values(), ...this.#retired].map((backend) => backend.executor.close()));
  }
}
