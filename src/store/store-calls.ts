/** Calls to a store as values, so that they can be sent elsewhere and answered at once there. */
import type { AuditStore, JobStore, KeyListing, KeyValueStore, Store, TraceStore, UsageStore } from './store.ts';
import { packTraces } from './trace-pack.ts';

type AtOnce<Part> = { [Name in keyof Part]: Part[Name] extends (...args: infer Args) => Promise<infer Value> ? (...args: Args) => Value : never };

export type JobCalls = AtOnce<JobStore>;
export type UsageCalls = AtOnce<UsageStore>;
export type AuditCalls = AtOnce<AuditStore>;

/** What is added travels packed: to copy a trace as it is takes three times as long. */
export interface TraceCalls extends Omit<AtOnce<TraceStore>, 'add'> {
  add(packed: readonly unknown[]): void;
}

/** The time comes in as an argument: whoever keeps the rows asks no clock. */
export interface KeyValueCalls extends Omit<AtOnce<KeyValueStore>, 'get' | 'delete' | 'list'> {
  list(page: Parameters<KeyValueStore['list']>[0], now: number): KeyListing[];
  get(key: string, now: number): string | null;
  delete(key: string, now: number): boolean;
}

/** The parts of a store that answer at once. */
export interface StoreTables {
  readonly jobs: JobCalls;
  readonly kv: KeyValueCalls;
  readonly usage: UsageCalls;
  readonly audit: AuditCalls;
  readonly traces: TraceCalls;
}

type CallOf<Part extends keyof StoreTables> = {
  [Name in keyof StoreTables[Part]]: StoreTables[Part][Name] extends (...args: infer Args) => unknown ? { readonly part: Part; readonly name: Name; readonly args: Args } : never;
}[keyof StoreTables[Part]];

/** One call with the arguments that its name asks for. */
export type StoreCall = CallOf<'jobs'> | CallOf<'kv'> | CallOf<'usage'> | CallOf<'audit'> | CallOf<'traces'>;

/** Calls that change nothing. */
const reads: { readonly [Part in keyof StoreTables]: readonly (keyof StoreTables[Part])[] } = {
  jobs: ['get', 'list', 'counts'],
  kv: ['get', 'list'],
  usage: ['totals', 'series'],
  audit: ['list'],
  traces: ['get', 'list', 'figures'],
};

export function isRead(call: StoreCall): boolean {
  return (reads[call.part] as readonly string[]).includes(call.name);
}

/** Throws what the table throws. */
export function perform(tables: StoreTables, call: StoreCall): unknown {
  // A StoreCall names a method of its part and carries that method's arguments.
  const part = tables[call.part] as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  return part[call.name]?.(...call.args);
}

/** The parts of a store whose calls all go through `send`. */
export function storeParts(send: <Value>(call: StoreCall) => Promise<Value>, now: () => number): Omit<Store, 'kind' | 'close'> {
  const jobs: JobStore = {
    add: (...args) => send({ part: 'jobs', name: 'add', args }),
    get: (...args) => send({ part: 'jobs', name: 'get', args }),
    list: (...args) => send({ part: 'jobs', name: 'list', args }),
    start: (...args) => send({ part: 'jobs', name: 'start', args }),
    finish: (...args) => send({ part: 'jobs', name: 'finish', args }),
    requeue: (...args) => send({ part: 'jobs', name: 'requeue', args }),
    recover: (...args) => send({ part: 'jobs', name: 'recover', args }),
    sweep: (...args) => send({ part: 'jobs', name: 'sweep', args }),
    counts: (...args) => send({ part: 'jobs', name: 'counts', args }),
  };
  const kv: KeyValueStore = {
    get: (key) => send({ part: 'kv', name: 'get', args: [key, now()] }),
    put: (...args) => send({ part: 'kv', name: 'put', args }),
    list: (page) => send({ part: 'kv', name: 'list', args: [page, now()] }),
    delete: (key) => send({ part: 'kv', name: 'delete', args: [key, now()] }),
    trim: (...args) => send({ part: 'kv', name: 'trim', args }),
    sweep: (...args) => send({ part: 'kv', name: 'sweep', args }),
  };
  const usage: UsageStore = {
    add: (...args) => send({ part: 'usage', name: 'add', args }),
    totals: (...args) => send({ part: 'usage', name: 'totals', args }),
    series: (...args) => send({ part: 'usage', name: 'series', args }),
    rollUp: (...args) => send({ part: 'usage', name: 'rollUp', args }),
  };
  const audit: AuditStore = {
    add: (...args) => send({ part: 'audit', name: 'add', args }),
    list: (...args) => send({ part: 'audit', name: 'list', args }),
    sweep: (...args) => send({ part: 'audit', name: 'sweep', args }),
  };
  const traces: TraceStore = {
    add: (some) => send({ part: 'traces', name: 'add', args: [packTraces(some)] }),
    get: (...args) => send({ part: 'traces', name: 'get', args }),
    list: (...args) => send({ part: 'traces', name: 'list', args }),
    figures: (...args) => send({ part: 'traces', name: 'figures', args }),
    sweep: (...args) => send({ part: 'traces', name: 'sweep', args }),
  };
  return { jobs, kv, usage, audit, traces };
}
