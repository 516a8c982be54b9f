/** `ollama`: the one backend of a file that lists none. */
import { z } from 'zod';
import { httpUrl, keepAlive, positiveMilliseconds, text } from './values.ts';

export const ollama = z
  .strictObject({
    baseUrl: httpUrl.default('http://127.0.0.1:11434').describe('Address of the Ollama server; a path in it is kept. Used when `backends` is absent.'),
    openAiCompatiblePath: text.default('/v1/chat/completions').describe('Where its OpenAI-compatible chat API lies below `baseUrl`.'),
    nativeApiBasePath: text.default('/api').describe('Where its own API lies below `baseUrl`.'),
    keepAlive: keepAlive.optional().describe('How long a model stays in memory after a request, sent with each request that does not say so itself. Absent: not sent, and the server decides.'),
    requestTimeoutMs: positiveMilliseconds.optional().describe('Longest time a request to it may take in all.'),
  })
  .prefault({})
  .describe('The Ollama server behind the router.');
