/** `backends`: the inference servers behind the router. */
import { z } from 'zod';
import { httpUrl, milliseconds, positiveCount, text, textList } from './values.ts';

const timeouts = z
  .strictObject({
    connectMs: milliseconds.default(2000).describe('Until the connection stands. For all four, 0 means none.'),
    firstByteMs: milliseconds.default(300_000).describe('Until the first byte of the answer; covers a cold load.'),
    idleMs: milliseconds.default(120_000).describe('Between two chunks.'),
    totalMs: milliseconds.default(0).describe('The whole request.'),
  })
  .prefault({})
  .describe('Time limits of calls to it.');

const backend = z.strictObject({
  id: z.string().regex(/^[a-zA-Z0-9._-]+$/).meta({ expects: 'letters, digits, dots, dashes and underscores only' }).describe('Shown in headers, logs and metrics.'),
  kind: z.enum(['ollama', 'llama-server', 'openai', 'anthropic', 'embedded']).describe('Ollama, llama-server, any other OpenAI-compatible server, an Anthropic address, or the engine that the router itself runs.'),
  url: httpUrl.optional().describe('Its address; for openai with or without /v1. The embedded engine has none.'),
  apiKey: text.optional().describe('Sent to this backend alone, never logged.'),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).optional().describe('Further headers to send.'),
  maxConcurrent: positiveCount.optional().describe('Requests it serves at once, per model. Absent: what it says or was learned.'),
  priority: z.number().default(0).describe('Among equals the highest goes first.'),
  tags: textList.default([]).describe('Free words, shown in lists.'),
  models: textList.default([]).describe('Its models, only for servers that cannot list theirs.'),
  capabilities: z.record(z.string(), z.array(z.enum(['chat', 'embedding', 'vision', 'tools', 'thinking', 'insert', 'rerank', 'image', 'transcription', 'speech', 'image-embedding']))).optional().describe('What models of it can do, by their names, where neither the server nor the name tells: `my-painter: [image]`.'),
  timeouts,
});

export const backends = z.array(backend).optional().describe('Absent: one Ollama at `ollama.baseUrl`, or what is found on this machine.');
