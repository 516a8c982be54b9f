/** Runs a job's stored request through the same pipeline as any other (design part 2.5). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { Plane, Principal } from '../core/principal.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { RunJob } from '../jobs/jobs.ts';
import type { Handle } from '../pipeline/pipeline.ts';
import { BufferReply } from './buffer-reply.ts';

/** What a key may do now, by its id; null: there is no such key any more, or none is asked for. */
export type GrantsOf = (keyId: string) => Pick<Principal, 'models' | 'maxPriority'> | null;

/** Counts the tokens of a key's job against its limit. */
export type SpendOf = (plane: Plane, keyId: string, tokens: number) => void;

export function createRunJob(handle: () => Handle, dialects: ReadonlyMap<string, InferenceDialect>, clock: Clock, grantsOf: GrantsOf = () => null, spend: SpendOf = () => {}): RunJob {
  return async (job, signal, started) => {
    const dialect = dialects.get(job.dialect);
    if (!dialect) return { kind: 'failed', error: new RouterError('internal', `The job was made with the API ${job.dialect}, which this version does not have.`) };
    const reply = new BufferReply();
    await handle()(
      {
        requestId: job.id,
        dialect,
        body: job.requestJson,
        plane: job.plane ?? 'standalone',
        principal: ownerOf(job, grantsOf),
        ...(job.principalId === 'anonymous' ? {} : { spend: (tokens: number) => spend(job.plane ?? 'standalone', job.principalId, tokens) }),
        signal,
        receivedAt: clock.now(),
        job: { record: job, started },
      },
      reply,
    );
    if (reply.error !== null) return { kind: 'failed', error: reply.error };
    if (reply.status !== 200) return { kind: 'failed', error: new RouterError('cancelled', 'The job was stopped.') };
    return { kind: 'succeeded', resultJson: reply.text(), servedModel: reply.headers['x-oar-model'] ?? job.selectedModel };
  };
}

/** A job is held to what its key may do when it runs, and what was accepted runs even when the key is gone. */
function ownerOf({ principalId }: Job, grantsOf: GrantsOf): Principal {
  if (principalId === 'anonymous') return { id: principalId, kind: 'anonymous', address: 'job' };
  return { id: principalId, kind: 'key', address: 'job', ...grantsOf(principalId) };
}
