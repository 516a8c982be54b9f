/** Reranking, pictures, speech and transcription over real sockets: to servers that have them and to servers that have not. */
import OpenAI, { toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { answerJson, audio, fieldOf, type Handler, type Handlers, mediaHandlers, speech } from '../fakes/media.ts';
import { ask, backendsOf, call, errorIn, expectAtRest, fakeServer, faultsOf, type Json, read, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const model = 'media-1';
const rerank = '/v1/rerank';
const images = '/v1/images/generations';
const speak = '/v1/audio/speech';
const transcribe = '/v1/audio/transcriptions';
const bodies: Readonly<Record<string, Json>> = {
  [rerank]: { model, query: 'capital', documents: ['a', 'Warszawa', 'bb'], top_n: 2 },
  [images]: { model, prompt: 'a cat' },
  [speak]: { model, input: 'Hello', voice: 'alloy' },
};

async function server(handlers: Handlers, software: 'openai' | 'ollama' = 'openai'): Promise<FakeBackend> {
  return fakeServer({ software, models: [model], handlers });
}

async function bed(handlers: Handlers, config: Json = {}): Promise<{ readonly fake: FakeBackend; readonly router: TestRouter }> {
  const fake = await server(handlers);
  return { fake, router: await routerWith({ backends: backendsOf({ one: fake }), ...config }) };
}

function clientOf(router: TestRouter): OpenAI {
  return new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
}

function upload(router: TestRouter, fields: Readonly<Record<string, string | Uint8Array>>): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)], { type: 'audio/wav' }), 'speech "1".wav');
  }
  return fetch(`${router.url}${transcribe}`, { method: 'POST', body: form });
}

/** Each kind of request, by path; all are answered by `mediaHandlers`. */
function askAt(router: TestRouter, path: string): Promise<Response> {
  return path === transcribe ? upload(router, { model, file: audio }) : router.post(path, bodies[path]);
}

const paths = [rerank, images, speak, transcribe];

test('servers that lack an API do not use up the tries of those that have it', async () => {
  const lacking: Handler = (_request, response) => answerJson(response, 404, { error: { message: 'Not Found', type: 'not_found_error' } });
  const servers = Object.fromEntries(await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => [id, await server({ [`POST ${rerank}`]: lacking })] as const)));
  const last = await server(mediaHandlers);
  const router = await routerWith({ backends: [...backendsOf(servers, { priority: 5 }), ...backendsOf({ last })] });
  const { status, headers } = await read(await askAt(router, rerank));
  expect([status, headers.get('x-oar-backend')]).toEqual([200, 'last']);
});

describe('a server that has it', () => {
  test('ranks, at both addresses, and is counted', async () => {
    const { fake, router } = await bed(mediaHandlers);
    for (const path of [rerank, '/rerank']) {
      const { status, body, headers } = await ask(router, path, bodies[rerank]);
      expect([status, headers.get('x-oar-backend')]).toEqual([200, 'one']);
      expect((body['results'] as Json[]).map((row) => row['index'])).toEqual([1, 2]);
    }
    expect(fake.requests.map(({ path, body }) => [path, body])).toEqual([[rerank, bodies[rerank]], [rerank, bodies[rerank]]]);
    expect(router.lines.filter((line) => line.message === 'request').map((line) => line.fields)).toMatchObject([{ promptTokens: 21 }, { promptTokens: 21 }]);
    await expectAtRest(router);
  });

  test('serves the official client', async () => {
    const { fake, router } = await bed(mediaHandlers);
    const client = clientOf(router);
    const picture = await client.images.generate({ model, prompt: 'a cat' });
    expect(Buffer.from(picture.data?.[0]?.b64_json ?? '', 'base64').toString()).toBe('a cat');
    const spoken = await client.audio.speech.create({ model, input: 'Hello', voice: 'alloy' });
    expect(spoken.headers.get('content-type')).toBe('audio/mpeg');
    expect(Buffer.from(await spoken.arrayBuffer()).equals(audio)).toBe(true);
    const file = await toFile(audio, 'speech.wav', { type: 'audio/wav' });
    expect((await client.audio.transcriptions.create({ model, file, language: 'pl' })).text).toBe(`${model} heard ${audio.length} bytes`);
    expect(await client.audio.transcriptions.create({ model, file, response_format: 'srt' })).toContain('Zażółć');
    expect(fake.requests).toHaveLength(4);
    await expectAtRest(router);
  });

  test('gets a recording byte for byte under its own name of the model', async () => {
    const { fake, router } = await bed(mediaHandlers, { aliases: { 'whisper-1': model } });
    const response = await upload(router, { audio, model: 'whisper-1', prompt: 'Zażółć' });
    expect([response.status, response.headers.get('x-oar-model'), response.headers.get('x-oar-requested-model')]).toEqual([200, model, 'whisper-1']);
    expect(((await response.json()) as Json)['text']).toBe(`${model} heard ${audio.length} bytes`);
    const sent = fake.requests[0]!;
    expect(Buffer.from(fieldOf(sent, 'file') ?? '', 'latin1').equals(audio)).toBe(true);
    expect([fieldOf(sent, 'model'), Buffer.from(fieldOf(sent, 'prompt') ?? '', 'latin1').toString()]).toEqual([model, 'Zażółć']);
    expect(Number(sent.headers['content-length'])).toBe(sent.bytes.length);
  });

  test('speaks: each piece arrives before the next is made', async () => {
    let more = (): void => {};
    const talking: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/pcm' });
      response.write(audio.subarray(0, 10));
      more = () => response.end(audio.subarray(10));
    };
    const { router } = await bed({ 'POST /v1/audio/speech': talking });
    const response = await call(router, speak, bodies[speak]).answer;
    expect(response.headers.get('content-type')).toBe('audio/pcm');
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(Buffer.from(first.value ?? []).equals(audio.subarray(0, 10))).toBe(true);
    more();
    const rest: Uint8Array[] = [];
    for (let next = await reader.read(); !next.done; next = await reader.read()) rest.push(next.value);
    expect(Buffer.concat(rest).equals(audio.subarray(10))).toBe(true);
    await expectAtRest(router);
  });

  test.each([
    [speak, { ...bodies[speak], stream_format: 'sse' }, 'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\ndata: {"type":"speech.audio.done","usage":{"input_tokens":4,"output_tokens":9,"total_tokens":13}}\n\n'],
    [images, { ...bodies[images], stream: true }, 'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"AAAA","usage":{"input_tokens":4,"output_tokens":9,"total_tokens":13}}\n\n'],
  ])('%s in events passes as it is, and is counted', async (path, body, events) => {
    const { router } = await bed({
      [`POST ${path}`]: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const piece of events.match(/[\s\S]{1,20}/g) ?? []) response.write(piece);
        response.end();
      },
    });
    const answer = await ask(router, path, body);
    expect([answer.headers.get('content-type'), answer.text]).toEqual(['text/event-stream', events]);
    expect(router.lines.filter((line) => line.message === 'request').at(-1)?.fields).toMatchObject({ promptTokens: 4, completionTokens: 9, outcome: 'succeeded' });
  });

  test('is left alone when its caller leaves', async () => {
    let left = false;
    const endless: Handler = (_request, response) => {
      response.once('close', () => (left = true));
      response.writeHead(200, { 'content-type': 'audio/mpeg' }).write('ID3');
    };
    const { router } = await bed({ 'POST /v1/audio/speech': endless });
    const caller = call(router, speak, bodies[speak]);
    await caller.answer;
    expect(left).toBe(false);
    caller.leave();
    await until(() => left);
    await expectAtRest(router);
  });

  test('ranks as a job, and speaks only at once', async () => {
    const { router } = await bed(mediaHandlers);
    const accepted = await ask(router, rerank, { ...bodies[rerank], router: { mode: 'async' } });
    expect(accepted.status).toBe(202);
    const id = String(accepted.body['job_id'] ?? accepted.body['jobId'] ?? accepted.body['id']);
    await expect.poll(async () => (await read(await router.get(`/v1/jobs/${id}/result`))).status).toBe(200);
    expect((await read(await router.get(`/v1/jobs/${id}/result`))).text).toContain('relevance_score');
    const refused = await ask(router, speak, { ...bodies[speak], router: { mode: 'async' } });
    expect([refused.status, errorIn(refused.body).param]).toEqual([400, 'router.mode']);
  });
});

describe('a server that has not', () => {
  test.each(paths)('of a kind without it: 501 at %s, that says so', async (path) => {
    const ollama = await server({}, 'ollama');
    const router = await routerWith({ backends: backendsOf({ one: ollama }) });
    const { status, body } = await read(await askAt(router, path));
    expect([status, errorIn(body)]).toMatchObject([501, { code: 'not_supported', message: expect.stringContaining(model) }]);
    expect(ollama.requests).toEqual([]);
    await expectAtRest(router);
  });

  const refusals: readonly (readonly [string, Handler])[] = [
    ['404', (_request, response) => answerJson(response, 404, { detail: 'Not Found' })],
    ['405', (_request, response) => answerJson(response, 405, { detail: 'Method Not Allowed' })],
    ['501', (_request, response) => answerJson(response, 501, { error: { code: 501, message: 'This server does not support reranking. Start it with `--reranking`', type: 'not_supported_error' } })],
    ["LM Studio's 200", (_request, response) => answerJson(response, 200, { error: 'Unexpected endpoint or method. (POST /v1/rerank)' })],
  ];

  test.each(refusals)('and answers %s: 501 that names it, after every other was tried', async (_name, refusal) => {
    for (const path of paths) {
      const lacking = await server({ [`POST ${path}`]: refusal });
      const alone = await routerWith({ backends: backendsOf({ lacking }) });
      const { status, body } = await read(await askAt(alone, path));
      expect([status, errorIn(body)]).toMatchObject([501, { code: 'not_supported', message: expect.stringContaining('Backend lacking takes no ') }]);
      const having = await server(mediaHandlers);
      const both = await routerWith({ backends: [...backendsOf({ lacking }, { priority: 9 }), ...backendsOf({ having })] });
      const answer = await askAt(both, path);
      await answer.arrayBuffer();
      expect([answer.status, answer.headers.get('x-oar-backend'), answer.headers.get('x-oar-attempts')]).toEqual([200, 'having', '2']);
      expect(faultsOf(both)).toEqual([]);
    }
  });

  test('of the model says so: that is no lack of the API', async () => {
    const { router } = await bed({ 'POST /v1/rerank': (_request, response) => answerJson(response, 404, { error: { message: 'The model `media-1` does not exist.' } }) });
    const { status, body } = await ask(router, rerank, bodies[rerank]);
    expect([status, errorIn(body).code]).toEqual([404, 'backend_failed']);
  });
});

describe('what is wrong', () => {
  test.each([
    [rerank, { query: undefined }, 'query'],
    [rerank, { documents: [] }, 'documents'],
    [rerank, { model: undefined }, 'model'],
    [images, { prompt: undefined }, 'prompt'],
    [images, { model: 'auto' }, 'model'],
    [speak, { input: '' }, 'input'],
    [speak, { model: undefined }, 'model'],
  ])('at %s with %j is 400 naming the field', async (path, wrong, param) => {
    const { fake, router } = await bed(mediaHandlers);
    const { status, body } = await ask(router, path, { ...bodies[path], ...wrong });
    expect([status, body]).toMatchObject([400, { error: { type: 'invalid_request_error', code: 'invalid_request', param } }]);
    expect(fake.requests).toEqual([]);
  });

  test('with a form is told: no file, no model, no form, cut off', async () => {
    const { fake, router } = await bed(mediaHandlers, { media: { maxRecordingBytes: '4kb' } });
    const told = async (response: Response | Promise<Response>) => {
      const { status, body } = await read(await response);
      return [status, errorIn(body).code, errorIn(body).param];
    };
    expect(await told(upload(router, { model }))).toEqual([400, 'invalid_request', 'file']);
    expect(await told(upload(router, { file: audio }))).toEqual([400, 'invalid_request', 'model']);
    expect(await told(upload(router, { model, file: Buffer.alloc(5000) }))).toEqual([413, 'payload_too_large', null]);
    expect(await told(router.post(transcribe, { model }))).toEqual([415, 'unsupported_media_type', null]);
    const cut = fetch(`${router.url}${transcribe}`, { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=XX' }, body: '--XX\r\nContent-Disposition: form-data; name="file"\r\n\r\nRIFF' });
    expect(await told(cut)).toEqual([400, 'invalid_request', null]);
    expect(fake.requests).toEqual([]);
  });

  const failures: readonly (readonly [string, Handler])[] = [
    ['500', (_request, response) => answerJson(response, 500, { error: { message: 'CUDA out of memory' } })],
    ['503', (_request, response) => answerJson(response, 503, { error: { message: 'Loading model' } })],
    ['nothing', (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end()],
    ['half of its JSON', (_request, response) => answerJson(response, 200, '{"text":"Zaż')],
    ['a web page', (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>')],
    ['an error as a success', (_request, response) => answerJson(response, 200, { error: { message: 'no voice' } })],
    ['a closed connection', (_request, response) => void response.socket?.destroy()],
  ];

  test.each(failures)('with one server (%s) is tried on the next', async (_name, failure) => {
    for (const path of paths) {
      const bad = await server({ [`POST ${path}`]: failure });
      const good = await server(mediaHandlers);
      const router = await routerWith({ backends: [...backendsOf({ bad }, { priority: 9 }), ...backendsOf({ good })] });
      const answer = await askAt(router, path);
      await answer.arrayBuffer();
      expect([path, answer.status, answer.headers.get('x-oar-backend'), bad.requests.length]).toEqual([path, 200, 'good', 1]);
      await expectAtRest(router);
    }
  });

  test('with a request is passed on in the words of the server', async () => {
    const { router } = await bed({ 'POST /v1/audio/speech': (_request, response) => answerJson(response, 400, { error: { message: 'Unknown voice `alloy`.', param: 'voice' } }) });
    const { status, body } = await ask(router, speak, bodies[speak]);
    expect([status, errorIn(body)]).toMatchObject([400, { code: 'backend_rejected', param: 'voice', message: expect.stringContaining('Unknown voice') }]);
  });

  test('in the middle of audio breaks the connection off, so that half a file is no file', async () => {
    const cutting: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(audio.subarray(0, 100), () => setImmediate(() => response.socket?.destroy()));
    };
    const { router } = await bed({ 'POST /v1/audio/speech': cutting });
    const response = await call(router, speak, bodies[speak]).answer;
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    await until(() => router.lines.some((line) => line.fields['outcome'] === 'interrupted'));
    expect(router.lines.find((line) => line.fields['outcome'] === 'interrupted')?.fields['completionTokens']).toBeUndefined();
    await expectAtRest(router);
  });

  test('in the middle of events is told as one', async () => {
    const cutting: Handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"type":"speech.audio.delta","audio":"AA', () => setImmediate(() => response.socket?.destroy()));
    };
    const { router } = await bed({ 'POST /v1/audio/speech': cutting });
    const { text } = await ask(router, speak, { ...bodies[speak], stream_format: 'sse' });
    const last = text.trim().split('\n\n').at(-1) ?? '';
    expect(JSON.parse(last.replace('data: ', ''))).toMatchObject({ error: { code: 'stream_interrupted' } });
  });
});

test('speech waits its turn like any other request', async () => {
  const open: (() => void)[] = [];
  const { fake, router } = await bed({ 'POST /v1/audio/speech': (request, response) => void open.push(() => speech(request, response)) }, { models: [{ name: model, sizeGb: 1, purpose: [], priority: 50, maxConcurrent: 1, costClass: 'medium', allowWhenBusy: true }] });
  const answers = [1, 2, 3].map(() => router.post(speak, bodies[speak]));
  for (let count = 1; count <= 3; count += 1) {
    await until(() => open.length === count);
    expect(fake.requests).toHaveLength(count);
    open[count - 1]?.();
  }
  for (const answer of answers) expect(Buffer.from(await (await answer).arrayBuffer()).equals(audio)).toBe(true);
  await expectAtRest(router);
});
