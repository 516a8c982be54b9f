/** `queue`: how many may run and wait. */
import { z } from 'zod';
import { count, positiveCount, positiveMilliseconds } from './values.ts';

export const queue = z
  .strictObject({
    globalMaxConcurrent: positiveCount.optional().describe('Requests that run at once over all models. Absent: as many as the backends take.'),
    globalMaxQueued: count.default(100).describe('Requests that may wait; 0: none waits.'),
    perUserMaxQueued: count.optional().describe('Waiting requests of one user (key, else the `user` field, else address); more get 429.'),
    defaultPriority: z.enum(['low', 'normal', 'high']).default('normal').describe('Priority of a request that does not name one.'),
    timeoutMs: positiveMilliseconds.optional().describe('Longest time a request may run when it does not say so itself.'),
  })
  .prefault({})
  .describe('Limits and priorities.');
