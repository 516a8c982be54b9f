/** `preload`: models that are in memory before somebody asks for them. */
import { z } from 'zod';
import { count, flag, textList } from './values.ts';

export const preload = z
  .strictObject({
    enabled: flag.default(true).describe('Off: models are loaded by the requests for them alone.'),
    pinned: textList.default([]).describe('Models to load wherever they are stored as soon as a server is there, and again when they went. `POST /dashboard/api/pinned-models` pins one to one machine.'),
    maxModels: count.default(3).describe('The models that were used most are loaded on a machine that comes, and those used every hour again when they went, until so many are in memory. Only where it is known that memory is free.'),
    prewarmAfterQueued: count.default(3).describe('So many requests that wait for a model bring it to one more machine that has room for it; 0: none do.'),
  })
  .prefault({})
  .describe('Models that are loaded before somebody asks for them. Nothing that works, or was used within a minute, is pushed out for it.');
