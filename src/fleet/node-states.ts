/** Remembers the machines that report themselves, and says what has become of each as time goes by. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import { leastAvailability } from '../util/takes-work.ts';
import { type Silence, type SilenceLimits, standingOf } from './node-status.ts';

/** A report that was let in. */
export interface HeardNode {
  readonly report: NodeReport;
  /** Where it came from; its servers are there. */
  readonly address: string;
  /** False: it waits for somebody's approval. */
  readonly enrolled: boolean;
}

export interface NodeStatesOptions {
  readonly clock: Clock;
  readonly limits: SilenceLimits;
  /** Told of every change; `matters`: more than figures, so that whoever waits may start elsewhere. */
  changed(matters: boolean): void;
  /** A machine went to another state; `before` null: it is new, `after` null: it is forgotten. */
  moved?(id: string, before: NodeState['status'] | null, after: NodeState['status'] | null): void;
}

interface Known extends HeardNode, Silence {
  readonly state: NodeState;
}

/** Limits are passed, not reached: the timer looks right after. */
const afterLimitMs = 1;
/** Timers of weeks fire at once. */
const longestTimerMs = 3_600_000;
/** A clock that is off by less is off by the way of the report. */
const leastSkewMs = 1000;

export class NodeStates {
  readonly #options: NodeStatesOptions;
  readonly #known = new Map<string, Known>();
  #cancel: CancelTimer = () => {};
  #stopped = false;

  constructor(options: NodeStatesOptions) {
    this.#options = options;
  }

  /** In the order in which they came. */
  list(): readonly NodeState[] {
    return [...this.#known.values()].map(({ state }) => state);
  }

  /** With the keys of their servers, which no view shows. */
  listWithKeys(): readonly NodeState[] {
    return [...this.#known.values()].map(({ state, report }) => ({ ...state, report }));
  }

  get(id: string): NodeState | undefined {
    return this.#known.get(id)?.state;
  }

  /** How many wait for approval. */
  get waiting(): number {
    return this.list().filter(({ status }) => status === 'waiting').length;
  }

  /** Whatever it was before, it is there now. */
  hear(heard: HeardNode): void {
    this.#set(heard.report.nodeId, { ...heard, heardAt: this.#options.clock.now(), doubted: false });
  }

  enrol(id: string): void {
    const known = this.#known.get(id);
    if (known !== undefined && !known.enrolled) this.#set(id, { ...known, enrolled: true });
  }

  /** It said that it is about to leave. False: nobody knows it. */
  drains(id: string): boolean {
    const known = this.#known.get(id);
    if (known === undefined) return false;
    this.#set(id, { ...known, report: { ...known.report, draining: true }, heardAt: this.#options.clock.now() });
    return true;
  }

  /** A request failed there: until something good is heard, it is not what it was. */
  doubt(id: string): void {
    const known = this.#known.get(id);
    if (known !== undefined && !known.doubted) this.#set(id, { ...known, doubted: true });
  }

  trust(id: string): void {
    const known = this.#known.get(id);
    if (known?.doubted === true) this.#set(id, { ...known, doubted: false });
  }

  forget(id: string): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    this.#drop(id, known);
    this.#plan();
    this.#options.changed(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #set(id: string, next: HeardNode & Silence): void {
    const matters = this.#put(id, next);
    this.#plan();
    this.#options.changed(matters);
  }

  /** Returns whether more than figures changed. */
  #put(id: string, next: HeardNode & Silence): boolean {
    const { status } = standingOf(next, this.#options.limits, this.#options.clock.now());
    const before = this.#known.get(id);
    if (status === 'forgotten') {
      if (before !== undefined) this.#drop(id, before);
      return before !== undefined;
    }
    const state = stateOf(next, status);
    this.#known.set(id, { ...next, state });
    if (before?.state.status !== status) this.#options.moved?.(id, before?.state.status ?? null, status);
    return before === undefined || whatMatters(before.state) !== whatMatters(state);
  }

  #drop(id: string, { state }: Known): void {
    this.#known.delete(id);
    this.#options.moved?.(id, state.status, null);
  }

  /** One timer for whoever changes first. */
  #plan(): void {
    this.#cancel();
    if (this.#stopped) return;
    const { clock, limits } = this.#options;
    const next = Math.min(...[...this.#known.values()].map((known) => standingOf(known, limits, clock.now()).changesAt));
    if (Number.isFinite(next)) this.#cancel = clock.after(Math.min(longestTimerMs, Math.max(0, next - clock.now()) + afterLimitMs), () => this.#look());
  }

  #look(): void {
    let matters = false;
    for (const [id, known] of [...this.#known]) {
      const { status } = standingOf(known, this.#options.limits, this.#options.clock.now());
      if (status !== known.state.status) matters = this.#put(id, known) || matters;
    }
    this.#plan();
    if (matters) this.#options.changed(true);
  }
}

function stateOf({ report, address, heardAt }: HeardNode & Silence, status: NodeState['status']): NodeState {
  const skew = Math.round(report.at - heardAt);
  return { id: report.nodeId, source: 'agent', status, address, draining: report.draining, report: { ...report, servers: report.servers.map(({ key: _key, ...server }) => server) }, heardAt, ...(Math.abs(skew) < leastSkewMs ? {} : { clockSkewMs: skew }) };
}

/** What decides where work may go. */
function whatMatters({ status, draining, address, report }: NodeState): string {
  // What a stranger says of itself changes nothing for anybody.
  if (status === 'waiting') return status;
  const { capacity, memory } = report ?? {};
  return [status, draining, address, capacity?.mode, (capacity?.availability ?? 1) < leastAvailability, memory?.pressure === 'critical'].join(' ');
}
