/** `oar node` as a process beside a router as a process, and what a test asks of both. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { configFile, newFolder, plainConfig, RouterProcess, type SpawnOptions } from './router-process.ts';

type Json = Record<string, unknown>;

export interface ListedNode {
  readonly id: string;
  readonly status: string;
  readonly draining: boolean;
  readonly report: { readonly servers: readonly { readonly name: string; readonly status: string; readonly port: number; readonly maxConcurrent?: number }[]; readonly [field: string]: unknown } | null;
  readonly backends: readonly { readonly id: string; readonly status: string; readonly url: string }[];
}

/** A router without backends of its own, on loopback. */
export function bareRouter(more: Json = {}, options: SpawnOptions = {}): Promise<RouterProcess> {
  const folder = newFolder();
  const { server, ...rest } = more;
  const { ollama: _none, ...plain } = plainConfig('http://127.0.0.1:9', folder, { backends: [], ...(server === undefined ? {} : { server }), ...rest });
  return RouterProcess.serve(configFile(plain, folder), options);
}

/** Resolves when it has said who it is; `url` of what is returned is its id. */
export function startNode(args: readonly string[], options: SpawnOptions = {}): Promise<RouterProcess> {
  return RouterProcess.start(['node', ...args], /oar node \S+: (\S+) /, options);
}

async function nodesOf(router: RouterProcess, headers: Readonly<Record<string, string>>): Promise<readonly ListedNode[]> {
  return ((await (await fetch(`${router.url}/fleet/nodes`, { headers })).json()) as { readonly nodes: readonly ListedNode[] }).nodes;
}

/** `headers`: of a caller who may look, where a key is asked for. */
export async function nodeOf(router: RouterProcess, id: string, headers: Readonly<Record<string, string>> = {}): Promise<ListedNode | undefined> {
  return (await nodesOf(router, headers)).find((node) => node.id === id);
}

export function chatWith(router: RouterProcess, model: string, more: Json = {}): Promise<Response> {
  return router.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hello' }], ...more });
}

/** Asks until an answer comes; how long that took. */
export async function servedWithin(router: RouterProcess, model: string, timeout: number): Promise<number> {
  const began = performance.now();
  await expect.poll(async () => (await chatWith(router, model)).status, { timeout, interval: 50 }).toBe(200);
  return performance.now() - began;
}

const tinyOllama = fileURLToPath(new URL('./tiny-ollama.mjs', import.meta.url));

/** A folder for the PATH with a program called `ollama`, and the file in which it writes each start. */
export function ollamaProgram(): { readonly path: string; readonly starts: () => readonly { readonly pid: number; readonly args: readonly string[]; readonly parallel: string | null }[]; readonly env: Readonly<Record<string, string>> } {
  const folder = newFolder();
  const program = join(folder, 'ollama');
  const starts = join(folder, 'starts');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${tinyOllama}' "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(starts, '');
  return {
    path: program,
    starts: () => readFileSync(starts, 'utf8').split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { pid: number; args: string[]; parallel: string | null }])),
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, TINY_STARTS: starts },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
