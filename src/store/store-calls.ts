/** Calls to a store as values, so that they can be sent elsewhere and answered at once there. */
import type { AuditStore, JobStore, KeyValueStore, Store, UsageStore } from './store.ts';

type AtOnce<Part> = { [Name in keyof Part]: Part[Name] extends (...args: infer Args) => Promise<infer Value> ? (...args: Args) => Value : never };

export type JobCalls = AtOnce<JobStore>;
export type UsageCalls = AtOnce<UsageStore>;
export type AuditCalls = AtOnce<AuditStore>;

/** The time comes in as an argument: whoever keeps the rows asks no clock. */
export interface KeyValueCalls extends Omit<AtOnce<KeyValueStore>, 'get' | 'delete'> {
  get(key: string, now: number): string | null;
  delete(key: string, now: number): boolean;
}

/** The parts of a store that answer at once. */
export interface StoreTables {
  readonly jobs: JobCalls;
  readonly kv: KeyValueCalls;
  readonly usage: UsageCalls;
  readonly audit: AuditCalls;
}

type CallOf<Part extends keyof StoreTables> = {
  [Name in keyof StoreTables[Part]]: StoreTables[Part][Name] extends (...args: infer Args) => unknown ? { readonly part: Part; readonly name: Name; readonly args: Args } : never;
}[keyof StoreTables[Part]];

/** One call with the arguments that its name asks for. */
export type StoreCall = CallOf<'jobs'> | CallOf<'kv'> | CallOf<'usage'> | CallOf<'audit'>;

/** Calls that change nothing. */
const reads: { readonly [Part in keyof StoreTables]: readonly (keyof StoreTables[Part])[] } = {
  jobs: ['get', 'list', 'counts'],
  kv: ['get'],
  usage: ['totals', 'series'],
  audit: ['list'],
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
export function storeParts(send: <Value>(call: StoreCall) => Promise<Value>, now: () => number): Pick<Store, 'jobs' | 'kv' | 'usage' | 'audit'> {
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
  return { jobs, kv, usage, audit };
}
