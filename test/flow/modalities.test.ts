/** Pictures, recordings and vectors of pictures through the fleet's own addresses: to servers that can, and never to others. */
import { describe, expect, test } from 'vitest';
import type { FakeBackend, FakeOptions } from '../fakes/backend.ts';
import { answerJson, audio, fieldOf, type Handler, type Handlers, ollamaEmbedding, ollamaPaintings, paintings, pictureVectors, png, transcription, vectorOf } from '../fakes/media.ts';
import { ask, backendsOf, call, errorIn, expectAtRest, fakeServer, faultsOf, type Json, read, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const generate = '/api/generate-image';
const images = '/v1/images/generations';
const transcribe = '/api/transcribe';
const embedImage = '/api/embed-image';
const cat = { model: 'flux-schnell', prompt: 'a cat', width: 512, height: 256, steps: 4, guidance: 3.5, seed: 7, negative_prompt: 'dogs' };

function painter(handlers: Handlers = paintings, models: FakeOptions['models'] = ['flux-schnell']): Promise<FakeBackend> {
  return fakeServer({ software: 'openai', models: models ?? [], handlers });
}

const texts = (models: FakeOptions['models'] = ['llama3.2:1b']): Promise<FakeBackend> => fakeServer({ models: models ?? [] });

async function over(servers: Readonly<Record<string, FakeBackend>>, config: Json = {}): Promise<TestRouter> {
  return routerWith({ backends: backendsOf(servers), ...config });
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

function upload(router: TestRouter, fields: Readonly<Record<string, string | Buffer>>, path = transcribe): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, typeof value === 'string' ? value : new Blob([new Uint8Array(value)]), ...(typeof value === 'string' ? [] : ['a.wav']));
  return fetch(`${router.url}${path}`, { method: 'POST', body: form });
}

describe('a picture', () => {
  test('comes as its bytes, with who made it and how long that took', async () => {
    const [text, studio] = [await texts(), await painter()];
    const router = await over({ text, studio });
    const response = await router.post(generate, cat);
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-fleet-model')]).toEqual([200, 'image/png', 'flux-schnell']);
    expect(response.headers.get('x-fleet-node')).toBeTruthy();
    expect(response.headers.get('x-generation-time')).toMatch(/^\d+$/);
    expect((await bytesOf(response)).equals(png)).toBe(true);
    expect(studio.requests.map(({ path, body }) => [path, body])).toEqual([[images, { model: 'flux-schnell', prompt: 'a cat', n: 1, response_format: 'b64_json', size: '512x256', steps: 4, guidance: 3.5, seed: 7, negative_prompt: 'dogs' }]]);
    expect(text.requests).toEqual([]);
    expect(router.lines.find((line) => line.message === 'request')?.fields).toMatchObject({ dialect: 'fleet-images', outcome: 'succeeded' });
    await expectAtRest(router);
  });

  test('is 1024 pixels wide and high unless the request says otherwise', async () => {
    const studio = await painter();
    const router = await over({ studio });
    await router.post(generate, { model: 'flux-schnell', prompt: 'a cat' });
    expect(studio.requests[0]?.body).toMatchObject({ size: '1024x1024' });
  });

  test("of Ollama's own models is asked for whole, at its own address, at both of ours", async () => {
    const ollama = await fakeServer({ models: [{ name: 'x/z-image-turbo', capabilities: ['image'] }, 'llama3.2:1b'], handlers: ollamaPaintings });
    const router = await over({ ollama });
    const response = await router.post(generate, { ...cat, model: 'x/z-image-turbo' });
    expect((await bytesOf(response)).equals(png)).toBe(true);
    expect(response.headers.get('x-oar-rewrites')).toBe('guidance, negative_prompt');
    const asJson = await ask(router, images, { model: 'x/z-image-turbo', prompt: 'a cat', size: '512x256' });
    expect(asJson.body).toMatchObject({ data: [{ b64_json: png.toString('base64'), revised_prompt: 'a cat' }] });
    expect(ollama.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/api/generate', { model: 'x/z-image-turbo', prompt: 'a cat', stream: false, width: 512, height: 256, steps: 4, options: { seed: 7 } }],
      ['/api/generate', { model: 'x/z-image-turbo', prompt: 'a cat', stream: false, width: 512, height: 256 }],
    ]);
  });

  test('asked for by address comes in the address, from a server that has none', async () => {
    const ollama = await fakeServer({ models: [{ name: 'x/z-image-turbo', capabilities: ['image'] }], handlers: ollamaPaintings });
    const router = await over({ ollama });
    const { body } = await ask(router, images, { model: 'x/z-image-turbo', prompt: 'a cat', response_format: 'url' });
    expect((body['data'] as Json[])[0]?.['url']).toBe(`data:image/png;base64,${png.toString('base64')}`);
  });

  test('of a model that lives on one server goes there; of both, to the other when one fails', async () => {
    const failing: Handler = (_request, response) => answerJson(response, 500, { error: { message: 'out of memory' } });
    const [bad, good, other] = [await painter({ [`POST ${images}`]: failing }), await painter(), await painter(paintings, ['sd3-medium'])];
    const router = await routerWith({ backends: [...backendsOf({ bad }, { priority: 9 }), ...backendsOf({ good, other })] });
    const response = await router.post(generate, cat);
    expect([response.status, response.headers.get('x-oar-backend'), response.headers.get('x-oar-attempts')]).toEqual([200, 'good', '2']);
    expect((await bytesOf(response)).equals(png)).toBe(true);
    expect((await router.post(generate, { ...cat, model: 'sd3-medium' })).headers.get('x-oar-backend')).toBe('other');
    expect([bad, good, other].map((server) => server.requests.length)).toEqual([1, 1, 1]);
    await expectAtRest(router);
  });

  test('of a server that answers without one, or by an address elsewhere, is a failure', async () => {
    for (const data of [[], [{ url: 'http://10.0.0.9/cat.png' }]]) {
      const studio = await painter({ [`POST ${images}`]: (_request, response) => answerJson(response, 200, { created: 1, data }) });
      const { status, body } = await ask(await over({ studio }), generate, cat);
      expect([status, errorIn(body).code]).toEqual([502, 'backend_protocol']);
    }
  });

  // FL-D22: with any Ollama there, the old system answered 500.
  test('of a model that nobody has is 404, whatever else there is; of a text model, 501 and no server is asked', async () => {
    const [text, studio] = [await texts(), await painter({ ...paintings, 'POST /v1/audio/transcriptions': transcription }, ['flux-schnell', 'whisper-1', 'nomic-embed-text'])];
    const router = await over({ text, studio });
    const unknown = await ask(router, generate, { ...cat, model: 'no-such-model' });
    expect([unknown.status, errorIn(unknown.body).message]).toMatchObject([404, expect.stringContaining('no-such-model')]);
    const wrong = await ask(router, generate, { ...cat, model: 'llama3.2:1b' });
    expect([wrong.status, errorIn(wrong.body).message]).toMatchObject([501, expect.stringContaining('llama3.2:1b')]);
    expect((await ask(router, images, { ...cat, model: 'llama3.2:1b' })).status).toBe(501);
    for (const model of ['whisper-1', 'nomic-embed-text']) expect((await ask(router, images, { ...cat, model })).status).toBe(501);
    expect((await upload(router, { file: audio, model: 'flux-schnell' })).status).toBe(501);
    expect([text.requests, studio.requests]).toEqual([[], []]);
    expect(faultsOf(router)).toEqual([]);
  });

  test.each<[string, Json, string]>([
    [generate, { prompt: undefined }, 'prompt'],
    [generate, { model: undefined }, 'model'],
    [generate, { width: 0 }, 'width'],
    [generate, { height: 'tall' }, 'height'],
    [generate, { steps: 0 }, 'steps'],
    [images, { size: 'large' }, 'size'],
    [images, { size: '0x512' }, 'size'],
    [images, { size: '512x' }, 'size'],
    [images, { size: 512 }, 'size'],
    [images, { size: '99999x1' }, 'size'],
    [images, { response_format: 'jpeg' }, 'response_format'],
    [images, { n: 0 }, 'n'],
  ])('at %s with %j is 400 that names the field', async (path, wrong, field) => {
    const studio = await painter();
    const { status, body } = await ask(await over({ studio }), path, { ...cat, ...wrong });
    expect([status, errorIn(body).message]).toMatchObject([400, expect.stringContaining(field)]);
    expect(studio.requests).toEqual([]);
  });

  test('that takes too long is given up, and tried nowhere else', async () => {
    const [slow, other] = [await painter({ [`POST ${images}`]: () => {} }), await painter()];
    const router = await routerWith({ backends: [...backendsOf({ slow }, { priority: 9 }), ...backendsOf({ other })], media: { imageTimeoutMs: 200 } });
    const { status, body } = await ask(router, generate, cat);
    expect([status, errorIn(body).code, other.requests.length]).toEqual([504, 'backend_timeout', 0]);
    await expectAtRest(router);
  });

  test('is made for nobody where the file switches that off, and no recording written down', async () => {
    const studio = await painter({ ...paintings, 'POST /v1/audio/transcriptions': transcription }, ['flux-schnell', 'whisper-1']);
    const router = await over({ studio }, { media: { images: false, transcription: false } });
    expect([(await router.post(generate, cat)).status, (await router.post(images, cat)).status, (await upload(router, { file: audio })).status]).toEqual([501, 501, 501]);
    expect(studio.requests).toEqual([]);
  });

  test('of a model that the file says can make one, or cannot', async () => {
    const studio = await painter(paintings, ['house-model', 'flux-schnell']);
    const router = await over({ studio }, {});
    expect(((await read(await router.get('/api/image-models'))).body['models'] as Json[]).map((row) => row['name'])).toEqual(['flux-schnell']);
    const told = await routerWith({ backends: backendsOf({ studio }, { capabilities: { 'house-model': ['image'], 'flux-schnell': ['chat'] } }) });
    expect(((await read(await told.get('/api/image-models'))).body['models'] as Json[]).map((row) => row['name'])).toEqual(['house-model']);
    expect((await told.post(generate, { ...cat, model: 'house-model' })).status).toBe(200);
    expect((await told.post(generate, cat)).status).toBe(501);
  });

  test('that its caller no longer waits for is not made', async () => {
    let left = false;
    const studio = await painter({ [`POST ${images}`]: (_request, response) => void response.once('close', () => (left = true)) });
    const router = await over({ studio });
    const caller = call(router, generate, cat);
    await studio.waitForRequests(1);
    caller.leave();
    await until(() => left);
    await expectAtRest(router);
  });

  test('is never made by a job, since a job keeps text', async () => {
    const router = await over({ studio: await painter() });
    const { status, body } = await ask(router, generate, { ...cat, router: { mode: 'async' } });
    expect([status, errorIn(body).message]).toMatchObject([400, expect.stringContaining('router.mode')]);
  });
});

describe('what makes pictures', () => {
  test('is listed, and left alone by chat', async () => {
    const [ollama, studio] = [await fakeServer({ models: [{ name: 'x/z-image-turbo', capabilities: ['image'] }, 'llama3.2:1b'] }), await painter(paintings, ['flux-schnell', 'whisper-1', 'qwen3:8b'])];
    const router = await over({ ollama, studio });
    const { body } = await read(await router.get('/api/image-models'));
    expect(body['models']).toEqual([
      { name: 'flux-schnell', type: 'image', backend: 'openai', fleet_nodes: [expect.any(String)] },
      { name: 'x/z-image-turbo', type: 'image', backend: 'ollama', fleet_nodes: [expect.any(String)] },
    ]);
    const tags = (await read(await router.get('/api/tags'))).body['models'] as Json[];
    expect(Object.fromEntries(tags.map((row) => [row['name'], (row['details'] as Json)['type']]))).toEqual({ 'flux-schnell': 'image', 'whisper-1': 'transcription', 'x/z-image-turbo': 'image', 'qwen3:8b': undefined, 'llama3.2:1b': undefined, auto: undefined });
    const ids = ((await read(await router.get('/v1/models'))).body['data'] as Json[]).map((row) => row['id']);
    expect(ids).toEqual(expect.arrayContaining(['flux-schnell', 'whisper-1', 'x/z-image-turbo']));
    for (let time = 0; time < 4; time += 1) {
      const answer = await ask(router, '/v1/chat/completions', { model: 'auto', messages: [{ role: 'user', content: `Tell me a story, number ${time}` }] });
      expect(answer.status).toBe(200);
      expect(['llama3.2:1b', 'qwen3:8b']).toContain(answer.headers.get('x-oar-model'));
    }
  });
});

describe('a recording', () => {
  const listens: Handlers = { 'POST /v1/audio/transcriptions': transcription };
  const listener = (models: FakeOptions['models'] = ['whisper-1']): Promise<FakeBackend> => fakeServer({ software: 'openai', models: models ?? [], handlers: listens });

  test.each(['file', 'audio'])('is taken under `%s`, byte for byte, and goes to who can hear', async (field) => {
    const [text, ear] = [await texts(), await listener()];
    const router = await over({ text, ear });
    const response = await upload(router, { [field]: audio, model: 'whisper-1' });
    expect([response.status, response.headers.get('x-fleet-model')]).toEqual([200, 'whisper-1']);
    expect(response.headers.get('x-transcription-time')).toMatch(/^\d+$/);
    expect(await response.json()).toMatchObject({ text: `whisper-1 heard ${audio.length} bytes` });
    expect(Buffer.from(fieldOf(ear.requests[0]!, 'file') ?? '', 'latin1').equals(audio)).toBe(true);
    expect(text.requests).toEqual([]);
    expect(router.lines.find((line) => line.message === 'request')?.fields).toMatchObject({ dialect: 'fleet-transcribe' });
    await expectAtRest(router);
  });

  test('without a model goes to one that can, at both addresses; with one, to that', async () => {
    const [ear, other] = [await listener(['qwen3:8b', 'whisper-1']), await listener(['parakeet-tdt'])];
    const router = await over({ ear, other });
    for (const path of [transcribe, '/v1/audio/transcriptions']) {
      expect(await (await upload(router, { file: audio }, path)).json()).toMatchObject({ text: `whisper-1 heard ${audio.length} bytes` });
    }
    expect(await (await upload(router, { file: audio, model: 'parakeet-tdt' })).json()).toMatchObject({ text: `parakeet-tdt heard ${audio.length} bytes` });
    expect([ear, other].map((server) => server.requests.length)).toEqual([2, 1]);
  });

  test('comes back as subtitles when they were asked for', async () => {
    const response = await upload(await over({ ear: await listener() }), { file: audio, response_format: 'srt' });
    expect([response.headers.get('content-type'), await response.text()]).toMatchObject(['text/plain; charset=utf-8', expect.stringContaining('Zażółć')]);
  });

  test('may be much longer than any other body', async () => {
    const long = Buffer.alloc(9 * 2 ** 20, 7);
    expect(await (await upload(await over({ ear: await listener() }), { file: long })).json()).toMatchObject({ text: `whisper-1 heard ${long.length} bytes` });
  });

  test('that is wrong, too large, or for nobody is told so', async () => {
    const router = await over({ ear: await listener(), text: await texts() }, { media: { maxRecordingBytes: '4kb' } });
    const told = async (response: Response | Promise<Response>) => {
      const { status, body } = await read(await response);
      return [status, typeof body['error']];
    };
    expect(await told(upload(router, { model: 'whisper-1' }))).toEqual([400, 'string']);
    expect(await told(upload(router, { file: Buffer.alloc(5000) }))).toEqual([413, 'string']);
    expect(await told(router.post(transcribe, {}))).toEqual([415, 'string']);
    expect(await told(upload(router, { file: audio, model: 'no-such' }))).toEqual([404, 'string']);
    expect(await told(upload(router, { file: audio, model: 'llama3.2:1b' }))).toEqual([501, 'string']);
  });
});

describe('vectors', () => {
  const sees = (): Promise<FakeBackend> => fakeServer({ software: 'openai', models: ['dinov2-vit-s14'], handlers: pictureVectors });

  test('of pictures come from the machine that says so', async () => {
    const [text, eye] = [await texts(), await sees()];
    const router = await over({ text, eye });
    const pictures = [png.toString('base64'), 'AAAA'];
    const { status, body } = await ask(router, embedImage, { model: 'dinov2-vit-s14', images: pictures });
    expect([status, body]).toEqual([200, { model: 'dinov2-vit-s14', embeddings: pictures.map((picture) => vectorOf(picture)), dimensions: 4, node: expect.any(String) }]);
    const chosen = await ask(router, embedImage, { input: `data:image/png;base64,${pictures[0]}` });
    expect(chosen.body).toMatchObject({ model: 'dinov2-vit-s14', embeddings: [vectorOf(pictures[0] ?? '')] });
    expect(eye.requests.at(-1)?.body).toEqual({ model: 'dinov2-vit-s14', images: [pictures[0]] });
    expect(text.requests).toEqual([]);
  });

  test('of no picture are 400, of a model that nobody has 404, of a text model 501, where nobody sees 400', async () => {
    const router = await over({ text: await texts(), eye: await sees() });
    for (const body of [{}, { images: [] }, { images: [''] }, { images: [7] }]) expect((await ask(router, embedImage, body)).status).toBe(400);
    expect((await ask(router, embedImage, { model: 'no-such', images: ['AAAA'] })).status).toBe(404);
    expect((await ask(router, embedImage, { model: 'llama3.2:1b', images: ['AAAA'] })).status).toBe(501);
    expect((await ask(await over({ text: await texts() }), embedImage, { images: ['AAAA'] })).status).toBe(400);
  });

  // FL-D12: the old system kept the model's name and sent the request to another node.
  test('of text come from a machine that has the model, or not at all', async () => {
    const failing: Handler = (_request, response) => answerJson(response, 500, { error: 'runner died' });
    const [having, lacking] = [await fakeServer({ models: [{ name: 'nomic-embed-text', capabilities: ['embedding'] }], handlers: { 'POST /api/embed': failing } }), await fakeServer({ models: [{ name: 'mxbai-embed-large', capabilities: ['embedding'] }, 'llama3.2:1b'], handlers: ollamaEmbedding })];
    const router = await over({ lacking, having });
    expect((await ask(router, '/api/embed', { model: 'nomic-embed-text', input: 'a' })).status).toBeGreaterThanOrEqual(500);
    expect([having.requests.length, lacking.requests.length]).toEqual([1, 0]);
  });

  // FL-D15: `prompt` of the older address gave an empty list.
  test("of a text under the older address's name are not empty", async () => {
    const ollama = await fakeServer({ models: [{ name: 'nomic-embed-text', capabilities: ['embedding'] }], handlers: ollamaEmbedding });
    const { body } = await ask(await over({ ollama }), '/api/embeddings', { model: 'nomic-embed-text', prompt: 'Hello there' });
    expect(body['embedding']).toEqual(vectorOf('Hello there'));
  });
});
