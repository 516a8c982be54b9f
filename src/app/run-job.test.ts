import { expect, test } from 'vitest';
import type { Job } from '../core/job.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { InferenceCall } from '../pipeline/pipeline.ts';
import { createRunJob, type GrantsOf } from './run-job.ts';

const job: Job = {
  id: 'job_lab-1_0', status: 'queued', taskType: 'triage', selectedModel: 'small:1b', requestJson: '{}', dialect: 'openai-chat', resultJson: null, error: null, attempts: 0,
  priority: 'normal', principalId: 'ada', user: 'key:ada', createdAt: 0, startedAt: null, finishedAt: null, notBefore: null, expiresAt: null,
};

/** The call that a job becomes. */
async function callOf(changes: Partial<Job>, grantsOf?: GrantsOf): Promise<InferenceCall | undefined> {
  const made: InferenceCall[] = [];
  const dialects = new Map([['openai-chat', {} as InferenceDialect]]);
  const run = createRunJob(() => (call) => Promise.resolve(void made.push(call)), dialects, { now: () => 0, after: () => () => {} }, grantsOf);
  await run({ ...job, ...changes }, new AbortController().signal, () => Promise.resolve(true));
  return made[0];
}

test('a job runs as the one who made it, through the same door, and may do what its key may do then', async () => {
  const grantsOf: GrantsOf = (id) => (id === 'ada' ? { models: ['small*'], maxPriority: 'low' } : null);
  expect(await callOf({ plane: 'runtimeAgent' }, grantsOf)).toMatchObject({ plane: 'runtimeAgent', principal: { id: 'ada', kind: 'key', models: ['small*'], maxPriority: 'low' } });
  const gone = await callOf({ principalId: 'gone' }, grantsOf);
  expect(gone).toMatchObject({ plane: 'standalone', principal: { id: 'gone', kind: 'key' } });
  expect(gone?.principal).not.toHaveProperty('models');
  expect((await callOf({ principalId: 'anonymous' }, () => ({ models: [] })))?.principal).toEqual({ id: 'anonymous', kind: 'anonymous', address: 'job' });
});
