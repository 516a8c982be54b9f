import { describe, expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import type { ImageRequest, RelayedRequest } from '../core/request.ts';
import type { StreamPart } from '../core/stream.ts';
import type { InferenceDialect } from './dialect.ts';
import { dialect as images } from './openai-images.ts';
import { dialect as speech } from './openai-speech.ts';
import { dialect as transcriptions } from './openai-transcriptions.ts';
import { dialect as rerank } from './rerank.ts';

type Relayed = InferenceDialect<RelayedRequest> | InferenceDialect<ImageRequest>;

const all: readonly Relayed[] = [images, rerank, speech, transcriptions];
const json: readonly InferenceDialect[] = [images, rerank, speech] as readonly Relayed[] as readonly InferenceDialect[];
const bodies: Readonly<Record<string, Record<string, unknown>>> = {
  rerank: { model: 'm', query: 'q', documents: ['one', { text: 'two' }], top_n: 1 },
  'openai-images': { model: 'm', prompt: 'a cat', size: '64x64', n: 2 },
  'openai-speech': { model: 'm', input: 'Hello', voice: 'alloy' },
};

function form(fields: Readonly<Record<string, string>>): string {
  return `${Object.entries(fields).map(([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--XX--\r\n`;
}

const formType = 'multipart/form-data; boundary=XX';

function refusal(act: () => unknown): RouterError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof RouterError) return thrown;
  }
  throw new Error('Nothing was refused.');
}

/** All that the caller is sent. */
function relayed(dialect: Relayed, chunks: readonly string[], contentType: string, stream = false): { readonly text: string; readonly parts: readonly StreamPart[] } {
  const decoder = dialect.decodeResponse({ stream, relay: true, contentType });
  const parts = [...chunks.flatMap((chunk) => decoder.push(Buffer.from(chunk, 'latin1'))), ...decoder.end()];
  const request = { task: dialect.task } as RelayedRequest;
  const encoder = dialect.encodeResponse({ requestId: 'r1', request, model: 'm', stream, relay: true, includeUsage: false, createdAt: 0, router: null });
  const text = [...parts.map((part) => encoder.push(part)), encoder.end()].map((piece) => (piece === null ? '' : Buffer.from(piece).toString('latin1'))).join('');
  return { text, parts };
}

describe('requests', () => {
  test.each(json.map((one) => [one.id, one] as const))('of %s go byte for byte, but for the model and the router object', (_id, dialect) => {
    const wire = JSON.stringify({ ...bodies[dialect.id], later: [1, null] }).replace('{', '{"router": {"priority":"low"},');
    const request = dialect.decodeRequest(wire);
    expect(request).toMatchObject({ task: dialect.task, dialect: dialect.id, model: 'm', router: { priority: 'low' } });
    const call = dialect.encodeRequest(request, { model: 'served', keepAlive: '5m', contextLength: 100 });
    expect(call).toEqual({ path: dialect.routes[0]?.path, body: wire.replace('"router": {"priority":"low"},', '').replace('"m"', '"served"'), rewrites: [] });
  });

  test('say what the model will read', () => {
    expect(rerank.decodeRequest(JSON.stringify(bodies.rerank)).text).toBe('q\none\ntwo');
    expect(images.decodeRequest(JSON.stringify(bodies['openai-images'])).text).toBe('a cat');
    expect(speech.decodeRequest(JSON.stringify(bodies['openai-speech'])).text).toBe('Hello');
    expect(transcriptions.decodeRequest(form({ file: 'x', prompt: 'Names' }), formType).text).toBe('Names');
  });

  test.each([
    [rerank, 'query', undefined, 'query'],
    [rerank, 'query', '', 'query'],
    [rerank, 'documents', undefined, 'documents'],
    [rerank, 'documents', [], 'documents'],
    [rerank, 'documents', ['a', 1], 'documents[1]'],
    [rerank, 'model', 7, 'model'],
    [images, 'prompt', undefined, 'prompt'],
    [images, 'stream', 'yes', 'stream'],
    [speech, 'input', undefined, 'input'],
    [speech, 'input', '', 'input'],
  ])('that are wrong are refused by name', (dialect, field, value, param) => {
    const error = refusal(() => dialect.decodeRequest(JSON.stringify({ ...bodies[dialect.id], [field]: value })));
    expect(error).toMatchObject({ code: 'invalid_request', details: { param } });
    expect(dialect.encodeError(error, 'r1')).toMatchObject({ error: { type: 'invalid_request_error', param, code: 'invalid_request' } });
  });

  test('for speech are streams and never become a job', () => {
    const ask = (router: object) => speech.decodeRequest(JSON.stringify({ ...bodies['openai-speech'], router }));
    expect(ask({})).toMatchObject({ stream: true, router: { mode: 'sync', allowAsync: false } });
    expect(refusal(() => ask({ mode: 'async' }))).toMatchObject({ code: 'invalid_request', details: { param: 'router.mode' } });
  });

  test('with a recording keep every byte but the model; `audio` goes as `file` (ruling 17)', () => {
    const audio = '\x00\xff\r\n--X';
    const wire = form({ model: 'm', audio, response_format: 'srt', stream: 'True' });
    const request = transcriptions.decodeRequest(wire, formType);
    expect(request).toMatchObject({ model: 'm', stream: true, router: null });
    const call = transcriptions.encodeRequest(request, { model: 'dźwięk' });
    expect(call).toMatchObject({ path: '/v1/audio/transcriptions', contentType: formType, binary: true, rewrites: ['file'] });
    expect(call.body).toBe(form({ model: Buffer.from('dźwięk').toString('latin1'), file: audio, response_format: 'srt', stream: 'True' }));
    const plain = form({ file: audio, model: 'm', audio: 'x' });
    expect(transcriptions.encodeRequest(transcriptions.decodeRequest(plain, formType), { model: 'm' })).toMatchObject({ body: plain, rewrites: [] });
    expect(refusal(() => transcriptions.decodeRequest(form({ model: 'm' }), formType))).toMatchObject({ code: 'invalid_request', details: { param: 'file' } });
    expect(transcriptions.decodeRequest(form({ file: '' }), formType)).toMatchObject({ model: null, stream: false });
  });
});

describe('answers', () => {
  test.each(all.map((one) => [one.id, one] as const))('of %s in JSON pass as they are, and failures in them are seen', (_id, dialect) => {
    const wire = '{ "text":"x", "usage":{"input_tokens":5,"output_tokens":7} }';
    const { text, parts } = relayed(dialect, [wire.slice(0, 9), wire.slice(9)], 'application/json');
    expect(text).toBe(wire);
    expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { promptTokens: 5, completionTokens: 7 } });
    expect(relayed(dialect, ['{"error":{"message":"no"}}'], 'application/json').parts).toMatchObject([{ type: 'error', error: { code: 'backend_failed', message: 'no' } }]);
    expect(refusal(() => relayed(dialect, ['{"text":'], 'application/json')).code).toBe('backend_protocol');
    for (const stream of [true, false]) expect(refusal(() => relayed(dialect, [], '', stream)).code).toBe('backend_protocol');
    expect(refusal(() => relayed(dialect, ['<html>'], 'text/html; charset=utf-8', true)).code).toBe('backend_protocol');
  });

  test.each([
    ['vLLM', { usage: { prompt_tokens: 9, total_tokens: 9 } }, 9],
    ['Jina', { usage: { total_tokens: 8 } }, 8],
    ['Cohere', { meta: { billed_units: { search_units: 1, input_tokens: 3 }, tokens: { input_tokens: 4 } } }, 4],
    ['nobody', { meta: { billed_units: { search_units: 1 } } }, undefined],
  ])('of a reranker are counted as %s writes it', (_server, more, promptTokens) => {
    const { parts } = relayed(rerank, [JSON.stringify({ results: [], ...more })], 'application/json');
    expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: promptTokens === undefined ? {} : { promptTokens } });
  });

  test('that must be JSON and are not are failures', () => {
    for (const dialect of [rerank, images]) expect(refusal(() => relayed(dialect, ['1\n00:00 --> 00:01\n'], 'text/plain')).code).toBe('backend_protocol');
  });

  test('of other formats pass chunk by chunk', () => {
    const chunks = ['ID3\x00\xff', '\xfe\r\n', 'data: '];
    const { text, parts } = relayed(speech, chunks, 'audio/mpeg', true);
    expect(text).toBe(chunks.join(''));
    expect(parts.map((part) => part.type)).toEqual(['raw', 'raw', 'raw', 'finish']);
    expect(relayed(transcriptions, ['1\n00:00 ', '--> 00:01\nHi'], 'text/plain').text).toBe('1\n00:00 --> 00:01\nHi');
  });

  test('in events are counted by the last of them, wherever they are cut', () => {
    const events = `data: {"type":"transcript.text.delta","delta":"x"}\n\ndata: {"type":"transcript.text.done","text":"${'y'.repeat(5000)}","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":45,"total_tokens":59}}\n\n`;
    for (const size of [1, 100, events.length]) {
      const chunks = Array.from({ length: Math.ceil(events.length / size) }, (_, index) => events.slice(index * size, (index + 1) * size));
      const { text, parts } = relayed(transcriptions, chunks, 'text/event-stream', true);
      expect(text).toBe(events);
      expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { promptTokens: 14, completionTokens: 45 } });
    }
  });

  test('that break off say so in events, and have no words in a file', () => {
    const words = (first: string) => {
      const encoder = speech.encodeResponse({ requestId: 'r1', request: {} as RelayedRequest, model: 'm', stream: true, relay: true, includeUsage: false, createdAt: 0, router: null });
      encoder.push({ type: 'raw', wire: Buffer.from(first), content: true });
      return encoder.error(new RouterError('stream_interrupted', 'It broke.'));
    };
    expect(words('ID3')).toBe('');
    const [, event = ''] = words('event: speech.audio.delta\nda').split('data: ');
    expect(JSON.parse(event)).toMatchObject({ error: { code: 'stream_interrupted', message: 'It broke.' } });
  });
});
