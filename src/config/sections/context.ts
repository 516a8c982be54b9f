/** `context`, `media`, `responses`: what is done to requests that are long, that change at the front, or that point elsewhere. */
import { z } from 'zod';
import { flag, positiveCount, positiveMilliseconds, size, textList } from './values.ts';

export const context = z
  .strictObject({
    overflow: z.enum(['reject', 'trim']).default('reject').describe('A prompt longer than the context of its backend: 400 with both numbers, or the oldest turns are dropped and the answer says so.'),
    stablePrefix: flag.default(true).describe('Parts that coding agents change with every request at the front of a prompt are made stable for local backends, so that their prefix caches hold. The trace lists each rewrite.'),
  })
  .prefault({})
  .describe('Long prompts and prefix caches.');

export const media = z
  .strictObject({
    allowedHosts: textList.default([]).describe('Hosts from which pictures named by address may be fetched; `*.example.org` means all below. Private addresses never.'),
    maxBytes: size.prefault('10mb').describe('Largest picture that is fetched.'),
    timeoutMs: positiveMilliseconds.default(10_000).describe('How long fetching one may take.'),
  })
  .prefault({})
  .describe('Pictures that requests name by address.');

export const responses = z
  .strictObject({
    ttlSeconds: positiveCount.default(2_592_000).describe('How long an answer of the responses API may be gone on from.'),
    maxStored: positiveCount.default(10_000).describe('Answers kept at most; the oldest go first.'),
  })
  .prefault({})
  .describe('Answers that later requests go on from by `previous_response_id`.');
