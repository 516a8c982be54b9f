/** `oar node` on a machine with a program that paints, beside a router, both as processes. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { png } from '../fakes/media.ts';
import { bareRouter, isAlive, nodeOf, startNode } from '../support/node-process.ts';
import { newFolder } from '../support/router-process.ts';

/** An `mflux-generate` of JavaScript in a folder of its own; with the prompt `endless` it never ends, and notes its process. */
function painter(): { readonly folder: string; readonly env: Readonly<Record<string, string>> } {
  const folder = newFolder();
  writeFileSync(join(folder, 'picture'), png);
  const program = join(folder, 'mflux-generate');
  writeFileSync(program, `#!${process.execPath}\nconst fs = require('node:fs'); const args = process.argv.slice(2);\nif (args.includes('--prompt=endless')) { fs.writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(process.pid)); setInterval(() => {}, 1000); } else fs.copyFileSync(${JSON.stringify(join(folder, 'picture'))}, args[args.indexOf('--output') + 1]);\n`);
  chmodSync(program, 0o755);
  return { folder, env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` } };
}

const nobody = 'http://127.0.0.1:9';

test('its pictures are asked for through the router, come whole, and end when nobody waits for them', async () => {
  const { folder, env } = painter();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', nobody, '--node-id', 'mac-1'], { env });
  await expect.poll(async () => (await router.post('/api/generate-image', { model: 'flux-schnell', prompt: 'a cat' })).status, { timeout: 10_000, interval: 100 }).toBe(200);
  const response = await router.post('/api/generate-image', { model: 'flux-schnell', prompt: 'a cat' });
  expect([response.headers.get('content-type'), response.headers.get('x-fleet-node'), response.headers.get('x-fleet-model')]).toEqual(['image/png', 'mac-1', 'flux-schnell']);
  expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
  expect(await router.json('/api/image-models')).toEqual({ models: ['flux-dev', 'flux-schnell'].map((name) => ({ name, type: 'image', backend: 'mflux', fleet_nodes: ['mac-1'] })) });
  expect((await nodeOf(router, node.url))?.report?.servers).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'media', status: 'up', maxConcurrent: 1 })]));

  const leaving = new AbortController();
  const left = fetch(`${router.url}/api/generate-image`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'flux-dev', prompt: 'endless' }), signal: leaving.signal });
  left.catch(() => {});
  const pid = join(folder, 'pid');
  await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '').toBe(true);
  leaving.abort();
  await expect.poll(() => isAlive(Number(readFileSync(pid, 'utf8')))).toBe(false);
});

test('are not offered with --no-media', async () => {
  const { env } = painter();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', nobody, '--no-media'], { env });
  await expect.poll(async () => (await nodeOf(router, node.url))?.report?.servers.length).toBe(1);
  expect(await router.json('/api/image-models')).toEqual({ models: [] });
});
