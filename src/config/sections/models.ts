/** `models`, `routes` and `aliases`: what may be served, and for which task. */
import { z } from 'zod';
import { flag, positiveCount, positiveMilliseconds, text, textList } from './values.ts';

const model = z.strictObject({
  name: text.describe('As the backend lists it; `m` and `m:latest` are the same.'),
  sizeGb: z.number().positive().optional().describe('GPU memory it needs, in GiB. Absent: what the backend says.'),
  purpose: textList.default([]).describe('Task types it is good for (+25 each, and it becomes a candidate for them).'),
  tags: textList.default([]).describe('Further task types that make it a candidate.'),
  priority: z.number().default(50).describe('Added to its score.'),
  maxConcurrent: positiveCount.optional().describe('Requests it serves at once. Absent: what the backend says or was learned, else 4.'),
  defaultContext: positiveCount.optional().describe('Its usual context in tokens.'),
  maxContext: positiveCount.optional().describe('Longest prompt in tokens; a longer one goes to another model or gets 400.'),
  timeoutMs: positiveMilliseconds.optional().describe('Longest time one request may run.'),
  costClass: z.enum(['low', 'medium', 'high']).default('medium').describe('low suits light requests (+15), high heavy ones (+20).'),
  exclusive: flag.default(false).describe('Runs alone: it has the GPU for itself, so `maxConcurrent` is 1.'),
  allowWhenBusy: flag.default(false).describe('May be chosen although all its slots are taken; the request then waits.'),
});

export const models = z.array(model).default([]).describe('The models to route among. Absent: what the backends list, with roles guessed from names and sizes.');

export const routes = z.record(z.string(), textList).optional().describe('For each task type the models to prefer, best first. Own task types are allowed.');

export const aliases = z
  .record(z.string(), text)
  .default({})
  .describe('Asked name to served name, such as `gpt-4o: qwen3:32b`; a name may end in `*`. The answer names the model that served.');
