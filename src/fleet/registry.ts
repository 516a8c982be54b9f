/** Holds what is known about the fleet and hands it out as immutable views. */
import { isDeepStrictEqual } from 'node:util';
import type { BackendReport, BackendState, FleetView, GpuSnapshot } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import { sameModel } from '../util/model-name.ts';
import type { Lesson } from './fleet.ts';
import { LastLoaded } from './last-loaded.ts';
import { LearnedSpeeds } from './learn.ts';
import { listNodes, type OwnMachine } from './node-list.ts';

/** What an operation did to the models of a backend; `like`: it was copied from that one. */
export interface ModelChange {
  readonly got?: string;
  readonly like?: string;
  readonly lost?: string;
}

/** As Ollama lists it. */
function tagged(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}

export class Registry {
  readonly #states = new Map<string, BackendState>();
  readonly #listeners = new Set<() => void>();
  readonly #onListenerError: (thrown: unknown) => void;
  readonly #speeds = new LearnedSpeeds();
  /** Models that came into memory since the last probe began, by backend. */
  readonly #answeredAt = new Map<string, readonly { readonly model: string; readonly at: number }[]>();
  readonly #lastLoaded = new LastLoaded();
  readonly #leftMemoryAt = (backendId: string, model: string) => this.#lastLoaded.leftAt(backendId, model);
  readonly #speed = (backendId: string, model: string) => this.#speeds.lookup(backendId, model);
  #gpu: GpuSnapshot | null = null;
  #view: FleetView | null = null;
  #version = 0;
  #own: OwnMachine;
  #agents: () => readonly NodeState[] = () => [];
  #drained: ReadonlySet<string> = new Set();

  constructor(onListenerError: (thrown: unknown) => void, ownNodeId = 'local') {
    this.#onListenerError = onListenerError;
    this.#own = { id: ownNodeId, report: null, heardAt: null };
  }

  /** The same object until something changed. */
  view(): FleetView {
    this.#view ??= Object.freeze({ version: ++this.#version, backends: Object.freeze([...this.#states.values()]), nodes: Object.freeze(this.#nodes()), gpu: this.#gpu, speed: this.#speed, leftMemoryAt: this.#leftMemoryAt });
    return this.#view;
  }

  #nodes(): readonly NodeState[] {
    return listNodes({ own: this.#own, agents: this.#agents(), backends: this.#states.values(), drained: this.#drained });
  }

  /** Where the machines that report themselves are listed. */
  followAgents(list: () => readonly NodeState[]): void {
    this.#agents = list;
  }

  agentsChanged(matters: boolean): void {
    this.#changed(matters);
  }

  /** Of the machine that the router runs on. */
  setOwnReport(report: NodeReport, heardAt: number): void {
    const draining = this.#own.report?.draining;
    this.#own = { ...this.#own, report, heardAt };
    this.#changed(draining !== report.draining);
  }

  /** Machines that somebody told to take no new work. */
  setDrained(ids: ReadonlySet<string>): void {
    this.#drained = ids;
    this.#changed(true);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(id: string): BackendState | undefined {
    return this.#states.get(id);
  }

  get gpu(): GpuSnapshot | null {
    return this.#gpu;
  }

  add(state: BackendState): void {
    this.#set(state, true);
  }

  remove(id: string): void {
    if (!this.#states.delete(id)) return;
    this.#answeredAt.delete(id);
    this.#lastLoaded.forgetAll(id);
    this.#changed(true);
  }

  /** It turned out to be on a machine that reports itself, or no longer is. */
  setNode(id: string, nodeId: string): void {
    const before = this.#states.get(id);
    if (before !== undefined && before.nodeId !== nodeId) this.#set({ ...before, nodeId }, true);
  }

  /** A probe that began at `askedAt` succeeded. `maxConcurrent` is the configured one, which goes before the reported one. */
  reported(id: string, found: BackendReport, at: number, maxConcurrent: number | undefined, askedAt = at): void {
    const before = this.#states.get(id);
    if (!before) return;
    const report = this.#withAnswered(id, found, askedAt);
    const same = before.report !== null && isDeepStrictEqual(before.report, report);
    if (!same) this.#lastLoaded.compare(id, before.report, report, at);
    const { problem: _problem, maxConcurrent: _maxConcurrent, ...lasting } = before;
    const atOnce = maxConcurrent ?? report.maxConcurrent;
    const after: BackendState = { ...lasting, status: 'up', report: same ? before.report : report, reportedAt: at, ...(atOnce === undefined ? {} : { maxConcurrent: atOnce }) };
    this.#set(after, !same || before.status !== 'up');
  }

  /** It does not answer; the last report is kept. */
  failed(id: string, problem: string): void {
    const before = this.#states.get(id);
    if (!before || (before.status === 'down' && before.problem === problem)) return;
    this.#set({ ...before, status: 'down', problem }, true);
  }

  /** A model that has just answered is in memory, whatever the last report said. Returns whether that was news. */
  answered(id: string, model: string, at: number): boolean {
    const before = this.#states.get(id);
    const resident = before?.report?.resident;
    if (!before?.report || !resident || resident.some((one) => one.sleeping !== true && sameModel(one.name, model))) return false;
    this.#lastLoaded.forget(id, model);
    this.#answeredAt.set(id, [...(this.#answeredAt.get(id) ?? []).filter((one) => one.model !== model), { model, at }]);
    this.#set({ ...before, report: { ...before.report, resident: [...resident.filter((one) => !sameModel(one.name, model)), { name: model }] } }, true);
    return true;
  }

  /** A model came or went through the router itself: the lists say so at once, and the next probe knows better. */
  modelsChanged(id: string, { got, like, lost }: ModelChange): void {
    const before = this.#states.get(id);
    if (!before?.report) return;
    if (lost !== undefined) this.#lastLoaded.forget(id, lost);
    const kept = before.report.models.filter((one) => (lost === undefined || !sameModel(one.name, lost)) && (got === undefined || !sameModel(one.name, got)));
    const source = like === undefined ? undefined : before.report.models.find((one) => sameModel(one.name, like));
    const added = got === undefined ? [] : [{ ...source, name: tagged(got) }];
    const resident = lost === undefined ? before.report.resident : (before.report.resident?.filter((one) => !sameModel(one.name, lost)) ?? null);
    this.#set({ ...before, report: { ...before.report, models: [...kept, ...added], resident } }, true);
  }

  /** What answered since a probe began may have been loaded after the server made its list. */
  #withAnswered(id: string, report: BackendReport, askedAt: number): BackendReport {
    const answered = this.#answeredAt.get(id);
    if (answered === undefined) return report;
    const since = answered.filter((one) => one.at >= askedAt);
    if (since.length === 0) this.#answeredAt.delete(id);
    else this.#answeredAt.set(id, since);
    const { resident } = report;
    if (resident === null) return report;
    const missing = since.filter(({ model }) => !resident.some((one) => sameModel(one.name, model)));
    return missing.length === 0 ? report : { ...report, resident: [...resident, ...missing.map(({ model }) => ({ name: model }))] };
  }

  /** Undefined: it gets requests as usual. */
  setBreaker(id: string, breaker: BackendState['breaker']): void {
    const before = this.#states.get(id);
    if (!before || before.breaker === breaker) return;
    const { breaker: _breaker, ...lasting } = before;
    this.#set(breaker === undefined ? lasting : { ...lasting, breaker }, true);
  }

  /** The same of one model there, by its key. */
  setResting(id: string, model: string, state: BackendState['breaker']): void {
    const before = this.#states.get(id);
    if (!before) return;
    const { resting: were, ...lasting } = before;
    const others = Object.entries(were ?? {}).filter(([key]) => key !== model);
    const now = state === undefined ? others : [...others, [model, state] as const];
    this.#set(now.length === 0 ? lasting : { ...lasting, resting: Object.freeze(Object.fromEntries(now)) }, true);
  }

  /** Speeds are no event and make no new view: they change with every request and free nobody who waits. */
  learn(lesson: Lesson): void {
    this.#speeds.learn(lesson);
  }

  /** How long requests took before this process began. */
  recall(backendId: string, model: string, totalMs: readonly number[]): void {
    this.#speeds.recall(backendId, model, totalMs);
  }

  setGpu(gpu: GpuSnapshot | null): void {
    if (gpu === null && this.#gpu === null) return;
    const same = isDeepStrictEqual(gpu?.gpus, this.#gpu?.gpus);
    this.#gpu = gpu;
    this.#changed(!same);
  }

  #set(state: BackendState, told: boolean): void {
    this.#states.set(state.id, Object.freeze(state));
    this.#changed(told);
  }

  #changed(told: boolean): void {
    this.#view = null;
    if (!told) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (thrown) {
        this.#onListenerError(thrown);
      }
    }
  }
}
