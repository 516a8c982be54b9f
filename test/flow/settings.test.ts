/** Settings that the old program read and ignored, each with the difference it makes (AR-D32). */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ask, chat, errorIn, expectAtRest, fakeServer, openAi, routerOver, until } from '../support/flow-bed.ts';
import { model } from '../support/test-router.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const routed = { messages: [{ role: 'user', content: 'Tell me about foxes.' }] };
const twoModels = { models: [model('small:1b'), model('coder:7b')], routes: { simple_chat: ['small:1b'], code_fix: ['coder:7b'], unknown: ['small:1b'] } };
const byModel = { classification: { mode: 'model', optionalClassifierModel: 'judge:1b', classifierTimeoutMs: 2000 } };

test('router.classification.mode model: the small model\'s label decides the route', async () => {
  const fake = await fakeServer({ models: ['small:1b', 'coder:7b', 'judge:1b'] });
  fake.script('judge:1b', { text: 'code_fix' });
  const router = await routerOver(fake, { ...twoModels, router: byModel });
  const answer = await ask(router, openAi, routed);
  expect(answer.headers.get('x-oar-model')).toBe('coder:7b');
  expect(answer.body.router).toMatchObject({ taskType: 'code_fix', selectedModel: 'coder:7b' });
  expect(fake.requests.map((request) => request.body?.model)).toEqual(['judge:1b', 'coder:7b']);
});

test('router.classification.classifierTimeoutMs: a silent judge costs no more than that, and the rules decide', async () => {
  const fake = await fakeServer({ models: ['small:1b', 'coder:7b', 'judge:1b'] });
  fake.script('judge:1b', { fault: 'hang' });
  const router = await routerOver(fake, { ...twoModels, router: { classification: { ...byModel.classification, classifierTimeoutMs: 50 } } });
  const answer = await ask(router, openAi, routed);
  expect(answer.body.router).toMatchObject({ taskType: 'simple_chat', selectedModel: 'small:1b' });
  await fake.waitForAborts(1);
  await expectAtRest(router);
});

test('ollama.requestTimeoutMs: an answer that takes longer is given up with 504, and the server is hung up on', async () => {
  const fake = await fakeServer({ models: ['small:1b'] });
  fake.script('small:1b', { fault: 'hang' });
  const router = await routerOver(fake, { ollama: { baseUrl: fake.url, requestTimeoutMs: 80 } });
  await until(() => router.fleet.view().backends[0]?.status === 'up');
  const answer = await ask(router, openAi, chat({ model: 'small:1b' }));
  expect(answer.status).toBe(504);
  expect(errorIn(answer.body).code).toBe('backend_timeout');
  await fake.waitForAborts(1);
});

test('gpu.maxGpuUtilizationPct: while others keep the GPU busy nothing starts; who may become a job does', async () => {
  const busy = join(folder, 'nvidia-smi');
  writeFileSync(busy, `#!${process.execPath}\nprocess.stdout.write('NVIDIA L4, 23034, 1000, 22034, 97, 0\\n');\n`);
  chmodSync(busy, 0o755);
  const fake = await fakeServer({ models: ['small:1b'] });
  const gpu = { provider: 'nvidia', vramTotalMb: 23_034, maxGpuUtilizationPct: 90, monitor: { enabled: true, intervalMs: 3_600_000, nvidiaSmiPath: busy } };
  const router = await routerOver(fake, { models: [model('small:1b')], routes: { unknown: ['small:1b'] }, gpu, router: { holdMs: 60 } });
  await until(() => router.fleet.view().gpu !== null);
  const waited = await ask(router, openAi, routed);
  expect(waited.status).toBe(503);
  expect(waited.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  const job = await ask(router, openAi, { ...routed, router: {} });
  expect(job.status).toBe(202);
  expect(fake.received).toBe(0);
});

test('server.https: answers over TLS with the configured certificate', async () => {
  const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name);
  const fake = await fakeServer({ models: ['small:1b'] });
  const router = await routerOver(fake, { server: { https: { enabled: true, certPath: fixture('loopback.crt'), keyPath: fixture('loopback.key') } } });
  expect(router.url).toMatch(/^https:/);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    httpsRequest(`${router.url}/health/live`, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
});
