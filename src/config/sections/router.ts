/** `router`: how a request finds its model and backend, and how long it may wait. */
import { z } from 'zod';
import { taskTypes } from '../../core/request.ts';
import { count, flag, milliseconds, positiveCount, positiveMilliseconds, text } from './values.ts';

const classification = z
  .strictObject({
    mode: z.enum(['heuristic', 'model']).default('heuristic').describe('How the task of a request is found: by rules, or by asking a small model.'),
    optionalClassifierModel: text.optional().describe('The model to ask when `mode` is `model`.'),
    classifierTimeoutMs: positiveMilliseconds.default(1500).describe('How long the model may take; afterwards the rules decide.'),
  })
  .prefault({})
  .describe('How the task of a request is found.');

const affinity = z
  .strictObject({
    enabled: flag.default(true).describe('Send the turns of a conversation to the backend that has read the earlier ones.'),
    ttlMs: positiveMilliseconds.default(300_000).describe('How long after its last turn a conversation is remembered.'),
  })
  .prefault({})
  .describe('Conversations stay where their beginning is in memory.');

const breaker = z
  .strictObject({
    failures: positiveCount.default(3).describe('Failures in a row after which a model gets no requests on that backend for a while; when more than one model fails there and none works between, the whole backend gets none.'),
    openMs: positiveMilliseconds.default(10_000).describe('How long, at first; it doubles with each failed trial, up to sixteen times.'),
  })
  .prefault({})
  .describe('Backends, and models of a backend, that fail again and again are left alone, then tried with one request.');

export const router = z
  .strictObject({
    defaultMode: z.enum(['auto', 'sync', 'async']).default('auto').describe('Mode of a request whose `router` object does not name one.'),
    syncMaxQueueTimeMs: milliseconds.default(250).describe('A request that allows async and would wait longer than this becomes a job.'),
    heavyLoadQueueDepth: count.default(4).describe('This many waiting requests are a heavy load; 0: always.'),
    heavyLoadGpuFreeMbThreshold: count.default(1024).describe('Less free GPU memory than this, in MiB, is a heavy load for a model that has to be loaded.'),
    defaultTaskType: z.enum(taskTypes).default('unknown').describe('Task of a job that came without a classification.'),
    classification,
    placement: z.enum(['adaptive', 'signals', 'least-busy']).default('adaptive').describe('How a backend is chosen among those that have the model: the smallest expected time to the first token, the most points of seven signals, or the fewest running requests.'),
    substitution: z.enum(['never', 'same-capability', 'any']).default('never').describe('Another chat model that is in memory serves instead of one that would have to be loaded: never, only one made for the same kind of work, or any that can do what the request asks. Headers and traces name it.'),
    holdMs: milliseconds.default(30_000).describe('How long a request waits for a free backend when it does not say so itself.'),
    retries: count.default(2).describe('Tries on other backends after a failure, before the first byte.'),
    affinity,
    breaker,
  })
  .prefault({})
  .describe('Choosing a model and a backend.');
