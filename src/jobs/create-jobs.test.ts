import { expect, test } from 'vitest';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { ErrorCode, ErrorDetails } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { driver } from '../store/memory/index.ts';
import type { JobStore, Store } from '../store/store.ts';
import { silentLog } from '../telemetry/log.ts';
import { createJobs } from './create-jobs.ts';
import type { JobChange, JobsOptions } from './create-jobs.ts';
import type { JobRun, Jobs, NewJob, RunJob } from './jobs.ts';

/** Holds time still; promises get to run between two timers. */
class HeldClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
      await settle();
    }
    this.#now = end;
  }
}

/** One turn of the event loop: every promise that can settle has settled. */
const settle = (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});

/** A run that the test ends by hand. */
interface OpenRun {
  readonly job: Job;
  readonly signal: AbortSignal;
  readonly started: () => Promise<boolean>;
  succeed(resultJson?: string): Promise<void>;
  fail(code: ErrorCode, details?: ErrorDetails): Promise<void>;
}

interface Bench {
  readonly clock: HeldClock;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly runs: OpenRun[];
  readonly changes: JobChange[];
}

async function bench(changes: { policy?: Partial<JobsOptions['policy']>; limits?: Partial<JobsOptions['limits']>; run?: RunJob; store?: Store; wrap?: (jobs: JobStore) => JobStore } = {}): Promise<Bench> {
  const clock = new HeldClock();
  const store = changes.store ?? (await driver.open({}));
  const runs: OpenRun[] = [];
  const seen: JobChange[] = [];
  let number = 0;
  const byHand: RunJob = (job, signal, started) =>
    new Promise<JobRun>((resolve) => {
      const end = async (run: JobRun): Promise<void> => {
        resolve(run);
        await settle();
      };
      runs.push({
        job, signal, started,
        succeed: (resultJson = '{"ok":true}') => end({ kind: 'succeeded', resultJson, servedModel: 'served:1b' }),
        fail: (code, details) => end({ kind: 'failed', error: new RouterError(code, `said ${code}`, details) }),
      });
    });
  const jobs = createJobs({
    store: changes.wrap ? changes.wrap(store.jobs) : store.jobs,
    clock,
    nodeId: 'lab-1',
    randomId(length) {
      number += 1;
      return String(number).padStart(length, '0');
    },
    run: changes.run ?? byHand,
    policy: { maxAttempts: 3, resultTtlMs: 60_000, maxQueued: 10, jitter: () => 1, ...changes.policy },
    limits: { maxJobs: 100, maxBytes: 1e9, rememberMs: 60_000, ...changes.limits },
    cleanupIntervalMs: 10_000,
    log: silentLog,
    onChange: (change) => seen.push(change),
  });
  return { clock, jobs, store, runs, changes: seen };
}

const asked: NewJob = { taskType: 'summarize', selectedModel: 'small:1b', requestJson: '{"messages":[]}', dialect: 'openai-chat', priority: 'normal', principalId: 'anonymous', user: 'address:::1' };

function last(runs: readonly OpenRun[]): OpenRun {
  const run = runs.at(-1);
  if (!run) throw new Error('Nothing runs.');
  return run;
}

test('a job is accepted, runs once and keeps its result until its time after the end is over', async () => {
  const { jobs, runs, clock, changes } = await bench();
  const { job, position } = await jobs.accept(asked);
  expect(job).toMatchObject({ ...asked, id: 'job_lab-1_0000000000000001', status: 'queued', attempts: 0, createdAt: 1_000_000, expiresAt: null });
  expect(position).toBe(1);
  await clock.advance(120_000);
  expect(await last(runs).started()).toBe(true);
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'running', attempts: 1, startedAt: 1_120_000 });
  await clock.advance(120_000);
  await last(runs).succeed('{"answer":42}');
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'succeeded', resultJson: '{"answer":42}', selectedModel: 'served:1b', finishedAt: 1_240_000, expiresAt: 1_300_000 });
  expect(changes.map((change) => change.status)).toEqual(['queued', 'running', 'succeeded']);
  await clock.advance(50_000);
  expect((await jobs.get(job.id, null)).status).toBe('succeeded');
  await clock.advance(10_000);
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'expired', resultJson: null, requestJson: '' });
  await clock.advance(120_000);
  await expect(jobs.get(job.id, null)).rejects.toMatchObject({ code: 'job_not_found' });
  expect(runs).toHaveLength(1);
});

test('every accepted job is handed over at once, and says its place among those of its model', async () => {
  const { jobs, runs } = await bench();
  const places = [];
  for (const selectedModel of ['small:1b', 'big:70b', 'small:1b', 'small:1b']) places.push((await jobs.accept({ ...asked, selectedModel })).position);
  expect(places).toEqual([1, 1, 2, 3]);
  expect(runs).toHaveLength(4);
});

test('too many waiting jobs are refused, running ones and jobs just entering the store included rightly', async () => {
  const { jobs, runs } = await bench({ policy: { maxQueued: 2 } });
  const three = await Promise.allSettled([jobs.accept(asked), jobs.accept(asked), jobs.accept(asked)]);
  expect(three.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  await expect(jobs.accept(asked)).rejects.toMatchObject({ code: 'queue_full', details: { retryAfterMs: expect.any(Number) } });
  await runs[0]?.started();
  await jobs.accept(asked);
  expect(jobs.counts().byStatus).toMatchObject({ queued: 2, running: 1 });
});

test('a store that cannot be written accepts nothing', async () => {
  const { jobs, runs } = await bench({ wrap: (store) => ({ ...store, add: () => Promise.reject(new RouterError('store_unavailable', 'full')) }) });
  await expect(jobs.accept(asked)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(runs).toHaveLength(0);
  expect(jobs.counts().byStatus.queued).toBe(0);
});

test.each<[ErrorCode, ErrorDetails]>([
  ['backend_unreachable', {}], ['backend_failed', {}], ['backend_timeout', {}], ['queue_timeout', {}], ['no_capacity', {}], ['stream_interrupted', {}],
  ['backend_rejected', { status: 429 }], ['backend_rejected', { status: 503 }],
])('%s %o is tried again, each time after twice the wait, until the attempts are used up', async (code, details) => {
  const { jobs, runs, clock } = await bench();
  const { job } = await jobs.accept(asked);
  for (const [failures, waitMs] of [[1, 1_000], [2, 2_000]] as const) {
    await last(runs).started();
    await last(runs).fail(code, details);
    expect(await jobs.get(job.id, null)).toMatchObject({ status: 'queued', attempts: failures, error: { code }, notBefore: clock.now() + waitMs });
    await clock.advance(waitMs - 1);
    expect(runs).toHaveLength(failures);
    await clock.advance(1);
    expect(runs).toHaveLength(failures + 1);
  }
  await last(runs).started();
  await last(runs).fail(code, details);
  const failed = await jobs.get(job.id, null);
  expect(failed).toMatchObject({ status: 'failed', attempts: 3 });
  expect(failed.error).toEqual({ code, message: `said ${code}` });
  await clock.advance(60_000);
  expect(runs).toHaveLength(3);
});

test.each<[ErrorCode, ErrorDetails]>([
  ['invalid_request', {}], ['backend_rejected', { status: 400 }], ['context_overflow', {}], ['unknown_model', {}], ['internal', {}], ['backend_timeout', { final: true }],
])('%s %o ends the job at once', async (code, details) => {
  const { jobs, runs, clock } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).started();
  await last(runs).fail(code, details);
  await clock.advance(50_000);
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'failed', attempts: 1 });
  expect(runs).toHaveLength(1);
});

test('a failure before the slot counts as a try, a backend may ask for a longer wait, jitter halves at most', async () => {
  const { jobs, runs, clock } = await bench({ policy: { jitter: () => 0 } });
  const { job } = await jobs.accept(asked);
  await last(runs).fail('no_capacity');
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'queued', attempts: 1, notBefore: clock.now() + 500 });
  await clock.advance(500);
  await last(runs).fail('backend_rejected', { status: 429, retryAfterMs: 7_000 });
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'queued', attempts: 2, notBefore: clock.now() + 7_000 });
});

test('a run that throws fails its job without showing a stack', async () => {
  const { jobs } = await bench({ run: () => Promise.reject(new TypeError('secret detail')) });
  const { job } = await jobs.accept(asked);
  await settle();
  const failed = await jobs.get(job.id, null);
  expect(failed.status).toBe('failed');
  expect(failed.error).toEqual({ code: 'internal', message: expect.not.stringContaining('secret') });
});

test('cancelling a waiting job takes it out of the queue: it can no longer start', async () => {
  const { jobs, runs } = await bench();
  const { job } = await jobs.accept(asked);
  expect(await jobs.cancel(job.id, null)).toMatchObject({ status: 'cancelled', finishedAt: 1_000_000, expiresAt: 1_060_000 });
  expect(last(runs).signal.aborted).toBe(true);
  expect(await last(runs).started()).toBe(false);
  await last(runs).fail('cancelled');
  expect(await jobs.cancel(job.id, null)).toMatchObject({ status: 'cancelled', finishedAt: 1_000_000 });
  expect(jobs.counts().byStatus).toMatchObject({ queued: 0, cancelled: 1 });
});

test('cancelling a running job aborts it, and its late result is thrown away', async () => {
  const { jobs, runs } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).started();
  await jobs.cancel(job.id, null);
  expect(last(runs).signal.aborted).toBe(true);
  await last(runs).succeed();
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'cancelled', resultJson: null });
  expect(jobs.counts().byStatus).toMatchObject({ running: 0, succeeded: 0, cancelled: 1 });
});

test('cancelling a job that waits for its next try ends it there', async () => {
  const { jobs, runs, clock } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).fail('no_capacity');
  await jobs.cancel(job.id, null);
  await clock.advance(9_000);
  expect(runs).toHaveLength(1);
  expect((await jobs.get(job.id, null)).status).toBe('cancelled');
});

test('cancelling a finished job changes nothing, an unknown one is not found', async () => {
  const { jobs, runs } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).succeed('{"a":1}');
  expect(await jobs.cancel(job.id, null)).toMatchObject({ status: 'succeeded', resultJson: '{"a":1}' });
  await expect(jobs.cancel('job_lab-1_nothing', null)).rejects.toMatchObject({ code: 'job_not_found' });
});

test('a result that cannot be written is kept and written when the store is back', async () => {
  let broken = true;
  const { jobs, runs, clock } = await bench({
    wrap: (store) => ({ ...store, finish: (id, outcome) => (broken ? Promise.reject(new RouterError('store_unavailable', 'full')) : store.finish(id, outcome)) }),
  });
  const { job } = await jobs.accept(asked);
  await last(runs).started();
  await last(runs).succeed('{"kept":true}');
  await clock.advance(5_000);
  expect((await jobs.get(job.id, null)).status).toBe('running');
  broken = false;
  await clock.advance(30_000);
  expect(await jobs.get(job.id, null)).toMatchObject({ status: 'succeeded', resultJson: '{"kept":true}', finishedAt: 1_000_000 });
  expect(runs).toHaveLength(1);
});

test('after a restart what waited and what ran runs again; a crash is no failure', async () => {
  const before = await bench();
  const waiting = (await before.jobs.accept(asked)).job;
  const running = (await before.jobs.accept(asked)).job;
  await last(before.runs).started();
  const { jobs, runs, clock } = await bench({ store: before.store, policy: { maxAttempts: 2 } });
  expect(await jobs.recover()).toBe(2);
  expect(runs.map((run) => run.job.id)).toEqual([waiting.id, running.id]);
  expect(runs[1]?.job).toMatchObject({ attempts: 1, crashes: 1 });
  expect(jobs.counts().byStatus).toMatchObject({ queued: 2, running: 0 });
  for (const run of runs.slice(0, 2)) {
    await run.started();
    await run.fail('no_capacity');
  }
  await clock.advance(1_000);
  expect(runs.slice(2).map((run) => [run.job.id, run.job.attempts])).toEqual([[waiting.id, 1], [running.id, 2]]);
  await runs[3]?.started();
  await runs[3]?.fail('no_capacity');
  expect(await jobs.get(running.id, null)).toMatchObject({ status: 'failed', attempts: 3 });
});

test('a job during which the router died five times is not tried a sixth time', async () => {
  const { store, jobs, runs } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).started();
  for (let death = 1; death < 5; death += 1) {
    const next = await bench({ store });
    expect(await next.jobs.recover()).toBe(1);
    await last(next.runs).started();
  }
  const sixth = await bench({ store });
  expect(await sixth.jobs.recover()).toBe(0);
  expect(await sixth.jobs.get(job.id, null)).toMatchObject({ status: 'failed', error: { code: 'internal', message: expect.stringContaining('died 5 times') } });
  expect(sixth.runs).toHaveLength(0);
});

test('stopping waits for running jobs until the deadline; the rest stays for the next start, uncounted', async () => {
  const { store, jobs, runs, clock } = await bench();
  const ids = [];
  for (let count = 0; count < 3; count += 1) ids.push((await jobs.accept(asked)).job.id);
  await runs[0]?.started();
  await runs[1]?.started();
  let stopped = false;
  const stopping = jobs.stop(5_000).then(() => {
    stopped = true;
  });
  await expect(jobs.accept(asked)).rejects.toMatchObject({ code: 'shutting_down' });
  expect(runs[2]?.signal.aborted).toBe(true);
  expect(await runs[2]?.started()).toBe(false);
  await clock.advance(4_999);
  await runs[0]?.succeed();
  expect(runs[1]?.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(runs[1]?.signal.aborted).toBe(true);
  expect(stopped).toBe(false);
  await runs[1]?.fail('cancelled');
  await runs[2]?.fail('cancelled');
  await stopping;
  expect(clock.pending).toBe(0);
  const next = await bench({ store });
  expect(await next.jobs.recover()).toBe(2);
  expect(next.runs.map((run) => [run.job.id, run.job.attempts, run.job.crashes])).toEqual([[ids[1], 0, undefined], [ids[2], 0, undefined]]);
  expect((await next.jobs.get(ids[0] ?? '', null)).status).toBe('succeeded');
});

test('stopping ends also when an aborted call does not', async () => {
  const { store, jobs, runs, clock } = await bench();
  await jobs.accept(asked);
  await last(runs).started();
  const stopping = jobs.stop(0);
  await clock.advance(1_000);
  await stopping;
  expect(await store.jobs.recover()).toMatchObject([{ status: 'queued', attempts: 0 }]);
});

test('a pipeline that stops before its jobs do not make them fail', async () => {
  const { store, jobs, runs } = await bench();
  const { job } = await jobs.accept(asked);
  await last(runs).started();
  await last(runs).fail('shutting_down');
  expect(await store.jobs.get(job.id)).toMatchObject({ status: 'queued', attempts: 0 });
});

test('sweeps never overlap, and a sweep that fails is followed by another', async () => {
  let running = 0;
  let most = 0;
  let sweeps = 0;
  const release: (() => void)[] = [];
  const { clock } = await bench({
    wrap: (store) => ({
      ...store,
      sweep: async () => {
        sweeps += 1;
        running += 1;
        most = Math.max(most, running);
        if (sweeps === 1) await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        throw new RouterError('store_unavailable', 'full');
      },
    }),
  });
  await clock.advance(35_000);
  expect(sweeps).toBe(1);
  release[0]?.();
  await clock.advance(10_000);
  expect([sweeps, most]).toEqual([2, 1]);
});

test('the counts follow every change without asking the store, and agree with it', async () => {
  let asks = 0;
  const { jobs, runs, store, clock } = await bench({
    wrap: (inner) => ({ ...inner, counts: () => {
      asks += 1;
      return inner.counts();
    } }),
  });
  for (let count = 0; count < 4; count += 1) await jobs.accept(asked);
  for (const run of runs.slice(0, 3)) await run.started();
  await runs[0]?.succeed();
  await runs[1]?.fail('no_capacity');
  await runs[2]?.fail('invalid_request');
  const counted = jobs.counts();
  expect(asks).toBe(0);
  const sorted = (rows: typeof counted.byModel): string[] => rows.map((row) => `${row.model} ${row.status} ${row.count}`).sort();
  const truth = await store.jobs.counts();
  expect(sorted(counted.byModel)).toEqual(sorted(truth.byModel));
  expect([counted.byStatus, counted.bytes]).toEqual([truth.byStatus, truth.bytes]);
  await clock.advance(500);
});
