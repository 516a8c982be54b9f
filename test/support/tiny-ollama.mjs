/** A stand-in Ollama as a program of its own (`ollama serve`), for tests that start, kill or move it. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { OLLAMA_HOST = '127.0.0.1:11434', TINY_MODEL = 'tiny:1b', TINY_STARTS } = process.env;
if (TINY_STARTS) appendFileSync(TINY_STARTS, `${JSON.stringify({ pid: process.pid, args: process.argv.slice(2), parallel: process.env['OLLAMA_NUM_PARALLEL'] ?? null })}\n`);

const row = { name: TINY_MODEL, model: TINY_MODEL, size: 1_000_000, digest: 'd'.repeat(64), modified_at: '2026-01-01T00:00:00Z', details: { family: 'llama', parameter_size: '1B', quantization_level: 'Q4_0' } };
const answers = {
  '/api/version': { version: '0.12.6' },
  '/api/tags': { models: [row] },
  '/api/ps': { models: [] },
  '/api/show': { details: row.details, model_info: { 'general.architecture': 'llama', 'llama.context_length': 4096 }, capabilities: ['completion'] },
  '/v1/chat/completions': { id: 'c', object: 'chat.completion', created: 1, model: TINY_MODEL, choices: [{ index: 0, message: { role: 'assistant', content: `Hello from ${TINY_MODEL}.` }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
};

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const body = answers[(request.url ?? '').split('?')[0]];
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? { error: 'not found' }));
  });
});
const [host, port] = OLLAMA_HOST.replace(/^http:\/\//, '').split(':');
server.listen(Number(port), host);
process.on('SIGTERM', () => process.exit(0));
