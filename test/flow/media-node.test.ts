/** What a machine offers of pictures and speech: real processes in place of its programs, stand-ins in place of its servers, and a router in front. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { builtInSpeech } from '../../src/node/media/audio-server.ts';
import { comfyUi } from '../../src/node/media/comfyui.ts';
import { diffusionKit } from '../../src/node/media/diffusionkit.ts';
import { mediaHost } from '../../src/node/media/media-host.ts';
import type { MediaTool } from '../../src/node/media/media.ts';
import { mflux } from '../../src/node/media/mflux.ts';
import { qwen3Asr } from '../../src/node/media/qwen3-asr.ts';
import { sdServer } from '../../src/node/media/sd-server.ts';
import { type MediaSettings, type RunningMedia, startMedia } from '../../src/node/media/start-media.ts';
import type { LocalServer } from '../../src/node/node.ts';
import { whisperCli } from '../../src/node/media/whisper-cli.ts';
import { whisperServer } from '../../src/node/media/whisper-server.ts';
import { systemClock } from '../../src/util/system-clock.ts';
import { audio, png } from '../fakes/media.ts';
import { errorIn, type Json, objectIn, read, routerWith, until } from '../support/flow-bed.ts';

const forEver = new AbortController().signal;
let folder = '';
let media: RunningMedia | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-media-test-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'picture'), png);
});

afterEach(async () => {
  await media?.stop();
  media = null;
  rmSync(folder, { recursive: true, force: true });
});

const marked = (name: string): string => JSON.stringify(join(folder, name));

/** A program on this machine's PATH, written in JavaScript, that notes how it was called. */
function program(name: string, source: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!${process.execPath}\nconst fs = require('node:fs'); const args = process.argv.slice(2); const after = (flag) => args[args.indexOf(flag) + 1];\nfs.appendFileSync(${marked(`${name}.log`)}, JSON.stringify(args) + '\\n'); fs.writeFileSync(${marked(`${name}.cwd`)}, process.cwd());\n${source}\n`);
  chmodSync(path, 0o755);
}

const calls = (name: string): string[][] => (existsSync(join(folder, `${name}.log`)) ? readFileSync(join(folder, `${name}.log`), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as string[]) : []);
const paints = (flag = '--output'): string => `fs.copyFileSync(${marked('picture')}, after('${flag}'));`;

async function offered(tools: readonly MediaTool[], more: Partial<MediaSettings> = {}): Promise<LocalServer> {
  const host = { ...mediaHost({ PATH: join(folder, 'bin'), WHISPER_MODELS: join(folder, 'models') }), home: folder };
  media = await startMedia({ clock: systemClock, key: 'key', tools, host, ...more });
  const running = media;
  await expect.poll(async () => (await running.find(forEver)).length).toBe(1);
  return (await running.find(forEver))[0]!;
}

function post(server: LocalServer, body: Json, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/v1/images/generations`, { method: 'POST', headers: { authorization: 'Bearer key', 'content-type': 'application/json' }, body: JSON.stringify(body), ...init });
}

function upload(url: string, fields: Readonly<Record<string, string | Buffer>>, headers: Record<string, string> = { authorization: 'Bearer key' }): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), 'meeting 1.m4a');
  }
  return fetch(url, { method: 'POST', headers, body: form });
}

const pictureIn = (body: Json): Buffer => Buffer.from(String((body['data'] as Json[])[0]?.['b64_json']), 'base64');

describe('commands', () => {
  test('that are there are offered, and paint as they are asked to', async () => {
    program('mflux-generate', paints());
    program('diffusionkit-cli', paints('--output-path'));
    const server = await offered([mflux, diffusionKit]);
    expect((await server.probe(null, forEver)).models.map(({ name, capabilities, row }) => [name, capabilities, row?.['runtime']])).toEqual([
      ['flux-dev', ['image'], 'mflux'], ['flux-schnell', ['image'], 'mflux'], ['sd3-medium', ['image'], 'diffusionkit'], ['sd3.5-large', ['image'], 'diffusionkit'],
    ]);
    const { status, body } = await read(await post(server, { model: 'flux-schnell', prompt: 'a cat; rm -rf /', size: '512x256', seed: 7 }));
    expect([status, pictureIn(body).equals(png)]).toEqual([200, true]);
    expect(calls('mflux-generate')[0]).toEqual(expect.arrayContaining(['--prompt=a cat; rm -rf /', '--width', '512', '--height', '256', '--seed', '7']));
    expect((await read(await post(server, { model: 'sd3-medium', prompt: 'x', response_format: 'url' }))).body).toMatchObject({ data: [{ url: `data:image/png;base64,${png.toString('base64')}` }] });
    for (const name of ['mflux-generate', 'diffusionkit-cli']) expect(existsSync(readFileSync(join(folder, `${name}.cwd`), 'utf8'))).toBe(false);
  });

  test.each([
    ['fails', "process.stderr.write('Traceback\\nMemoryError: 12 GB needed\\n'); process.exit(1);", 502, /MemoryError: 12 GB needed/],
    ['ends well without a picture', "fs.writeFileSync(after('--output'), 'oops');", 502, /no PNG/],
  ])('one that %s is a failure in its own words', async (_name, source, status, message) => {
    program('mflux-generate', source);
    const answer = await read(await post(await offered([mflux]), { model: 'flux-dev', prompt: 'x' }));
    expect([answer.status, errorIn(answer.body).message]).toEqual([status, expect.stringMatching(message)]);
    expect(existsSync(readFileSync(join(folder, 'mflux-generate.cwd'), 'utf8'))).toBe(false);
  });

  /** Starts another process, as Python programs do, and both go on for ever. */
  const endless = (): string => `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); fs.appendFileSync(${marked('pids')}, process.pid + ' ' + child.pid + ' '); setInterval(() => {}, 1000);`;
  const pids = (): number[] => (existsSync(join(folder, 'pids')) ? readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number) : []);

  test('of a caller who left are ended, with all that they started, and the next in line goes on', async () => {
    program('mflux-generate', `if (args.includes('--prompt=endless')) { ${endless()} } else { ${paints()} }`);
    const server = await offered([mflux]);
    const leaving = new AbortController();
    const left = post(server, { model: 'flux-dev', prompt: 'endless' }, { signal: leaving.signal });
    left.catch(() => {});
    await until(() => pids().length === 2);
    const next = post(server, { model: 'flux-schnell', prompt: 'a cat' });
    const gaveUp = new AbortController();
    const impatient = post(server, { model: 'flux-schnell', prompt: 'nobody waits' }, { signal: gaveUp.signal });
    impatient.catch(() => {});
    gaveUp.abort();
    leaving.abort();
    expect((await next).status).toBe(200);
    await until(() => pids().every((pid) => !isAlive(pid)));
    await until(() => calls('mflux-generate').length === 2);
    expect(existsSync(readFileSync(join(folder, 'mflux-generate.cwd'), 'utf8'))).toBe(false);
  });

  test('run one at a time, however many are asked for', async () => {
    program('mflux-generate', `const busy = ${marked('busy')}; try { fs.writeFileSync(busy, '', { flag: 'wx' }); } catch { fs.writeFileSync(${marked('overlap')}, ''); } setTimeout(() => { fs.rmSync(busy, { force: true }); ${paints()} }, 100);`);
    const server = await offered([mflux]);
    const answers = await Promise.all(['flux-dev', 'flux-schnell', 'flux-dev'].map((model) => post(server, { model, prompt: 'x' })));
    expect([answers.map(({ status }) => status), existsSync(join(folder, 'overlap'))]).toEqual([[200, 200, 200], false]);
  });

  test('that take too long are ended, and that is said', async () => {
    program('mflux-generate', endless());
    const answer = await read(await post(await offered([mflux], { imageMs: 700 }), { model: 'flux-dev', prompt: 'x' }));
    expect([answer.status, errorIn(answer.body).message]).toEqual([504, expect.stringContaining('longer than 0.7 s')]);
    await until(() => pids().length === 2 && pids().every((pid) => !isAlive(pid)));
  });

  test('end with the agent', async () => {
    program('mflux-generate', endless());
    const left = post(await offered([mflux]), { model: 'flux-dev', prompt: 'x' });
    left.catch(() => {});
    await until(() => pids().length === 2);
    await media?.stop();
    await until(() => pids().every((pid) => !isAlive(pid)));
  });

  test('hear: whisper.cpp with the weights that lie here, mlx-qwen3-asr with its own', async () => {
    mkdirSync(join(folder, 'models'));
    for (const name of ['ggml-base.en.bin', 'ggml-silero-v5.bin']) writeFileSync(join(folder, 'models', name), '');
    program('whisper-cli', `if (!fs.readFileSync(after('-f')).equals(Buffer.from('${audio.toString('base64')}', 'base64'))) process.exit(9); fs.writeFileSync(after('-of') + '.json', JSON.stringify({ result: { language: 'en' }, transcription: [{ offsets: { from: 0, to: 1500 }, text: ' Hello' }] }));`);
    program('mlx-qwen3-asr', `fs.writeFileSync(after('-o') + '/recording.json', JSON.stringify({ text: 'Cześć', language: 'Polish' }));`);
    const server = await offered([whisperCli, qwen3Asr]);
    expect((await server.probe(null, forEver)).models.map(({ name }) => name)).toEqual(['whisper-base.en', 'qwen3-asr']);
    const url = `${server.url}/v1/audio/transcriptions`;
    expect((await read(await upload(url, { model: 'whisper-base.en', file: audio }))).body).toEqual({ text: 'Hello' });
    expect((await read(await upload(url, { model: 'whisper-base.en', file: audio, response_format: 'srt' }))).text).toBe('1\n00:00:00,000 --> 00:00:01,500\nHello\n\n');
    expect((await read(await upload(url, { model: 'qwen3-asr', file: audio, language: 'pl' }))).body).toEqual({ text: 'Cześć' });
    expect(calls('whisper-cli')[0]).toEqual(expect.arrayContaining(['-m', join(folder, 'models', 'ggml-base.en.bin'), '-l', 'auto', '-oj']));
    expect(calls('whisper-cli')[0]?.[3]).toMatch(/\.m4a$/);
    expect(calls('mlx-qwen3-asr')[0]).toContain('--language=pl');
    for (const name of ['whisper-cli', 'mlx-qwen3-asr']) expect(existsSync(readFileSync(join(folder, `${name}.cwd`), 'utf8'))).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly text: string;
  readonly authorization: string | undefined;
}

type Answers = Readonly<Record<string, (asked: Asked, response: ServerResponse) => void>>;

/** A server of this machine; addresses without their query. */
async function standIn(answers: Answers): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', text: Buffer.concat(chunks).toString('latin1'), authorization: request.headers.authorization };
      asked.push(one);
      const answer = answers[`${one.method} ${one.path.split('?')[0]}`];
      if (answer === undefined) response.writeHead(404).end('{}');
      else answer(one, response);
    });
  };
  const server = createServer(take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const json = (body: unknown) => (_asked: Asked, response: ServerResponse): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const drawn = { prompt: 'a cat', size: '512x256', steps: 8, seed: 7, negative_prompt: 'dogs' };

describe('servers', () => {
  test('sd-server paints under the name of its weights', async () => {
    const sd = await standIn({ 'GET /sdcpp/v1/capabilities': json({ model: { stem: 'z_image_turbo' } }), 'POST /sdapi/v1/txt2img': json({ images: [png.toString('base64')], parameters: {}, info: '' }) });
    const { status, body } = await read(await post(await offered([sdServer(sd.url)]), { model: 'z_image_turbo', ...drawn }));
    expect([status, pictureIn(body).equals(png)]).toEqual([200, true]);
    expect(JSON.parse(sd.asked.at(-1)?.text ?? '')).toMatchObject({ prompt: 'a cat', negative_prompt: 'dogs', width: 512, height: 256, steps: 8, seed: 7 });
  });

  const comfyInfo = json({ CheckpointLoaderSimple: { input: { required: { ckpt_name: [['v1-5.safetensors'], {}] } } } });

  test('ComfyUI takes an order, and is asked until it is done', async () => {
    let looks = 0;
    const comfy = await standIn({
      'GET /object_info/CheckpointLoaderSimple': comfyInfo,
      'POST /prompt': json({ prompt_id: 'p1', number: 1, node_errors: {} }),
      'GET /history/p1': (asked, response) => json(++looks === 1 ? {} : { p1: { status: { status_str: 'success', completed: true }, outputs: { 9: { images: [{ filename: 'oar_1.png', subfolder: 'x', type: 'output' }] } } } })(asked, response),
      'GET /view': (_asked, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(png),
    });
    const { status, body } = await read(await post(await offered([comfyUi(comfy.url)]), { model: 'v1-5', ...drawn }));
    expect([status, pictureIn(body).equals(png), looks]).toEqual([200, true, 2]);
    expect(comfy.asked.at(-1)?.path).toBe('/view?filename=oar_1.png&subfolder=x&type=output');
    expect(comfy.asked.some(({ path }) => path === '/interrupt' || path === '/queue')).toBe(false);
  });

  test.each([
    ['ours', [[1, 'p1', {}, {}, []]], true],
    ["somebody else's", [[1, 'other', {}, {}, []]], false],
  ])('ComfyUI gets an order back that nobody waits for, and breaks off what runs only when it is ours: %s', async (_name, running, interrupted) => {
    const comfy = await standIn({ 'GET /object_info/CheckpointLoaderSimple': comfyInfo, 'POST /prompt': json({ prompt_id: 'p1' }), 'GET /history/p1': json({}), 'POST /queue': json({}), 'GET /queue': json({ queue_running: running, queue_pending: [] }), 'POST /interrupt': json({}) });
    const server = await offered([comfyUi(comfy.url)]);
    const leaving = new AbortController();
    const left = post(server, { model: 'v1-5', prompt: 'x' }, { signal: leaving.signal });
    left.catch(() => {});
    await until(() => comfy.asked.some(({ path }) => path === '/history/p1'));
    leaving.abort();
    await until(() => comfy.asked.some(({ method, path }) => method === 'GET' && path === '/queue'));
    expect(comfy.asked.find(({ method, path }) => method === 'POST' && path === '/queue')?.text).toBe('{"delete":["p1"]}');
    if (interrupted) await until(() => comfy.asked.some(({ path, text }) => path === '/interrupt' && text === '{"prompt_id":"p1"}'));
    await media?.stop();
    expect(comfy.asked.some(({ path }) => path === '/interrupt')).toBe(interrupted);
  });

  test('whisper.cpp hears at an address of its own', async () => {
    const whisper = await standIn({ 'GET /': (_asked, response) => void response.end('<title>Whisper.cpp Server</title> POST /inference'), 'POST /inference': json({ text: ' Hello\n there\n', language: 'en', segments: [{ start: 0, end: 1, text: ' Hello there' }] }) });
    const server = await offered([whisperServer([whisper.url])]);
    const { body } = await read(await upload(`${server.url}/v1/audio/transcriptions`, { file: audio, response_format: 'verbose_json' }));
    expect(body).toMatchObject({ text: 'Hello there', language: 'en', segments: [{ start: 0, end: 1, text: 'Hello there' }] });
    expect(whisper.asked.at(-1)?.text).toContain(audio.toString('latin1'));
  });

  test('the built-in engine is asked with its key', async () => {
    const engine = await standIn({ 'GET /v1/models': json({ data: [{ id: 'moonshine-tiny-en' }] }), 'POST /v1/audio/transcriptions': json({ text: 'Fail better.' }) });
    const server = await offered([builtInSpeech(() => ({ url: engine.url, apiKey: 'inner' }))]);
    expect((await read(await upload(`${server.url}/v1/audio/transcriptions`, { file: audio }))).body).toEqual({ text: 'Fail better.' });
    expect(new Set(engine.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer inner']));
  });

  test('that are too busy with our own work to be asked are still offered, and gone ones are not', async () => {
    let busy = false;
    let paint = (): void => {};
    const sd = await standIn({
      'GET /sdcpp/v1/capabilities': (asked, response) => (busy ? response.destroy() : json({ model: { stem: 'sd' } })(asked, response)),
      'POST /sdapi/v1/txt2img': (asked, response) => {
        busy = true;
        paint = () => json({ images: [png.toString('base64')] })(asked, response);
      },
    });
    const server = await offered([sdServer(sd.url)]);
    const painting = post(server, { model: 'sd', prompt: 'x' });
    await until(() => busy);
    expect(await media?.find(forEver)).toHaveLength(1);
    paint();
    expect((await painting).status).toBe(200);
    expect(await media?.find(forEver)).toEqual([]);
    await expect(server.probe(null, forEver)).rejects.toMatchObject({ code: 'backend_unreachable' });
  });

  test('that fail are told in their words', async () => {
    const sd = await standIn({ 'GET /sdcpp/v1/capabilities': json({ model: { stem: 'sd' } }), 'POST /sdapi/v1/txt2img': (_asked, response) => void response.writeHead(500).end('{"error":"server_error","message":"VAE is missing"}') });
    const { status, body } = await read(await post(await offered([sdServer(sd.url)]), { model: 'sd', prompt: 'x' }));
    expect([status, errorIn(body).message]).toEqual([502, expect.stringContaining('sd-server answered with 500')]);
  });
});

describe('the offer', () => {
  test('is nothing while there is nothing, and is for whoever knows the key', async () => {
    media = await startMedia({ clock: systemClock, key: 'key', tools: [mflux], host: { ...mediaHost({ PATH: join(folder, 'bin') }), home: folder } });
    expect(await media.find(forEver)).toEqual([]);
    await media.stop();
    program('mflux-generate', paints());
    const server = await offered([mflux]);
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(401);
    expect((await post(server, { model: 'flux-dev', prompt: 'x' }, { headers: { authorization: 'Bearer guess' } })).status).toBe(401);
    expect(calls('mflux-generate')).toEqual([]);
  });

  test.each<[Json, number, string]>([
    [{ model: 'flux-dev' }, 400, 'prompt'],
    [{ model: 'flux-dev', prompt: 'x', size: '9999x1' }, 400, 'size'],
    [{ model: 'flux-dev', prompt: 'x', steps: 'many' }, 400, 'steps'],
    [{ model: 'flux-dev', prompt: 'x', n: 2 }, 400, 'n'],
    [{ model: 'sd-1', prompt: 'x' }, 404, 'sd-1'],
  ])('%j is refused with %i that names what is wrong', async (body, status, named) => {
    program('mflux-generate', paints());
    const answer = await read(await post(await offered([mflux]), body));
    expect([answer.status, errorIn(answer.body).message]).toEqual([status, expect.stringContaining(named)]);
  });

  test('serves a router: the picture comes whole, the recording too, and vectors of pictures are nobody\'s', async () => {
    program('mflux-generate', paints());
    program('mlx-qwen3-asr', `fs.writeFileSync(after('-o') + '/r.json', JSON.stringify({ text: fs.readFileSync(args[0]).length + ' bytes' }));`);
    const server = await offered([mflux, qwen3Asr]);
    const router = await routerWith({ backends: [{ id: 'mac-media', kind: 'openai', url: server.url, apiKey: 'key' }] });
    const response = await router.post('/api/generate-image', { model: 'flux-schnell', prompt: 'a cat' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
    expect((await read(await router.get('/api/image-models'))).body).toEqual({ models: ['flux-dev', 'flux-schnell'].map((name) => ({ name, type: 'image', backend: 'mflux', fleet_nodes: [expect.any(String)] })) });
    expect(objectIn(await (await upload(`${router.url}/api/transcribe`, { file: audio }, {})).text())).toEqual({ text: `${audio.length} bytes` });
    expect((await router.post('/api/embed-image', { model: 'flux-schnell', images: ['AAAA'] })).status).toBe(501);
  });
});
