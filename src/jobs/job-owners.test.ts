import { expect, test } from 'vitest';
import type { RouterError } from '../core/errors.ts';
import { driver } from '../store/memory/index.ts';
import { silentLog } from '../telemetry/log.ts';
import { createJobs } from './create-jobs.ts';
import type { Jobs, NewJob } from './jobs.ts';

const asked: NewJob = { taskType: 'summarize', selectedModel: 'small:1b', requestJson: '{}', dialect: 'openai-chat', priority: 'normal', principalId: 'ada', user: 'key:ada' };

/** Jobs that wait for ever. */
async function waitingJobs(): Promise<Jobs> {
  let ids = 0;
  return createJobs({
    store: (await driver.open({})).jobs,
    clock: { now: () => 0, after: () => () => {} },
    nodeId: 'lab-1',
    randomId() {
      ids += 1;
      return String(ids);
    },
    run: () => new Promise(() => {}),
    policy: { maxAttempts: 1, resultTtlMs: 1000, maxQueued: 10, jitter: () => 1 },
    limits: { maxJobs: 10, maxBytes: 1e6, rememberMs: 1000 },
    cleanupIntervalMs: 1000,
    log: silentLog,
  });
}

test('an owner sees and cancels their own jobs; those of others are as if they were not there', async () => {
  const jobs = await waitingJobs();
  const mine = (await jobs.accept(asked)).job;
  const gateways = (await jobs.accept({ ...asked, plane: 'runtimeAgent' })).job;
  const other = (await jobs.accept({ ...asked, principalId: 'bob', user: 'key:bob' })).job;
  const ada = { principalId: 'ada' };
  expect((await jobs.get(mine.id, ada)).id).toBe(mine.id);
  expect((await jobs.list({ limit: 10 }, ada)).map((job) => job.id).sort()).toEqual([mine.id, gateways.id].sort());
  expect((await jobs.list({ limit: 10 }, { ...ada, plane: 'runtimeAgent' })).map((job) => job.id)).toEqual([gateways.id]);
  expect((await jobs.list({ limit: 10 }, { ...ada, user: 'key:bob' }))).toEqual([]);
  expect(await jobs.list({ limit: 10 }, null)).toHaveLength(3);
  // Jobs that do not say where they came from came through the only door there was.
  expect((await jobs.get(mine.id, { ...ada, plane: 'standalone' })).id).toBe(mine.id);
  const unknown = await jobs.get('job_lab-1_nothing', ada).catch((error: RouterError) => error);
  for (const [id, owner] of [[other.id, ada], [gateways.id, { ...ada, plane: 'standalone' as const }]] as const) {
    for (const refused of [await jobs.get(id, owner).catch((error: RouterError) => error), await jobs.cancel(id, owner).catch((error: RouterError) => error)]) {
      expect(refused).toMatchObject({ code: 'job_not_found', message: (unknown as RouterError).message.replace('job_lab-1_nothing', id) });
    }
  }
  expect((await jobs.get(other.id, null)).status).toBe('queued');
  expect((await jobs.cancel(gateways.id, ada)).status).toBe('cancelled');
});
