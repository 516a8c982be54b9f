/** What the router says about itself: health, metrics and the status of machine, models and queues. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { type Family, readExposition } from '../support/read-exposition.ts';
import { model, startTestRouter, type TestRouter } from '../support/test-router.ts';

type Json = Record<string, unknown>;

let folder: string;
let backend: FakeBackend;
let router: TestRouter;
const path = process.env['PATH'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-flow-status-'));
});

afterEach(async () => {
  process.env['PATH'] = path;
  await router?.stop();
  await backend?.close();
  rmSync(folder, { recursive: true, force: true });
});

const models = [
  model('small:1b', { purpose: ['simple_chat'], tags: ['triage'], costClass: 'low', defaultContext: 4096, maxContext: 8192, timeoutMs: 90_000 }),
  model('coder:7b', { sizeGb: 5, maxConcurrent: 2, exclusive: false, allowWhenBusy: false }),
];
const config = { models, routes: { simple_chat: ['small:1b', 'coder:7b'], my_task: ['coder:7b'] } };

async function start(more: Json = {}): Promise<void> {
  backend = await startFakeBackend({ models: ['small:1b', 'coder:7b'] });
  router = await startTestRouter({ ollama: { baseUrl: backend.url }, ...config, ...more });
}

/** A program that notes each of its runs and prints the given lines; with `hangs`, it never ends from its second run on. */
function program(name: string, lines: readonly string[], hangs = false): { path: string; runs(): number } {
  const notes = join(folder, `${name}.runs`);
  writeFileSync(notes, '');
  const file = join(folder, name);
  const source = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
appendFileSync(${JSON.stringify(notes)}, 'x');
if (${hangs} && readFileSync(${JSON.stringify(notes)}, 'utf8').length > 1) setInterval(() => {}, 1000);
else process.stdout.write(${JSON.stringify(lines.map((line) => `${line}\n`).join(''))});
`;
  writeFileSync(file, source);
  chmodSync(file, 0o755);
  return { path: file, runs: () => readFileSync(notes, 'utf8').length };
}

function gpu(nvidiaSmiPath: string, more: Json = {}): Json {
  return { gpu: { provider: 'nvidia', vramTotalMb: 20_000, vramSafetyReserveMb: 1024, monitor: { enabled: true, intervalMs: 3_600_000, nvidiaSmiPath }, ...more } };
}

async function json(path: string): Promise<Json> {
  const response = await router.get(path);
  expect(response.status, path).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return (await response.json()) as Json;
}

async function metrics(): Promise<ReadonlyMap<string, Family>> {
  return readExposition(await (await router.get('/metrics')).text());
}

function seriesSum(families: ReadonlyMap<string, Family>, name: string, labels: Record<string, string> = {}, sample = name): number | undefined {
  const has = (found: Readonly<Record<string, string>>): boolean => Object.entries(labels).every(([label, value]) => found[label] === value);
  const found = families.get(name)?.samples.filter((one) => one.name === sample && has(one.labels)) ?? [];
  return found.length === 0 ? undefined : found.reduce((sum, one) => sum + one.value, 0);
}

const chat = (name = 'small:1b') => router.post('/v1/chat/completions', { model: name, messages: [{ role: 'user', content: 'Hello' }] });

/** Every value below, with its path. */
function* leaves(value: unknown, at = ''): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) yield [at, value];
  else for (const [key, inner] of Object.entries(value)) yield* leaves(inner, `${at}.${key}`);
}

test('health tells whether anything can be served; live does not look at backends (AR-D41)', async () => {
  await start();
  expect(await json('/health')).toEqual({ status: 'ok', service: 'ollama-agent-router', endpoints: [{ id: 'ollama', kind: 'ollama', url: expect.stringContaining(backend.url), status: 'up' }] });
  expect(await json('/health/live')).toEqual({ status: 'ok', service: 'ollama-agent-router' });
  expect(await json('/health/ready')).toEqual({ status: 'ready' });
  await backend.close();
  await expect.poll(async () => (await router.get('/health')).status).toBe(503);
  const down = await router.get('/health');
  expect(await down.json()).toMatchObject({ status: 'unavailable', service: 'ollama-agent-router', endpoints: [{ id: 'ollama', status: 'down', problem: expect.any(String) }] });
  expect(Number(down.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect((await router.get('/health/ready')).status).toBe(503);
  expect((await router.get('/health/live')).status).toBe(200);
  expect(await json('/v1/router/runtime')).toMatchObject({ status: 'unavailable', ollama: { reachable: false } });
  expect(seriesSum(await metrics(), 'oar_ollama_reachable')).toBe(0);
  // The list of models does not fail with the server (contract part 1.1).
  expect(await json('/v1/router/models')).toMatchObject({ configured: [{ name: 'small:1b' }, { name: 'coder:7b' }], ollama: { models: [] }, loaded: [] });
  backend = await startFakeBackend({ models: ['small:1b', 'coder:7b'], port: backend.port });
  await expect.poll(async () => (await router.get('/health')).status).toBe(200);
});

test('health answers HEAD, and lives below the base path alone', async () => {
  await start({ server: { basePath: 'oar-x/y/' } });
  expect(router.url).toMatch(/\/oar-x\/y$/);
  const head = await fetch(`${router.url}/health`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const root = await fetch(new URL('/health', router.url));
  expect([root.status, await root.json()]).toEqual([404, { error: expect.objectContaining({ code: 'not_found' }) }]);
  expect(await json('/v1/router/status')).toMatchObject({ config: { basePath: '/oar-x/y' } });
});

test('metrics are valid text with every name of old, before and after requests (AR-D36)', async () => {
  await start(gpu(program('nvidia-smi', ['NVIDIA RTX 4000, 20475, 1019, 19456, 12, 0']).path));
  const response = await router.get('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const before = readExposition(await response.text());
  for (const name of ['oar_queue_global_queued', 'oar_queue_global_running', 'oar_ollama_reachable', 'oar_gpu_vram_free_mb', 'oar_gpu_utilization_pct']) {
    expect(before.get(name)?.type, name).toBe('gauge');
    expect(before.get(name)?.samples, name).toHaveLength(1);
  }
  expect([seriesSum(before, 'oar_gpu_vram_free_mb'), seriesSum(before, 'oar_gpu_utilization_pct'), seriesSum(before, 'oar_ollama_reachable')]).toEqual([19_456, 12, 1]);
  expect(before.get('oar_jobs_total')?.samples.map((sample) => sample.labels)).toEqual(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'].map((status) => ({ status })));
  for (const name of ['oar_model_queue_depth', 'oar_model_running']) expect(before.get(name)?.samples.map((sample) => [sample.labels, sample.value]), name).toEqual([[{ model: 'small:1b' }, 0], [{ model: 'coder:7b' }, 0]]);
  const release = backend.hold();
  const answers = [chat(), chat(), chat('coder:7b')];
  await backend.waitForRequests(2);
  await expect.poll(async () => seriesSum(await metrics(), 'oar_queue_global_queued')).toBe(1);
  const during = await metrics();
  expect([seriesSum(during, 'oar_queue_global_running'), seriesSum(during, 'oar_model_queue_depth', { model: 'small:1b' }), seriesSum(during, 'oar_model_running', { model: 'coder:7b' })]).toEqual([2, 1, 1]);
  release();
  for (const answer of answers) expect((await answer).status).toBe(200);
  const after = await metrics();
  expect([seriesSum(after, 'oar_queue_global_running'), seriesSum(after, 'oar_queue_global_queued')]).toEqual([0, 0]);
});

test('counters and histograms rise with each request', async () => {
  await start();
  backend.script('small:1b', { usage: { promptTokens: 20, completionTokens: 5 } });
  for (let count = 0; count < 3; count += 1) await (await chat()).text();
  backend.script('coder:7b', { status: 400 });
  await (await chat('coder:7b')).text();
  await (await chat('nothing:1b')).text();
  const families = await metrics();
  expect(families.get('oar_requests_total')?.type).toBe('counter');
  expect(seriesSum(families, 'oar_requests_total', { model: 'small:1b', outcome: 'succeeded', dialect: 'openai-chat' })).toBe(3);
  expect(seriesSum(families, 'oar_requests_total', { outcome: 'failed', code: 'backend_rejected' })).toBe(1);
  expect(seriesSum(families, 'oar_requests_total', { outcome: 'failed', code: 'unknown_model', model: 'none' })).toBe(1);
  expect(seriesSum(families, 'oar_backend_attempts_total', { backend: 'ollama' })).toBe(4);
  for (const name of ['oar_queue_seconds', 'oar_first_byte_seconds', 'oar_request_seconds']) {
    expect(families.get(name)?.type, name).toBe('histogram');
    expect(seriesSum(families, name, { model: 'small:1b' }, `${name}_count`), name).toBe(3);
    expect(seriesSum(families, name, { model: 'small:1b', le: '+Inf' }, `${name}_bucket`), name).toBe(3);
  }
  expect(seriesSum(families, 'oar_request_tokens', { model: 'small:1b', kind: 'prompt' }, 'oar_request_tokens_sum')).toBe(60);
  expect(seriesSum(families, 'oar_request_tokens', { model: 'small:1b', kind: 'completion', le: '16' }, 'oar_request_tokens_bucket')).toBe(3);
});

test('a job is counted once by its state (AR-D36)', async () => {
  await start();
  const accepted = await router.post('/v1/chat/completions', { model: 'small:1b', messages: [{ role: 'user', content: 'Hello' }], router: { mode: 'async' } });
  expect(accepted.status).toBe(202);
  await expect.poll(async () => seriesSum(await metrics(), 'oar_jobs_total', { status: 'succeeded' })).toBe(1);
  const families = await metrics();
  expect(seriesSum(families, 'oar_jobs_total')).toBe(1);
  expect(families.get('oar_jobs')?.samples.map((sample) => [sample.labels, sample.value])).toEqual([[{ status: 'succeeded', model: 'small:1b' }, 1]]);
});

test('names with quotes, backslashes and line ends are escaped; what callers make up is no label (AR-D35, AR-D36)', async () => {
  const odd = 'we"ird\\n\nname:1b';
  backend = await startFakeBackend({ models: [odd] });
  router = await startTestRouter({ ollama: { baseUrl: backend.url }, models: [model(odd)], routes: { unknown: [odd] } });
  expect((await chat(odd)).status).toBe(200);
  await chat('made-up-model:1b');
  await router.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }], router: { taskType: 'made-up-task' } });
  const text = await (await router.get('/metrics')).text();
  expect(seriesSum(readExposition(text), 'oar_model_running', { model: odd })).toBe(0);
  expect(seriesSum(readExposition(text), 'oar_requests_total', { model: odd })).toBe(2);
  expect(text).not.toContain('made-up');
});

test('capabilities are those of the configuration', async () => {
  await start({ server: { nodeId: 'lab-1' }, router: { syncMaxQueueTimeMs: 300 }, queue: { timeoutMs: 180_000 } });
  const body = await json('/v1/router/capabilities');
  expect(Object.keys(body)).toEqual(['nodeId', 'status', 'version', 'router', 'gpu', 'queue', 'models', 'routes']);
  expect(body).toEqual({
    nodeId: 'lab-1',
    status: 'ok',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    router: { defaultMode: 'auto', syncMaxQueueTimeMs: 300, heavyLoadQueueDepth: 4, heavyLoadGpuFreeMbThreshold: 1024, defaultTaskType: 'unknown', classification: { mode: 'heuristic', classifierTimeoutMs: 1500 } },
    gpu: { requireGpuOnlyByDefault: false, vramSafetyReserveMb: 1024 },
    queue: { defaultPriority: 'normal', timeoutMs: 180_000 },
    models: [
      { name: 'small:1b', sizeGb: 1, purpose: ['simple_chat'], tags: ['triage'], priority: 50, maxConcurrent: 1, defaultContext: 4096, maxContext: 8192, timeoutMs: 90_000, costClass: 'low', exclusive: false, allowWhenBusy: true },
      { name: 'coder:7b', sizeGb: 5, purpose: [], tags: [], priority: 50, maxConcurrent: 2, costClass: 'medium', exclusive: false, allowWhenBusy: false },
    ],
    routes: { simple_chat: ['small:1b', 'coder:7b'], my_task: ['coder:7b'] },
  });
});

test('runtime and status tell queues, jobs and what is in memory, as the backend reports it (AR-D22)', async () => {
  await start({ server: { nodeId: 'lab-1' } });
  expect((await json('/v1/router/runtime')).loadedModels).toEqual([]);
  expect((await chat()).status).toBe(200);
  const queues = { globalQueued: 0, globalRunning: 0, byModel: [{ model: 'small:1b', queued: 0, running: 0, concurrency: 1 }, { model: 'coder:7b', queued: 0, running: 0, concurrency: 2 }] };
  const loaded = [expect.objectContaining({ name: 'small:1b', id: expect.stringMatching(/^[0-9a-f]{12}$/), size: '1.0 GB', processor: '100% GPU', until: '2099-01-01T00:00:00Z' })];
  // That it is in memory is known at once, the rest from the next probe on.
  await expect.poll(async () => (await json('/v1/router/runtime')).loadedModels).toEqual(loaded);
  const runtime = await json('/v1/router/runtime');
  expect(runtime).toEqual({
    nodeId: 'lab-1',
    status: 'ok',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    ollama: { baseUrl: expect.stringContaining(backend.url), reachable: true },
    loadedModels: loaded,
    queues,
    jobs: { queued: 0, running: 0, succeededRetained: 0, failedRetained: 0, cancelledRetained: 0, expiredRetained: 0 },
  });
  expect(Math.abs(Date.parse(String(runtime.timestamp)) - Date.now())).toBeLessThan(10_000);
  expect(await json('/v1/router/status')).toMatchObject({ nodeId: 'lab-1', service: 'ollama-agent-router', queue: queues, loadedModels: loaded, config: { models: 2, routes: ['simple_chat', 'my_task'], basePath: '/', protocol: 'http' } });
  expect(await json('/v1/router/models')).toMatchObject({ configured: [{ name: 'small:1b' }, { name: 'coder:7b' }], ollama: { models: [{ name: 'small:1b', size: 1_000_000_000 }, { name: 'coder:7b' }] }, loaded });
  backend.catalogue.resident.clear();
  await expect.poll(async () => (await json('/v1/router/runtime')).loadedModels).toEqual([]);
});

test('several GPUs count together (AR-D24)', async () => {
  await start(gpu(program('nvidia-smi', ['NVIDIA L4, 23034, 1000, 22034, 7, 0', 'NVIDIA L4, 23034, 3000, 20034, 55, 1']).path));
  const gpuNow = { provider: 'nvidia', snapshotAgeMs: expect.any(Number), name: '2x NVIDIA L4', vramTotalMb: 46_068, vramUsedMb: 4000, vramFreeMb: 42_068, utilizationPct: 55 };
  expect(await json('/v1/router/runtime')).toMatchObject({ status: 'ok', gpu: gpuNow });
  expect((await json('/v1/router/status')).gpu).toEqual(gpuNow);
  expect(await json('/v1/router/gpu')).toMatchObject({ ...gpuNow, available: true, gpus: [{ index: 0, utilizationPct: 7 }, { index: 1, utilizationPct: 55 }] });
  expect(seriesSum(await metrics(), 'oar_gpu_vram_free_mb')).toBe(42_068);
});

test('what a GPU does not tell is left out, never null and never NaN (AR-D24, contract part 6.3)', async () => {
  await start(gpu(program('nvidia-smi', ['NVIDIA GB10, [N/A], [N/A], [N/A], 3, 0']).path));
  for (const address of ['status', 'runtime', 'gpu', 'capabilities', 'models']) {
    for (const [at, value] of leaves(await json(`/v1/router/${address}`))) expect(value, `${address}${at}`).not.toBeNull();
  }
  const { snapshotAgeMs: _age, ...rest } = (await json('/v1/router/runtime')).gpu as Json;
  expect(rest).toEqual({ provider: 'nvidia', name: 'NVIDIA GB10', utilizationPct: 3 });
  const families = await metrics();
  expect(families.has('oar_gpu_vram_free_mb')).toBe(false);
  expect(seriesSum(families, 'oar_gpu_utilization_pct')).toBe(3);
});

test('without a GPU there is no gpu key at all', async () => {
  await start();
  for (const address of ['status', 'runtime']) expect(await json(`/v1/router/${address}`)).not.toHaveProperty('gpu');
  expect(await json('/v1/router/gpu')).toEqual({ provider: 'none', available: false });
  expect([...(await metrics()).keys()].filter((name) => name.startsWith('oar_gpu'))).toEqual([]);
});

test('a GPU that was to be watched and does not answer is a degradation', async () => {
  await start(gpu(join(folder, 'not-there')));
  expect(await json('/v1/router/runtime')).toMatchObject({ status: 'degraded', ollama: { reachable: true } });
  expect(await json('/v1/router/runtime')).not.toHaveProperty('gpu');
  expect((await chat()).status).toBe(200);
});

test('a GPU that is configured and not watched counts as free', async () => {
  await start({ gpu: { provider: 'nvidia', name: 'RTX', vramTotalMb: 20_000, monitor: { enabled: false } } });
  expect(await json('/v1/router/runtime')).toMatchObject({ status: 'ok', gpu: { name: 'RTX', vramTotalMb: 20_000, vramUsedMb: 0, vramFreeMb: 20_000 } });
});

test('no request runs a program, and none waits for one (AR-D21)', async () => {
  const smi = program('nvidia-smi', ['NVIDIA L4, 23034, 1000, 22034, 7, 0']);
  await start(gpu(smi.path));
  for (let count = 0; count < 50; count += 1) {
    await (await chat(count % 2 === 0 ? 'small:1b' : 'coder:7b')).text();
    if (count % 10 === 0) for (const address of ['status', 'capabilities', 'runtime', 'models', 'gpu']) await json(`/v1/router/${address}`);
    if (count % 10 === 5) await metrics();
  }
  expect(smi.runs()).toBe(1);
  // Nor does a request or a scrape ask the server what it has: that is done in the background.
  const perSecond = backend.listings.length;
  expect(perSecond).toBeLessThan(50);
});

test('status answers at once while the GPU tool hangs; then the GPU is unknown', async () => {
  const smi = program('nvidia-smi', ['NVIDIA L4, 23034, 1000, 22034, 7, 0'], true);
  await start(gpu(smi.path, { monitor: { enabled: true, intervalMs: 200, nvidiaSmiPath: smi.path } }));
  expect(await json('/v1/router/runtime')).toMatchObject({ status: 'ok', gpu: { vramFreeMb: 22_034 } });
  await expect.poll(() => smi.runs()).toBe(2);
  for (const address of ['capabilities', 'runtime']) {
    const times: number[] = [];
    for (let count = 0; count < 41; count += 1) {
      const at = performance.now();
      await json(`/v1/router/${address}`);
      times.push(performance.now() - at);
    }
    expect(times.toSorted((a, b) => a - b)[20], address).toBeLessThan(20);
  }
  await expect.poll(async () => (await json('/v1/router/runtime')).status).toBe('degraded');
  expect(await json('/v1/router/runtime')).not.toHaveProperty('gpu');
  expect((await metrics()).has('oar_gpu_vram_free_mb')).toBe(false);
});

test("Ollama's own program is never run (AR-D22)", async () => {
  const ollama = program('ollama', ['NAME ID SIZE PROCESSOR UNTIL']);
  process.env['PATH'] = folder;
  await start({ gpu: {} });
  expect((await chat()).status).toBe(200);
  await expect.poll(async () => (await json('/v1/router/runtime')).loadedModels).toHaveLength(1);
  expect(ollama.runs()).toBe(0);
});
