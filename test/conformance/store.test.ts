/** What the jobs of every store driver must do, whatever it keeps its rows in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import { drivers } from '../../src/store/index.gen.ts';
import type { JobLimits, JobOutcome, JobStore, StoreDriver } from '../../src/store/store.ts';
import { withStore as withWhole } from './store-bed.ts';
import { StoreModel } from './store-model.ts';

const roomy: JobLimits = { maxJobs: 1e6, maxBytes: 1e12, rememberMs: 1e12 };

function withStore<T>(driver: StoreDriver, use: (jobs: JobStore) => Promise<T>): Promise<T> {
  return withWhole(driver, ({ jobs }) => use(jobs));
}

function newJob(id: string, changes: Partial<Job> = {}): Job {
  return {
    id, status: 'queued', taskType: 'summarize', selectedModel: 'small:1b', requestJson: '{"messages":[]}', dialect: 'openai-chat', resultJson: null, error: null, attempts: 0,
    priority: 'normal', principalId: 'anonymous', user: 'address:127.0.0.1', createdAt: 1_000, startedAt: null, finishedAt: null, notBefore: null, expiresAt: null, ...changes,
  };
}

function succeeded(resultJson: string, finishedAt = 2_000, expiresAt = 3_000): JobOutcome {
  return { status: 'succeeded', resultJson, finishedAt, expiresAt };
}

const ids = Array.from({ length: 6 }, (_, index) => `job_n_${index}`);
const id = fc.constantFrom(...ids);
const time = fc.nat(50);
const body = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0')).map((text) => JSON.stringify(text));
const outcome: fc.Arbitrary<JobOutcome> = fc.record({ finishedAt: time, expiresAt: time, selectedModel: fc.constantFrom('small:1b', 'big:70b') }).chain((base) =>
  fc.oneof(
    body.map((resultJson) => ({ ...base, status: 'succeeded' as const, resultJson })),
    body.map((message) => ({ ...base, status: 'failed' as const, error: { code: 'backend_failed', message } })),
    fc.constant({ ...base, status: 'cancelled' as const }),
  ),
);
const someone = { principalId: fc.constantFrom('a', 'b'), plane: fc.constantFrom('standalone' as const, 'runtimeAgent' as const, undefined), user: fc.constantFrom('u', 'v') };
const page = fc.record({ limit: fc.integer({ min: 1, max: 4 }), before: id, principalId: someone.principalId, plane: fc.constantFrom('standalone' as const, 'runtimeAgent' as const), user: someone.user }, { requiredKeys: ['limit'] });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ call: fc.constant('add' as const), id, body, createdAt: time, ...someone }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('start' as const), id, at: time }) },
  { weight: 3, arbitrary: fc.record({ call: fc.constant('finish' as const), id, outcome }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('requeue' as const), id, notBefore: time, error: fc.option(body.map((message) => ({ code: 'no_capacity', message }))) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('recover' as const) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('sweep' as const), now: time, maxJobs: fc.nat(4), maxBytes: fc.nat(80), rememberMs: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('list' as const), page }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(jobs: JobStore, model: StoreModel, asked: Step): Promise<void> {
  switch (asked.call) {
    case 'add': {
      const { principalId, plane, user } = asked;
      const job = newJob(asked.id, { requestJson: asked.body, createdAt: asked.createdAt, principalId, user, ...(plane === undefined ? {} : { plane }) });
      const added = jobs.add(job).then(() => true, (error: unknown) => (error as { code: string }).code);
      return expect(await added).toBe(model.add(job) || 'conflict');
    }
    case 'start': return expect(await jobs.start(asked.id, asked.at)).toBe(model.start(asked.id, asked.at));
    case 'finish': return expect(await jobs.finish(asked.id, asked.outcome)).toBe(model.finish(asked.id, asked.outcome));
    case 'requeue': return expect(await jobs.requeue(asked.id, asked.notBefore, asked.error)).toBe(model.requeue(asked.id, asked.notBefore, asked.error));
    case 'recover': {
      const expected = model.recover();
      return expect(await jobs.recover()).toEqual(expected.map((one) => model.get(one)));
    }
    case 'sweep': return expect(await jobs.sweep(asked.now, asked)).toBe(model.sweep(asked.now, asked));
    case 'list': {
      const listed = await jobs.list(asked.page);
      return expect(listed.map((job) => job.id)).toEqual(model.list(asked.page));
    }
    default: return asked satisfies never;
  }
}

async function expectSame(jobs: JobStore, model: StoreModel): Promise<void> {
  for (const one of ids) expect(await jobs.get(one)).toEqual(model.get(one));
  const counts = await jobs.counts();
  expect(counts.bytes).toBe(model.bytes());
  for (const [status, count] of Object.entries(counts.byStatus)) expect(count).toBe(model.entries.filter(({ job }) => job.status === status).length);
  for (const { model: name, status, count } of counts.byModel) expect(count).toBe(model.entries.filter(({ job }) => job.status === status && job.selectedModel === name).length);
  expect(counts.byModel.reduce((sum, row) => sum + row.count, 0)).toBe(model.entries.length);
}

describe.each(drivers.map((driver) => [driver.kind, driver] as const))('%s', (_kind, driver) => {
  test('any sequence of calls does what the contract says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), (steps) =>
        withStore(driver, async (jobs) => {
          const model = new StoreModel();
          for (const asked of steps) await take(jobs, model, asked);
          await expectSame(jobs, model);
        })),
      { numRuns: 40 },
    );
  });

  test('of many starts and many ends at once, one of each holds, and its result stays', () =>
    withStore(driver, async (jobs) => {
      await jobs.add(newJob('job_n_1'));
      const starts = await Promise.all(Array.from({ length: 20 }, (_, at) => jobs.start('job_n_1', at)));
      expect(starts.filter(Boolean)).toHaveLength(1);
      const ends = await Promise.all(Array.from({ length: 20 }, (_, number) => jobs.finish('job_n_1', succeeded(`{"by":${number}}`))));
      expect(ends.filter(Boolean)).toHaveLength(1);
      const job = await jobs.get('job_n_1');
      expect(job?.attempts).toBe(1);
      expect(job?.resultJson).toBe(`{"by":${ends.indexOf(true)}}`);
      expect(await jobs.requeue('job_n_1', 0, { code: 'no_capacity', message: 'late' })).toBe(false);
      expect(await jobs.get('job_n_1')).toEqual(job);
    }));

  test('a call that fails leaves those made beside it alone', () =>
    withStore(driver, async (jobs) => {
      await jobs.add(newJob('job_n_0', { user: 'first' }));
      const all = await Promise.allSettled([0, 1, 2, 3].map((number) => jobs.add(newJob(`job_n_${number}`, { user: 'second' }))));
      expect(all.map((one) => one.status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
      expect((await jobs.get('job_n_0'))?.user).toBe('first');
      expect((await jobs.get('job_n_3'))?.user).toBe('second');
    }));

  test('pages cover every job once, newest first, also when many are of the same moment', () =>
    withStore(driver, async (jobs) => {
      const expected = Array.from({ length: 23 }, (_, number) => newJob(`job_n_${String(number).padStart(2, '0')}`, { createdAt: 1_000 + Math.floor(number / 7) + 0.25 }));
      for (const job of expected) await jobs.add(job);
      const seen: string[] = [];
      for (let before: string | undefined; ; before = seen.at(-1)) {
        const page = await jobs.list(before === undefined ? { limit: 5 } : { limit: 5, before });
        if (page.length === 0) break;
        expect(page[0]).not.toHaveProperty('requestJson');
        expect(page[0]).not.toHaveProperty('resultJson');
        seen.push(...page.map((job) => job.id));
      }
      expect(seen).toEqual(expected.map((job) => job.id).reverse());
    }));

  test('a finished job loses its texts when its time is over, not before, and its id later', () =>
    withStore(driver, async (jobs) => {
      for (const name of ['done', 'gone', 'waiting']) await jobs.add(newJob(name));
      await jobs.finish('done', succeeded('{"ok":1}', 2_000, 3_000));
      await jobs.finish('gone', { status: 'cancelled', finishedAt: 2_000, expiresAt: 3_000 });
      const limits = { ...roomy, rememberMs: 500 };
      expect(await jobs.sweep(2_999, limits)).toBe(0);
      expect((await jobs.get('done'))?.resultJson).toBe('{"ok":1}');
      expect(await jobs.sweep(3_000, limits)).toBe(2);
      expect(await jobs.get('done')).toMatchObject({ status: 'expired', requestJson: '', resultJson: null });
      expect(await jobs.get('gone')).toMatchObject({ status: 'cancelled', requestJson: '', resultJson: null });
      expect(await jobs.get('waiting')).toMatchObject({ status: 'queued', requestJson: '{"messages":[]}' });
      await jobs.sweep(3_499, limits);
      expect(await jobs.get('done')).not.toBeNull();
      await jobs.sweep(3_500, limits);
      expect(await jobs.get('done')).toBeNull();
      expect(await jobs.get('waiting')).not.toBeNull();
    }));

  test('over the limit of bytes the oldest results go first, counted in bytes and not in characters', () =>
    withStore(driver, async (jobs) => {
      for (const [index, name] of ['b', 'a', 'c'].entries()) {
        await jobs.add(newJob(name, { requestJson: '€€' }));
        await jobs.finish(name, succeeded('1234', 2_000 + index, 9_000));
      }
      expect((await jobs.counts()).bytes).toBe(30);
      expect(await jobs.sweep(2_500, { ...roomy, maxBytes: 29 })).toBe(1);
      expect((await jobs.get('b'))?.status).toBe('expired');
      expect((await jobs.counts()).bytes).toBe(20);
    }));

  test('300 jobs of 0.3 MB are gone a second after their end, and only so many ids are remembered', () =>
    withStore(driver, async (jobs) => {
      const requestJson = 'x'.repeat(300_000);
      for (let number = 0; number < 300; number += 1) {
        await jobs.add(newJob(`big${number}`, { requestJson }));
        await jobs.finish(`big${number}`, succeeded('{}', 1_000, 2_000));
      }
      expect((await jobs.counts()).bytes).toBe(300 * 300_002);
      expect(await jobs.sweep(2_000, roomy)).toBe(300);
      expect((await jobs.counts()).bytes).toBe(0);
      await Promise.all(Array.from({ length: 1_500 }, async (_, number) => {
        await jobs.add(newJob(`small${number}`));
        await jobs.finish(`small${number}`, succeeded('{}', 3_000, 3_001));
      }));
      await jobs.sweep(3_001, { ...roomy, maxJobs: 1 });
      expect((await jobs.counts()).byStatus.expired).toBe(1_000);
      expect(await jobs.get('big0')).toBeNull();
    }));

  test('a closed store rejects and says so', async () => {
    const jobs = await withStore(driver, async (open) => open);
    await expect(jobs.add(newJob('late'))).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(jobs.get('late')).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
