/** Built-in speech to text as a user gets it: real weights, real onnxruntime, in its own process, over its own API. The first run downloads about 200 MB. Needs a build and OAR_TEST_SPEECH. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OwnedEngine } from '../../src/backends/backend.ts';
import { cacheFolder } from '../../src/backends/embedded/cache-folder.ts';
import { runProgram } from '../../src/backends/embedded/run-program.ts';
import { downloadWheel } from '../../src/backends/embedded/wheel-from-pip.ts';
import { extractZipEntry } from '../../src/backends/embedded/zip-entry.ts';
import { modelName, wheel } from '../../src/backends/moonshine/known-files.ts';
import { startSpeech } from '../../src/backends/moonshine/start-speech.ts';
import { bareRouter, startNode } from '../support/node-process.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'oar-speech-'));
const cacheDir = cacheFolder(process.env, process.platform, homedir());
const signal = AbortSignal.timeout(800_000);
const problems: string[] = [];
let engine: OwnedEngine | undefined;
let client: OpenAI;
let spoken: Record<'beckett' | 'two_cities', Buffer>;

/** The engine's program alone, so that what is tested is what the sources say now. */
function compileEngine(): string {
  const files = [join(root, 'src', 'backends', 'moonshine', 'speech-child.ts')];
  const compilerOptions = { rootDir: join(root, 'src'), outDir: join(folder, 'out'), declaration: false, sourceMap: false, typeRoots: [join(root, 'node_modules', '@types')] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], { stdio: 'inherit' });
  return join(folder, 'out', 'backends', 'moonshine', 'speech-child.js');
}

/** The two recordings that lie beside the weights in their wheel: 10 s of 16 kHz, 44 s of 48 kHz. */
async function recordings(): Promise<typeof spoken> {
  const archive = await downloadWheel(folder, wheel, { env: process.env, runProgram, onProgress: () => {}, signal });
  for (const name of ['beckett.wav', 'two_cities.wav']) await extractZipEntry(archive, (entry) => entry.endsWith(`/${name}`), join(folder, name), { signal });
  return { beckett: readFileSync(join(folder, 'beckett.wav')), two_cities: readFileSync(join(folder, 'two_cities.wav')) };
}

describe.skipIf(process.env['OAR_TEST_SPEECH'] === undefined)('built-in speech to text', () => {
  beforeAll(async () => {
    engine = await startSpeech({ cacheDir, env: process.env, childEntry: compileEngine(), onProgress: () => {}, signal, log: { info: () => {}, warn: (fields) => problems.push(JSON.stringify(fields)) } });
    client = new OpenAI({ baseURL: `${engine.url}/v1`, apiKey: engine.apiKey, maxRetries: 0, timeout: 120_000 });
    spoken = await recordings();
  }, 800_000);

  afterAll(async () => {
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a recording is written down', async () => {
    const { text } = await client.audio.transcriptions.create({ model: modelName, file: await toFile(spoken.beckett, 'beckett.wav') });
    expect(text.toLowerCase().replace(/[^a-z ]/g, '')).toBe('ever tried ever failed no matter try again fail again fail better');
    expect(problems).toEqual([]);
  });

  test('a longer one of another rate too, in pieces with their times', async () => {
    const heard = await client.audio.transcriptions.create({ model: modelName, file: await toFile(spoken.two_cities, 'two_cities.wav'), response_format: 'verbose_json' });
    expect(heard.text.toLowerCase()).toMatch(/it was the best of times.*it was the worst of times.*age of wisdom.*winter of despair/s);
    expect(heard.segments?.length).toBeGreaterThan(1);
    expect(Number(heard.duration)).toBeCloseTo(spoken.two_cities.length / 96_000, 0);
  });

  test('several at once are heard one after the other, and one that nobody waits for is dropped', async () => {
    const leaving = new AbortController();
    const file = await toFile(spoken.two_cities, 'a.wav');
    const left = client.audio.transcriptions.create({ model: modelName, file }, { signal: leaving.signal });
    left.catch(() => {});
    const others = [1, 2].map(async () => client.audio.transcriptions.create({ model: modelName, file: await toFile(spoken.beckett, 'b.wav') }));
    leaving.abort();
    await expect(left).rejects.toThrow();
    for (const one of await Promise.all(others)) expect(one.text).toContain('fail better');
  });

  test('a machine with `oar node --speech` serves a router', async () => {
    const router = await bareRouter();
    const node = await startNode(['--router-url', router.url, '--ollama-host', 'http://127.0.0.1:9', '--node-id', 'plain-box', '--speech'], { env: { OAR_CACHE_DIR: cacheDir } });
    await node.until(/Speech to text runs/);
    const heard = async (): Promise<Response> => {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(spoken.beckett)]), 'beckett.wav');
      return fetch(`${router.url}/api/transcribe`, { method: 'POST', body: form });
    };
    await expect.poll(async () => (await heard()).status, { timeout: 60_000, interval: 500 }).toBe(200);
    const response = await heard();
    expect([response.headers.get('x-fleet-node'), response.headers.get('x-fleet-model')]).toEqual(['plain-box', modelName]);
    expect(((await response.json()) as { text: string }).text).toContain('fail better');
  });
});
