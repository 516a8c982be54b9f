/** `context`, `media`, `responses`: what is done to requests that are long, that change at the front, or that point elsewhere. */
import { z } from 'zod';
import { count, flag, positiveCount, positiveMilliseconds, size, textList } from './values.ts';

const thinkingBudget = z
  .strictObject({
    factor: z.number().min(0).default(4).describe('How many times the limit that the caller names; 0: limits are left as they are.'),
    minTokens: count.default(1024).describe('The least that a raised limit comes to.'),
  })
  .prefault({})
  .describe('A limit of the answer\'s length (`num_predict`, `max_tokens`) is raised for models that think first, or thinking would eat it up; the answer says so. Only for models that their server calls thinking.');

const presets = z
  .strictObject({
    enabled: flag.default(false).describe('Send the context of `models` for callers who name none.'),
    fromUse: flag.default(false).describe('Send one that fits how the model was used for them, once it was asked for twenty times.'),
    models: z.record(z.string(), positiveCount).default({}).describe('Tokens by model.'),
  })
  .prefault({})
  .describe('Contexts that models are loaded with when nobody names one. `POST /dashboard/api/settings` changes them while the router runs.');

export const context = z
  .strictObject({
    overflow: z.enum(['reject', 'trim']).default('reject').describe('A prompt longer than the context of its backend: 400 with both numbers, or the oldest turns are dropped and the answer says so.'),
    protect: z.enum(['pin', 'strip', 'warn', 'passthrough']).default('pin').describe('A `num_ctx` that would reload a model which is in memory with enough: replaced by the one it is in memory with, taken out, logged, or left alone. A larger one goes where the model has it, or loads it once.'),
    presets,
    thinkingBudget,
    stablePrefix: flag.default(true).describe('Parts that coding agents change with every request at the front of a prompt are made stable for local backends, so that their prefix caches hold. The trace lists each rewrite.'),
  })
  .prefault({})
  .describe('Long prompts and prefix caches.');

export const media = z
  .strictObject({
    allowedHosts: textList.default([]).describe('Hosts from which pictures named by address may be fetched; `*.example.org` means all below. Private addresses never.'),
    maxBytes: size.prefault('10mb').describe('Largest picture that is fetched.'),
    timeoutMs: positiveMilliseconds.default(10_000).describe('How long fetching one may take.'),
    maxRecordingBytes: size.prefault('64mb').describe('Largest form with a recording; a larger one gets 413. Other bodies have `server.requestBodyLimit`.'),
    images: flag.default(true).describe('Make pictures for those who ask; can be switched on the dashboard.'),
    transcription: flag.default(true).describe('Write recordings down for those who ask; can be switched on the dashboard.'),
    imageTimeoutMs: positiveMilliseconds.default(120_000).describe('How long one server may take to make a picture.'),
    transcriptionTimeoutMs: positiveMilliseconds.default(300_000).describe('How long one server may take to write a recording down.'),
    imageEmbeddingTimeoutMs: positiveMilliseconds.default(30_000).describe('How long one server may take for the vectors of pictures.'),
  })
  .prefault({})
  .describe('Pictures that requests name by address, and how long work on pictures and recordings may take.');

export const responses = z
  .strictObject({
    ttlSeconds: positiveCount.default(2_592_000).describe('How long an answer of the responses API may be gone on from.'),
    maxStored: positiveCount.default(10_000).describe('Answers kept at most; the oldest go first.'),
  })
  .prefault({})
  .describe('Answers that later requests go on from by `previous_response_id`.');
