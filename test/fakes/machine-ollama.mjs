/**
 * An Ollama on a pretended machine, as a process that can be killed: models of different sizes that are loaded, evicted and
 * slow or quick, in a bounded memory. Usage: node machine-ollama.mjs '{"port":0,"memoryBytes":…,"models":[…]}'; prints its port.
 */
import { createServer } from 'node:http';

/** @typedef {{ name: string, sizeBytes: number, loadMs: number, tokensPerSecond: number, contextLength?: number }} MachineModel */
/** @typedef {{ port: number, host?: string, memoryBytes: number, parallel?: number, models: MachineModel[] }} Machine */

/** @type {Machine} */
const machine = JSON.parse(process.argv[2] ?? '{}');
const parallel = machine.parallel ?? 4;
/** By name: when it was used last, and what runs on it. @type {Map<string, { usedAt: number, running: number, ready: Promise<void> }>} */
const resident = new Map();
const counts = { requests: 0, loads: 0, aborts: 0, running: 0, peak: 0 };
/** @type {Map<string, (() => void)[]>} */
const waiting = new Map();

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** @param {string} name */
const modelOf = (name) => machine.models.find((one) => one.name === name || one.name === `${name}:latest`);

/** Idle models make room, the longest unused first. @param {MachineModel} model */
function load(model) {
  const there = resident.get(model.name);
  if (there !== undefined) return there;
  const used = () => [...resident.keys()].reduce((sum, name) => sum + (modelOf(name)?.sizeBytes ?? 0), 0);
  const idle = [...resident].filter(([, one]) => one.running === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt);
  while (used() + model.sizeBytes > machine.memoryBytes && idle.length > 0) resident.delete(/** @type {[string, unknown]} */ (idle.shift())[0]);
  counts.loads += 1;
  const added = { usedAt: Date.now(), running: 0, ready: pause(model.loadMs) };
  resident.set(model.name, added);
  return added;
}

/** @param {MachineModel} model @param {() => boolean} gone @param {(token: string, last: boolean) => void} say */
async function generate(model, gone, say) {
  const place = load(model);
  place.running += 1;
  counts.running += 1;
  counts.peak = Math.max(counts.peak, counts.running);
  try {
    if (place.running > parallel) await new Promise((resolve) => waiting.set(model.name, [...(waiting.get(model.name) ?? []), () => resolve(undefined)]));
    await place.ready;
    for (let token = 0; token < 12 && !gone(); token += 1) {
      await pause(1000 / model.tokensPerSecond);
      if (!gone()) say(`t${token} `, token === 11);
    }
  } finally {
    place.running -= 1;
    place.usedAt = Date.now();
    counts.running -= 1;
    waiting.get(model.name)?.shift()?.();
  }
}

/** @param {MachineModel} model */
const tagRow = (model) => ({ name: model.name, model: model.name, size: model.sizeBytes, digest: `d-${model.name}`, modified_at: '2026-01-01T00:00:00Z', details: { family: 'llama', parameter_size: '1B', quantization_level: 'Q4_0' } });

const lists = {
  '/api/version': () => ({ version: '0.12.6' }),
  '/api/tags': () => ({ models: machine.models.map(tagRow) }),
  '/api/ps': () => ({ models: machine.models.filter((one) => resident.has(one.name)).map((one) => ({ ...tagRow(one), size_vram: one.sizeBytes, context_length: one.contextLength ?? 8192, expires_at: '2318-01-01T00:00:00Z' })) }),
  '/counts': () => counts,
};

/** @param {import('node:http').ServerResponse} response @param {number} status @param {unknown} body */
const sendJson = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** @param {string} path @param {{ model?: string, stream?: boolean }} body @param {import('node:http').ServerResponse} response */
async function answer(path, body, response) {
  const model = modelOf(body.model ?? '');
  if (model === undefined) return sendJson(response, 404, path.startsWith('/v1/') ? { error: { message: `model "${body.model}" not found` } } : { error: `model '${body.model}' not found` });
  if (path === '/api/show') return sendJson(response, 200, { capabilities: ['completion'], details: tagRow(model).details, model_info: { 'general.architecture': 'llama', 'llama.context_length': model.contextLength ?? 8192 } });
  counts.requests += 1;
  let gone = false;
  response.on('close', () => {
    if (!response.writableEnded) counts.aborts += 1;
    gone = true;
  });
  const openAi = path.startsWith('/v1/');
  const streamed = openAi ? body.stream === true : body.stream !== false;
  let text = '';
  const usage = { prompt_eval_count: 10, eval_count: 12, prompt_eval_duration: 1e6, eval_duration: 1e8, load_duration: 1, total_duration: 2e8 };
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: model.name };
  await generate(model, () => gone, (token, last) => {
    text += token;
    if (!streamed) return;
    if (!response.headersSent) response.writeHead(200, { 'content-type': openAi ? 'text/event-stream' : 'application/x-ndjson' });
    if (!openAi) return response.write(`${JSON.stringify({ model: model.name, created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: token }, done: last, ...(last ? { done_reason: 'stop', ...usage } : {}) })}\n`);
    return response.write(`data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta: { content: token }, finish_reason: last ? 'stop' : null }] })}\n\n`);
  });
  if (gone) return;
  if (streamed) return response.end(openAi ? 'data: [DONE]\n\n' : undefined);
  const whole = { role: 'assistant', content: text };
  if (openAi) return sendJson(response, 200, { ...chunk, object: 'chat.completion', choices: [{ index: 0, message: whole, finish_reason: 'stop' }], usage: { prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 } });
  return sendJson(response, 200, { model: model.name, created_at: '2026-01-01T00:00:00Z', message: whole, response: text, done: true, done_reason: 'stop', ...usage });
}

const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const list = lists[/** @type {keyof typeof lists} */ (path)];
  if (list !== undefined) return sendJson(response, 200, list());
  if (request.method !== 'POST') return path === '/' ? response.end('Ollama is running') : sendJson(response, 404, { error: 'not found' });
  let text = '';
  request.setEncoding('utf8').on('data', (part) => (text += part));
  request.on('end', () => void answer(path, JSON.parse(text === '' ? '{}' : text), response).catch(() => response.destroy()));
  return undefined;
});
server.listen(machine.port, machine.host ?? '127.0.0.1', () => process.stdout.write(`${/** @type {import('node:net').AddressInfo} */ (server.address()).port}\n`));
