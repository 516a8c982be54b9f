/** Every embedding API to every other one: what is asked, what is answered, what is refused. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { RouterError } from '../../src/core/errors.ts';
import type { EmbeddingRequest, InferenceRequest } from '../../src/core/request.ts';
import type { InferenceDialect } from '../../src/dialects/dialect.ts';
import { dialects } from '../../src/dialects/index.gen.ts';

type Json = Record<string, unknown>;

/** What an embedding request says, whatever the API. */
interface Asked {
  readonly texts: readonly string[];
  readonly more?: Json;
}

/** A tiny reader and writer of one API, independent of its dialect. */
interface Kit {
  readonly several: boolean;
  write(asked: Asked): Json;
  readTexts(body: Json): unknown;
  answer(vectors: readonly (readonly number[])[], tokens: number): Json;
  readVectors(body: Json): unknown;
  /** Undefined where the API has none. */
  readTokens(body: Json): unknown;
  field: string;
}

const kits: Readonly<Record<string, Kit>> = {
  'openai-embeddings': {
    several: true,
    field: 'input',
    write: ({ texts, more }) => ({ model: 'asked', input: texts.length === 1 ? texts[0] : texts, ...more }),
    readTexts: ({ input }) => (typeof input === 'string' ? [input] : input),
    // Some servers answer out of order.
    answer: (vectors, tokens) => ({ object: 'list', data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse(), model: 'm', usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    readVectors: ({ data }) => (data as { index: number; embedding: unknown }[]).map((row, at) => (row.index === at ? row.embedding : `index ${row.index} at ${at}`)),
    readTokens: ({ usage }) => (usage as Json)['prompt_tokens'],
  },
  'ollama-embed': {
    several: true,
    field: 'input',
    write: ({ texts, more }) => ({ model: 'asked', input: texts.length === 1 ? texts[0] : texts, ...more }),
    readTexts: ({ input }) => (typeof input === 'string' ? [input] : input),
    answer: (embeddings, tokens) => ({ model: 'm', embeddings, total_duration: 14_143_917, load_duration: 1_019_500, prompt_eval_count: tokens }),
    readVectors: ({ embeddings }) => embeddings,
    readTokens: (body) => body['prompt_eval_count'],
  },
  'ollama-embeddings': {
    several: false,
    field: 'prompt',
    write: ({ texts, more }) => ({ model: 'asked', prompt: texts[0], ...more }),
    readTexts: ({ prompt }) => [prompt],
    answer: ([embedding]) => ({ embedding }),
    readVectors: ({ embedding }) => [embedding],
    readTokens: () => undefined,
  },
};

const embedding = dialects.filter((dialect): dialect is InferenceDialect => dialect.kind === 'inference' && dialect.task === 'embedding');
const pairs = embedding.flatMap((caller) => embedding.map((backend) => [caller.id, backend.id, caller, backend] as const));
const foreign = pairs.filter(([, , caller, backend]) => caller !== backend);

function kitOf({ id }: InferenceDialect): Kit {
  const kit = kits[id];
  if (!kit) throw new Error(`embeddings.test.ts has no kit for ${id}`);
  return kit;
}

function decode(dialect: InferenceDialect, body: unknown): EmbeddingRequest {
  const request: InferenceRequest = dialect.decodeRequest(JSON.stringify(body));
  if (request.task !== 'embedding') throw new Error('No embedding request.');
  return request;
}

/** The caller's answer to what the backend wrote, its bytes cut after every `size`. */
function through(caller: InferenceDialect, backend: InferenceDialect, request: InferenceRequest, wire: string, size = 1000): string {
  const relay = caller === backend;
  const decoder = backend.decodeResponse({ stream: false, relay });
  const encoder = caller.encodeResponse({ requestId: 'r1', request, model: 'served', stream: false, relay, includeUsage: false, createdAt: 0, router: null });
  const bytes = Buffer.from(wire);
  const parts = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(...decoder.push(bytes.subarray(at, at + size)));
  parts.push(...decoder.end());
  const pieces = parts.map((part) => {
    if (part.type === 'error') throw part.error;
    return encoder.push(part);
  });
  return [...pieces, encoder.end()].map((piece) => (piece === null ? '' : Buffer.from(piece).toString())).join('');
}

function thrownBy(act: () => unknown): RouterError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof RouterError) return thrown;
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}

const texts = ['Zażółć 🐢', 'second "text"', 'third'];
const vectors = [[0.5, -0.25, 1], [0, 2, -1.5], [0.125, 4, 8]];

/** What both sides can say. */
function common(caller: InferenceDialect, backend: InferenceDialect): { texts: readonly string[]; vectors: readonly (readonly number[])[] } {
  const count = kitOf(caller).several && kitOf(backend).several ? 3 : 1;
  return { texts: texts.slice(0, count), vectors: vectors.slice(0, count) };
}

test('there are three, each with a kit', () => {
  expect(embedding.map((dialect) => dialect.id).sort()).toEqual(Object.keys(kits).sort());
});

describe('a request', () => {
  test.each(pairs)('of %s reaches %s with every text and the served model', (_caller, _backend, caller, backend) => {
    const asked = common(caller, backend);
    const request = decode(caller, kitOf(caller).write(asked));
    expect(request).toMatchObject({ model: 'asked', inputs: asked.texts, stream: false, router: null });
    const call = backend.encodeRequest(request, { model: 'served' });
    expect(call.path).toBe(backend.routes[0]?.path);
    const body = JSON.parse(call.body);
    expect(body.model).toBe('served');
    expect(kitOf(backend).readTexts(body)).toEqual(asked.texts);
    expect(call.rewrites).toEqual([]);
  });

  test.each(pairs)('of %s to %s keeps the length of its vectors, or is refused', (_caller, _backend, caller, backend) => {
    if (!kitOf(caller).several) return;
    const request = decode(caller, kitOf(caller).write({ texts: ['a'], more: { dimensions: 256 } }));
    if (!kitOf(backend).several) {
      expect(thrownBy(() => backend.encodeRequest(request, { model: 'm' }))).toMatchObject({ code: 'unsupported_feature', details: { param: 'dimensions' } });
      return;
    }
    expect(JSON.parse(backend.encodeRequest(request, { model: 'm' }).body)).toMatchObject({ dimensions: 256 });
  });

  test('with several texts is refused by an API that takes one', () => {
    const [openAi, old] = [dialectOf('openai-embeddings'), dialectOf('ollama-embeddings')];
    const request = decode(openAi, { model: 'm', input: ['a', 'b'] });
    expect(thrownBy(() => old.encodeRequest(request, { model: 'm' }))).toMatchObject({ code: 'unsupported_feature', details: { param: 'input' } });
  });

  test.each(embedding.map((one) => [one.id, one] as const))('of %s goes to its like byte for byte but for the model and the router object', (_id, dialect) => {
    const body = kitOf(dialect).write({ texts: ['a  b'], more: { later_field: [1, { x: null }], encoding_format: 'float' } });
    const text = `{"router": {"priority":"high"},${JSON.stringify(body).slice(1)}`;
    const request = dialect.decodeRequest(text);
    expect(request.router).toMatchObject({ priority: 'high' });
    expect(dialect.encodeRequest(request, { model: 'served' }).body).toBe(text.replace('"router": {"priority":"high"},', '').replace('"asked"', '"served"'));
    expect(dialect.encodeRequest(dialect.decodeRequest(JSON.stringify(body)), { model: 'asked' }).body).toBe(JSON.stringify(body));
  });

  test.each(pairs)('of %s to %s gets what the router decides, where that can be said', (_caller, _backend, caller, backend) => {
    const request = decode(caller, kitOf(caller).write({ texts: ['a'] }));
    const call = backend.encodeRequest(request, { model: 'm', keepAlive: '9m', contextLength: 8192 });
    const body = JSON.parse(call.body);
    const native = backend.id.startsWith('ollama');
    expect([body.keep_alive, body.options?.num_ctx]).toEqual(native ? ['9m', 8192] : [undefined, undefined]);
    expect(call.rewrites).toEqual(native ? ['keep_alive', 'num_ctx'] : []);
  });

  test.each(foreign.filter(([, , caller]) => caller.id.startsWith('ollama')))('of %s to %s: the wishes about memory and length go along', (_caller, _backend, caller, backend) => {
    const request = decode(caller, kitOf(caller).write({ texts: ['a'], more: { keep_alive: '3m', options: { num_ctx: 1024.5, seed: 1 }, ...(kitOf(caller).several ? { truncate: false } : {}) } }));
    const body = JSON.parse(backend.encodeRequest(request, { model: 'm', keepAlive: '9m', contextLength: 8192 }).body);
    if (backend.id.startsWith('ollama')) expect(body).toMatchObject({ keep_alive: '3m', options: { num_ctx: 1024 } });
    else expect(body).toEqual({ model: 'm', input: ['a'] });
  });

  test.each([
    ['openai-embeddings', { model: 'm' }, 'input'],
    ['openai-embeddings', { model: 'm', input: '' }, 'input'],
    ['openai-embeddings', { model: 'm', input: [] }, 'input'],
    ['openai-embeddings', { model: 'm', input: 7 }, 'input'],
    ['openai-embeddings', { model: 'm', input: ['a', null] }, 'input[1]'],
    ['openai-embeddings', { model: 'm', input: [[1, -2]] }, 'input[0]'],
    ['openai-embeddings', { model: 'm', input: 'a', dimensions: 0 }, 'dimensions'],
    ['openai-embeddings', { model: 'm', input: 'a', dimensions: '8' }, 'dimensions'],
    ['openai-embeddings', { model: 'm', input: 'a', encoding_format: 1 }, 'encoding_format'],
    ['openai-embeddings', { model: 3, input: 'a' }, 'model'],
    ['ollama-embed', { model: 'm' }, 'input'],
    ['ollama-embed', { model: 'm', prompt: 'a' }, 'input'],
    ['ollama-embed', { model: 'm', input: ['a', 1] }, 'input[1]'],
    ['ollama-embed', { model: 'm', input: 'a', truncate: 'yes' }, 'truncate'],
    ['ollama-embed', { model: 'm', input: 'a', options: [] }, 'options'],
    ['ollama-embeddings', { model: 'm' }, 'prompt'],
    ['ollama-embeddings', { model: 'm', prompt: ['a'] }, 'prompt'],
    ['ollama-embeddings', { model: 'm', input: ['a', 'b'] }, 'prompt'],
  ])('of %s that is wrong is refused by name: %j', (id, body, param) => {
    expect(thrownBy(() => decode(dialectOf(id), body))).toMatchObject({ code: 'invalid_request', details: { param } });
  });

  test.each([['tokens', [1, 2, 3]], ['lists of tokens', [[1, 2], [3]]], ['a picture', [{ type: 'image_url', image_url: { url: 'data:' } }]]])('with %s passes to a backend of its API and to no other', (_name, input) => {
    const openAi = dialectOf('openai-embeddings');
    const wire = JSON.stringify({ model: 'm', input });
    const request = openAi.decodeRequest(wire);
    expect(openAi.encodeRequest(request, { model: 'm' }).body).toBe(wire);
    for (const id of ['ollama-embed', 'ollama-embeddings']) {
      expect(thrownBy(() => dialectOf(id).encodeRequest(request, { model: 'm' }))).toMatchObject({ code: 'unsupported_feature', details: { param: 'input' } });
    }
  });

  test('with text parts is taken as texts, for every backend', () => {
    const openAi = dialectOf('openai-embeddings');
    const request = decode(openAi, { model: 'm', input: [{ type: 'text', text: 'a' }, 'b'], user: 'ada' });
    expect(request.inputs).toEqual(['a', 'b']);
    const own = openAi.encodeRequest(request, { model: 'm' });
    expect([JSON.parse(own.body), own.rewrites]).toEqual([{ model: 'm', input: ['a', 'b'], user: 'ada' }, ['input']]);
    expect(JSON.parse(dialectOf('ollama-embed').encodeRequest(request, { model: 'm' }).body)).toEqual({ model: 'm', input: ['a', 'b'] });
  });

  test.each([['input_type', 'query'], ['truncate_prompt_tokens', 10], ['encoding_format', 'ubinary']])('with a field that only some servers know and that changes the vectors is not translated: %s', (field, value) => {
    const request = decode(dialectOf('openai-embeddings'), { model: 'm', input: 'a', [field]: value });
    expect(thrownBy(() => dialectOf('ollama-embed').encodeRequest(request, { model: 'm' }))).toMatchObject({ code: 'unsupported_feature', details: { param: field } });
  });

  test.each(['ollama-embed', 'ollama-embeddings'])('of %s with an empty text loads a model on an Ollama, and is refused elsewhere', (id) => {
    const dialect = dialectOf(id);
    const wire = JSON.stringify({ model: 'm', [kitOf(dialect).field]: '', keep_alive: -1 });
    const request = dialect.decodeRequest(wire);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(wire);
    expect(thrownBy(() => dialectOf('openai-embeddings').encodeRequest(request, { model: 'm' })).code).toBe('unsupported_feature');
  });

  test('of the older API may call its text `input`, which an Ollama there would not read (FL-D15)', () => {
    const dialect = dialectOf('ollama-embeddings');
    const request = decode(dialect, { model: 'm', input: 'a', keep_alive: '1m' });
    expect(request.inputs).toEqual(['a']);
    expect(JSON.parse(dialect.encodeRequest(request, { model: 'm' }).body)).toEqual({ model: 'm', keep_alive: '1m', prompt: 'a' });
  });
});

describe('an answer', () => {
  test.each(pairs)('to %s from %s has every vector, in order, and the count', (_caller, _backend, caller, backend) => {
    const asked = common(caller, backend);
    const request = decode(caller, kitOf(caller).write(asked));
    const wire = JSON.stringify(kitOf(backend).answer(asked.vectors, 11));
    for (const size of [1, 7, wire.length]) {
      const text = through(caller, backend, request, wire, size);
      if (caller === backend) expect(text).toBe(wire);
      else expect(kitOf(caller).readVectors(JSON.parse(text))).toEqual(asked.vectors);
    }
    const body = JSON.parse(through(caller, backend, request, wire));
    const counted = caller.id === 'ollama-embeddings' ? undefined : backend.id !== 'ollama-embeddings' ? 11 : caller.id === 'openai-embeddings' ? 0 : undefined;
    expect(kitOf(caller).readTokens(body)).toBe(counted);
    if (caller !== backend && 'model' in body) expect(body.model).toBe('served');
  });

  test('in the OpenAI API has what its clients require, and in Ollama the times that are known', () => {
    const [openAi, ollama] = [dialectOf('openai-embeddings'), dialectOf('ollama-embed')];
    const asked = decode(openAi, { model: 'm', input: ['a'] });
    expect(JSON.parse(through(openAi, ollama, asked, '{"embeddings":[[1,2]],"prompt_eval_count":3}'))).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1, 2] }],
      model: 'served',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
    const native = decode(ollama, { model: 'm', input: 'a' });
    expect(JSON.parse(through(ollama, openAi, native, '{"data":[{"embedding":[1,2]}],"usage":{"total_tokens":3}}'))).toEqual({ model: 'served', embeddings: [[1, 2]], prompt_eval_count: 3 });
  });

  test('that a real Ollama gave in each API is the same', () => {
    const [openAi, ollama] = [dialectOf('openai-embeddings'), dialectOf('ollama-embed')];
    const fromOllama = fixture('ollama-embed.json');
    const floats = decode(openAi, { model: 'm', input: ['a', 'b'], encoding_format: 'float' });
    const base64 = decode(openAi, { model: 'm', input: ['a', 'b'], encoding_format: 'base64' });
    const body = (text: string): Json => ({ ...JSON.parse(text), model: 'any' });
    expect(body(through(openAi, ollama, floats, fromOllama))).toEqual(body(fixture('ollama-openai-embeddings.json')));
    expect(body(through(openAi, ollama, base64, fromOllama))).toEqual(body(fixture('ollama-openai-embeddings-base64.json')));
    const native = decode(ollama, { model: 'm', input: ['a', 'b'] });
    const back = JSON.parse(through(ollama, openAi, native, fixture('ollama-openai-embeddings-base64.json')));
    for (const [at, value] of JSON.parse(fromOllama).embeddings.flat().entries()) expect(back.embeddings.flat()[at]).toBeCloseTo(value, 6);
  });

  test('of a server that ignores base64 becomes base64, and one in base64 passes byte for byte', () => {
    const openAi = dialectOf('openai-embeddings');
    const base64 = decode(openAi, { model: 'm', input: ['a', 'b'], encoding_format: 'base64' });
    const floats = fixture('ollama-openai-embeddings.json');
    const wanted = fixture('ollama-openai-embeddings-base64.json');
    expect(JSON.parse(through(openAi, openAi, base64, floats))).toEqual(JSON.parse(wanted));
    expect(through(openAi, openAi, base64, wanted)).toBe(wanted);
    expect(through(openAi, openAi, decode(openAi, { model: 'm', input: ['a', 'b'] }), floats)).toBe(floats);
  });

  test.each(foreign)('to %s from %s with fewer vectors than inputs, or others than numbers, is a failure of the backend', (_caller, _backend, caller, backend) => {
    const { texts: asked, vectors: given } = common(caller, backend);
    const request = decode(caller, kitOf(caller).write({ texts: asked }));
    const bad = ['<html>', '', '[]', '{}', '{"data":{},"embeddings":1,"embedding":"x"}', JSON.stringify(kitOf(backend).answer([[1, Number.NaN]], 1))];
    if (asked.length > 1) bad.push(JSON.stringify(kitOf(backend).answer(given.slice(0, 1), 1)));
    for (const wire of bad) expect(thrownBy(() => through(caller, backend, request, wire)), wire).toMatchObject({ code: 'backend_protocol' });
    expect(thrownBy(() => through(caller, backend, request, '{"error":"no such tensor"}'))).toMatchObject({ code: 'backend_failed', message: 'no such tensor' });
  });

  test.each(embedding.map((one) => [one.id, one] as const))('relayed by %s is checked to be an answer', (_id, dialect) => {
    const request = decode(dialect, kitOf(dialect).write({ texts: ['a'] }));
    for (const wire of ['<html>', '', '[NaN]', '{"embedding":[NaN]}']) expect(thrownBy(() => through(dialect, dialect, request, wire)), wire).toMatchObject({ code: 'backend_protocol' });
    expect(thrownBy(() => through(dialect, dialect, request, '{"error":{"message":"no"}}'))).toMatchObject({ code: 'backend_failed', message: 'no' });
  });

  test('with vectors of another length than was asked for is an error, not an answer', () => {
    const [openAi, ollama] = [dialectOf('openai-embeddings'), dialectOf('ollama-embed')];
    const request = decode(openAi, { model: 'm', input: 'a', dimensions: 2 });
    expect(thrownBy(() => through(openAi, ollama, request, '{"embeddings":[[1,2,3]]}'))).toMatchObject({ code: 'unsupported_feature', details: { param: 'dimensions' } });
    expect(JSON.parse(through(openAi, ollama, request, '{"embeddings":[[1,2]]}')).data).toHaveLength(1);
  });

  test('with an index beyond the list is read in its own order', () => {
    const [openAi, ollama] = [dialectOf('openai-embeddings'), dialectOf('ollama-embed')];
    const request = decode(ollama, { model: 'm', input: ['a'] });
    expect(JSON.parse(through(ollama, openAi, request, '{"data":[{"embedding":[1],"index":4000000000}]}'))).toMatchObject({ embeddings: [[1]] });
  });
});

test.each(embedding.map((one) => [one.id, one] as const))('errors of %s have the shape of its API', (_id, dialect) => {
  const body = dialect.encodeError(new RouterError('invalid_request', 'No.', { param: 'input' }), 'r1');
  if (dialect.id.startsWith('ollama')) expect(body).toEqual({ error: 'No.', code: 'invalid_request', request_id: 'r1' });
  else expect(body).toEqual({ error: { message: 'No.', type: 'invalid_request_error', param: 'input', code: 'invalid_request', request_id: 'r1' } });
});

function dialectOf(id: string): InferenceDialect {
  const found = embedding.find((dialect) => dialect.id === id);
  if (!found) throw new Error(`No dialect ${id}.`);
  return found;
}

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/wire/${name}`, import.meta.url), 'utf8');
}
