/** What a store keeps over restarts. Types only; one conformance suite runs over every driver. */
import type { AuditEntry } from '../access/access.ts';
import type { Job, JobError, JobStatus } from '../core/job.ts';
import type { Plane } from '../core/principal.ts';
import type { Cut, Figures } from '../core/figures.ts';
import type { Task } from '../core/request.ts';
import type { Trace } from '../core/trace.ts';
import type { MinuteUsage, SpanUsage, UsageTotal } from '../core/usage.ts';

export interface JobOutcome {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly resultJson?: string;
  readonly error?: JobError;
  /** The model that served, when it is not the one decided on arrival. */
  readonly selectedModel?: string;
  readonly finishedAt: number;
  readonly expiresAt: number;
}

/** A job without its request and result: what lists show. */
export type JobSummary = Omit<Job, 'requestJson' | 'resultJson'>;

export interface JobLimits {
  /** Finished jobs kept, and bytes of requests and results of all jobs together; the oldest finished go first. */
  readonly maxJobs: number;
  readonly maxBytes: number;
  /** Ids of expired jobs are remembered this long after, so that they answer 410 and not 404. */
  readonly rememberMs: number;
}

export interface JobCounts {
  readonly byStatus: Readonly<Record<JobStatus, number>>;
  readonly byModel: readonly { readonly model: string; readonly status: JobStatus; readonly count: number }[];
  readonly bytes: number;
}

/** A part of the jobs, newest first; `before` is an id of an earlier page's last row. Absent: of everybody. */
export interface JobPage {
  readonly limit: number;
  readonly before?: string;
  readonly principalId?: string;
  readonly plane?: Plane;
  readonly user?: string;
}

/** When a promise of `add`, `start`, `finish` or `requeue` resolves, the change survives `kill -9`. All reject with `store_unavailable`. */
export interface JobStore {
  add(job: Job): Promise<void>;
  get(id: string): Promise<Job | null>;
  list(page: JobPage): Promise<readonly JobSummary[]>;
  /** queued → running, one attempt more; false when it was not queued. */
  start(id: string, at: number): Promise<boolean>;
  /** queued or running → finished; false when it had finished already, so that a job ends in exactly one result. */
  finish(id: string, outcome: JobOutcome): Promise<boolean>;
  /** running → queued, not to be tried before `notBefore`; false when it was not running. Error null: the start was cut short on purpose, and is taken back from `attempts`. */
  requeue(id: string, notBefore: number, error: JobError | null): Promise<boolean>;
  /** After a start: what was running is queued again, one of `crashes` more. Returns all that is queued, oldest first. */
  recover(): Promise<readonly Job[]>;
  /** Expires what is over its time or the limits (payload gone, status `expired`), forgets what was remembered long enough. Returns how many expired. */
  sweep(now: number, limits: JobLimits): Promise<number>;
  counts(): Promise<JobCounts>;
}

/** What a list of keys shows of one. */
export interface KeyListing {
  readonly key: string;
  /** The beginning of the value. */
  readonly head: string;
  /** Of the whole value, in UTF-8. */
  readonly bytes: number;
  readonly expiresAt: number | null;
}

export interface KeyPage {
  readonly prefix: string;
  readonly limit: number;
  /** A key of an earlier page's last row. */
  readonly before?: string;
  /** How many characters of each value are wanted. */
  readonly headChars: number;
}

/** Small texts by key, for whatever a room has to remember. What is confirmed survives `kill -9`. All reject with `store_unavailable`. */
export interface KeyValueStore {
  /** Null when there is none, or its time is over. */
  get(key: string): Promise<string | null>;
  /** Writes or replaces; what is replaced counts as new. `expiresAt`: epoch milliseconds, null for never. No NUL in either text. */
  put(key: string, value: string, expiresAt: number | null): Promise<void>;
  /** False when there was nothing to get. */
  delete(key: string): Promise<boolean>;
  /** Keys that begin with the prefix and whose time is not over; what was written last comes first. */
  list(page: KeyPage): Promise<readonly KeyListing[]>;
  /** Of the keys that begin with `prefix`, keeps the `most` written last. Returns how many went. */
  trim(prefix: string, most: number): Promise<number>;
  /** Removes what is over its time at `now`, epoch milliseconds. Returns how many went. */
  sweep(now: number): Promise<number>;
}

/** One write of a ledger. Its writer numbers its writes upwards and repeats the same one when it does not know whether it arrived. */
export interface UsageBatch {
  readonly writer: string;
  readonly number: number;
  readonly rows: readonly MinuteUsage[];
}

/** Adds up what was used: totals for ever, each minute, and each day of which the minutes were let go. All reject with `store_unavailable`. */
export interface UsageStore {
  /** Adds to what is there. False when this batch, or a later one of its writer, is there already. What is confirmed survives `kill -9`. */
  add(batch: UsageBatch): Promise<boolean>;
  /** Sorted by backend, then model. */
  totals(): Promise<readonly UsageTotal[]>;
  /** Of these models, newest first, at most `limit` rows, none that begins before `since` (epoch seconds). No usage is in two rows. */
  series(query: { readonly models: readonly string[]; readonly since?: number; readonly limit: number }): Promise<readonly SpanUsage[]>;
  /**
   * Counts the days, by backend and model, of the minutes before `before` (epoch seconds); with `trim`, one row a day takes their
   * place. Repeating it changes nothing.
   */
  rollUp(before: number, trim: boolean): Promise<number>;
}

export interface AuditPage {
  readonly limit: number;
  /** The id of an earlier page's last row. */
  readonly before?: string;
}

/** Who did what, and who was turned away. What is confirmed survives `kill -9`. All reject with `store_unavailable`. */
export interface AuditStore {
  /** Keeps them in this order. One whose id is there already is left alone, so that a write may be repeated. */
  add(entries: readonly AuditEntry[]): Promise<void>;
  /** What was written last comes first. */
  list(page: AuditPage): Promise<readonly AuditEntry[]>;
  /** Removes what is older than `since` (epoch milliseconds), then the oldest until `most` are left, denied attempts before all else: those who are turned away must not wash out what was done. Returns how many went. */
  sweep(since: number, most: number): Promise<number>;
}

/** Which traces: what is absent lets all through, and all that is there must hold. */
export interface TraceFilter {
  /** Ended at or after this moment, and before the other; epoch milliseconds. */
  readonly since?: number;
  readonly until?: number;
  /** That was asked for, or served, or was tried last. */
  readonly model?: string;
  readonly node?: string;
  readonly backend?: string;
  readonly principal?: string;
  /** The caller's network address. */
  readonly address?: string;
  readonly plane?: Plane;
  readonly user?: string;
  readonly tag?: string;
  readonly tasks?: readonly Task[];
  readonly outcome?: Trace['outcome'];
  readonly status?: number;
  /** A part of the id of the request, or of its job. */
  readonly id?: string;
}

export interface TracePage extends TraceFilter {
  readonly limit: number;
  /** `next` of the page before. */
  readonly before?: string;
}

export interface TraceRows {
  readonly traces: readonly Trace[];
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

export interface FigureQuery {
  readonly cut: Cut;
  /** `all`: one row for the whole time, in whole days; `hours`: the same, in whole hours. */
  readonly span: 'hour' | 'day' | 'all' | 'hours';
  /** Only of this one; absent: of each. */
  readonly name?: string;
  /** Only of this node of a place. */
  readonly second?: string;
  /** Epoch milliseconds; the hour or day that it lies in counts whole. */
  readonly since?: number;
  /** Hours or days that begin before it. */
  readonly until?: number;
}

export interface TraceLimits {
  /** Traces that ended before this moment go, epoch milliseconds. */
  readonly before: number;
  /** Of what is left, the newest stay. */
  readonly most: number;
  /** At most so many go with one call, so that nobody waits long. */
  readonly atOnce: number;
  /** Hours and days that began before these moments go. */
  readonly hoursBefore: number;
  readonly daysBefore: number;
}

/** What happened to each request, and what they come to. All reject with `store_unavailable`. */
export interface TraceStore {
  /** Keeps them in this order and counts them; one that is there already is left alone, so that a write may be repeated. */
  add(traces: readonly Trace[]): Promise<void>;
  /** Of a job that was tried again, the last one. */
  get(requestId: string, owner?: Pick<TraceFilter, 'principal' | 'plane'>): Promise<Trace | null>;
  /** What ended last comes first. */
  list(page: TracePage): Promise<TraceRows>;
  /** By time, then by name. */
  figures(query: FigureQuery): Promise<readonly Figures[]>;
  /** Returns how many traces went. */
  sweep(limits: TraceLimits): Promise<number>;
}

export interface Store {
  /** `sqlite`, `memory`. */
  readonly kind: string;
  readonly jobs: JobStore;
  readonly kv: KeyValueStore;
  readonly usage: UsageStore;
  readonly audit: AuditStore;
  readonly traces: TraceStore;
  /** Writes what is pending and closes; later calls reject. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly path?: string;
  /** Epoch milliseconds: whether a key's time is over; absent: the system's clock. */
  readonly now?: () => number;
}

/** A driver of the store room. */
export interface StoreDriver {
  readonly kind: string;
  /** Opens or creates it. Rejects with an Error whose message says what to do. */
  open(options: StoreOptions): Promise<Store>;
}
