/** This machine, for the programs that make media: its PATH, its folders, its processes. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { MediaHost, ProgramEnd } from './media.ts';

const keptWords = 8192;

export function mediaHost(env: MediaHost['env'] = process.env): MediaHost {
  return {
    env,
    home: homedir(),
    onPath: (program) => findOn(env['PATH'] ?? env['Path'] ?? '', program),
    list: (folder) => readdir(folder).catch(() => []),
    read: (path) => readFile(path),
    write: (path, bytes) => writeFile(path, bytes, { mode: 0o600 }),
    run: (program, args, options) => run(program, args, { ...options, env }),
    inFolder,
    fetch: (...call) => fetch(...call),
    pause,
  };
}

async function findOn(path: string, program: string): Promise<string | null> {
  const names = process.platform === 'win32' ? [`${program}.exe`] : [program];
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of names) {
      const file = join(folder, name);
      const runs = await access(file, constants.X_OK).then(() => stat(file)).then((found) => found.isFile(), () => false);
      if (runs) return file;
    }
  }
  return null;
}

/** For the owner alone: a recording is nobody else's business. */
async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'oar-media-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

function run(program: string, args: readonly string[], { cwd, env, signal }: { readonly cwd: string; readonly env: MediaHost['env']; readonly signal: AbortSignal }): Promise<ProgramEnd> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // A group of its own: these programs start others, which would hold the GPU after them.
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
    let words = '';
    const keep = (text: string): void => {
      words = (words + text).slice(-keptWords);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const kill = (): void => {
      endGroup(child.pid);
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
    };
    signal.addEventListener('abort', kill, { once: true });
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', kill);
      if (signal.aborted) reject(signal.reason as Error);
      else act();
    };
    child.once('error', (cause) => settle(() => reject(cause)));
    child.once('close', (code) => settle(() => resolve({ code, words })));
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === 'win32') return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
