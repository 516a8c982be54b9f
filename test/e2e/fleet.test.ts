/** A real Ollama as one machine of a fleet: joined by token, reached through the relay of its agent, seen as it is. Needs a build, OAR_TEST_OLLAMA_BIN and OAR_TEST_GGUF. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LanRouter } from '../support/fleet-world.ts';
import { nodeOf, startNode } from '../support/node-process.ts';
import { absent, type Json, RealOllama } from '../support/real-ollama.ts';
import { freePort, keepForFile, newFolder, type RouterProcess } from '../support/router-process.ts';

if (absent) console.log(`left out: the test of a real Ollama in a fleet, for want of ${absent}`);

keepForFile();

const model = 'fleet:135m';
const router = new LanRouter();
let ollama: RealOllama;
let node: RouterProcess;

const ask = (path: string, body: Json): Promise<Response> =>
  fetch(`${router.url}${path}`, { method: 'POST', headers: router.headers(), body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }], ...body }) });

const listed = (): Promise<Json> => router.json('/fleet/status');

describe.skipIf(absent !== '')('a real Ollama in a fleet', () => {
  beforeAll(async () => {
    ollama = new RealOllama(await freePort(), newFolder());
    await ollama.start();
    ollama.create(model);
    await router.start();
    node = await startNode(['--join', router.joinToken, '--router-url', router.url, '--node-id', 'real', '--ollama-host', ollama.url]);
    await vi.waitUntil(async () => (await ask('/api/chat', { stream: false, options: { num_predict: 1 } })).status === 200, { interval: 200, timeout: 60_000 });
  });

  afterAll(async () => {
    await node?.stop();
    await router.stop();
    await ollama?.kill();
  });

  test('it answers both APIs, streamed, and the answer names its machine', async () => {
    const chat = await ask('/api/chat', { options: { num_predict: 8, temperature: 0 } });
    expect([chat.status, chat.headers.get('x-fleet-node'), chat.headers.get('x-fleet-served-model')]).toEqual([200, 'real', model]);
    expect(await chat.text()).toMatch(/"done":true[^\n]*\n$/);
    const openAi = await ask('/v1/chat/completions', { max_tokens: 8, temperature: 0, stream: true });
    expect(await openAi.text()).toMatch(/\ndata: \[DONE\]\n\n$/);
  });

  test('its machine tells what is on its disk and in its memory, in real sizes', async () => {
    const onDisk = ((await ollama.json('/api/tags'))['models'] as { name: string; size: number }[]).find(({ name }) => name === model);
    const reported = await vi.waitUntil(
      async () => {
        const server = (await nodeOf(router.process, 'real', router.headers()))?.report?.servers[0] as unknown as { models: { name: string; sizeBytes: number }[]; resident: { name: string; contextLength?: number }[] } | undefined;
        return server !== undefined && server.resident.length > 0 ? server : false;
      },
      { interval: 200, timeout: 15_000 },
    );
    expect(reported.models.find(({ name }) => name === model)?.sizeBytes).toBe(onDisk?.size);
    expect(reported.resident[0]).toMatchObject({ name: model, contextLength: 2048 });
    const { fleet, nodes } = await listed();
    expect(fleet).toMatchObject({ nodes_online: expect.any(Number), models_loaded: 1 });
    expect((nodes as Json[]).find(({ node_id }) => node_id === 'real')).toMatchObject({ status: 'online', memory: { total_gb: expect.any(Number) }, ollama: { models_loaded: [expect.objectContaining({ name: model })] } });
  });

  test('it dies and comes back: its machine stays online, and is used again', async () => {
    await ollama.kill();
    await vi.waitUntil(async () => (await nodeOf(router.process, 'real', router.headers()))?.backends[0]?.status === 'down', { interval: 100, timeout: 10_000 });
    expect((await nodeOf(router.process, 'real', router.headers()))?.status).toMatch(/online|degraded/);
    await ollama.start();
    const nobodyWaits = { maxQueueTimeMs: 1, allowAsync: false };
    await vi.waitUntil(async () => (await ask('/api/chat', { stream: false, options: { num_predict: 1 }, router: nobodyWaits })).status === 200, { interval: 100, timeout: 30_000 });
  });
});
