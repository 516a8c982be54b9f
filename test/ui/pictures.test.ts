/** Pictures of the main views over a week of a busy fleet; with OAR_PICTURES=1 they become those of docs/images. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { NodeReport, NodeServer } from '../../src/core/node.ts';
import { gib } from '../fakes/nodes.ts';
import { ownFolder } from '../support/access-bed.ts';
import { ask, call, chat, fakeServer, openAi, queued, routerWith } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';
import { ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';
import { writeWeek } from '../support/week-of-traces.ts';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

function memory(totalGb: number, usedGb: number): NodeReport['memory'] {
  return { totalBytes: totalGb * gib, usedBytes: usedGb * gib, availableBytes: (totalGb - usedGb) * gib, pressure: usedGb / totalGb > 0.9 ? 'warn' : 'normal' };
}

async function fleetOfAWeek(): Promise<{ readonly router: TestRouter; readonly release: () => void; report(): Promise<void> }> {
  const path = join(ownFolder(), 'router.db');
  await writeWeek(path, { now: Date.now(), amount: 4000 });
  const studio = await fakeServer({ models: [{ name: 'qwen3:32b', sizeBytes: 20.2e9, parameterSize: '32.8B', quantization: 'Q4_K_M' }, { name: 'qwen2.5-coder:14b', sizeBytes: 9e9 }, { name: 'nomic-embed-text:latest', sizeBytes: 0.3e9, capabilities: ['embedding'] }] });
  const rack = await fakeServer({ models: [{ name: 'llama3.3:70b', sizeBytes: 42.5e9 }, { name: 'qwen2.5-coder:14b', sizeBytes: 9e9 }] });
  const router = await routerWith({ backends: [], store: { kind: 'sqlite', path }, fleet: { enrolToken: 'join-me-please-1234' } });
  const token = { token: 'join-me-please-1234' };
  const server = (fake: typeof studio): NodeServer => ollamaOf(fake, { maxConcurrent: 2, version: '0.12.6', models: fake.catalogue.models.map(({ name, sizeBytes }) => ({ name, ...(sizeBytes === undefined ? {} : { sizeBytes }) })) });
  const nodes = [new ScriptedNode(router, 'studio', token), new ScriptedNode(router, 'rack', token), new ScriptedNode(router, 'attic', token)] as const;
  let beat = 0;
  const report = async (): Promise<void> => {
    beat += 1;
    const wave = (middle: number, swing: number): number => Math.round(middle + swing * Math.sin(beat / 3));
    await nodes[0].report([server(studio)], { name: 'studio', chip: 'M2 Ultra', os: 'darwin', cores: 24, cpuPct: wave(34, 12), memory: memory(192, 136), thermal: { state: 'nominal', temperatureC: 51 } });
    await nodes[1].report([server(rack)], { name: 'rack', chip: 'Ryzen 9 7950X', os: 'linux', cores: 16, cpuPct: wave(66, 20), memory: memory(64, 41), gpus: [{ index: 0, name: 'RTX 4090', vendor: 'nvidia', vramTotalMb: 24_564, vramUsedMb: 21_900, utilizationPct: wave(90, 8), temperatureC: 74 }, { index: 1, name: 'RTX 4090', vendor: 'nvidia', vramTotalMb: 24_564, vramUsedMb: 20_100, utilizationPct: wave(70, 20), temperatureC: 69 }] });
    await nodes[2].report([{ ...server(rack), port: 9, status: 'down', problem: 'Nothing listens on port 11434. Is Ollama running?' }], { name: 'attic', chip: 'i5-8500', os: 'linux', cores: 6, cpuPct: wave(6, 3), memory: memory(16, 5) });
  };
  await report();
  for (const model of ['qwen3:32b', 'llama3.3:70b']) await ask(router, openAi, chat({ model }));
  const chunks = Array.from({ length: 1500 }, (_, index) => `word ${index} `);
  for (const fake of [studio, rack]) fake.script('*', { chunks, chunkDelayMs: 20 });
  for (let index = 0; index < 4; index += 1) call(router, openAi, chat({ model: 'qwen3:32b', user: 'alice', stream: true }));
  call(router, openAi, chat({ model: 'llama3.3:70b', user: 'ci', stream: true }));
  await queued(router, 2);
  return { router, release: () => {}, report };
}

/** Small enough to stand in a repository. */
async function picture(page: Page, name: string): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor({ state: 'attached' });
  await expect.poll(() => page.locator('.awaited').count()).toBe(0);
  const bytes = await page.screenshot({ animations: 'disabled' });
  expect(bytes.length).toBeGreaterThan(10_000);
  if (process.env['OAR_PICTURES'] !== '1') return;
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, `${name}.png`), bytes);
}

test('pictures of the main views', async () => {
  const { router, report } = await fleetOfAWeek();
  const page = await openPage(router.url, '/', { width: 1280, height: 800 });
  await page.getByRole('article', { name: 'rack' }).waitFor();
  // The small lines need some reports to be lines.
  for (let beat = 0; beat < (process.env['OAR_PICTURES'] === '1' ? 12 : 1); beat += 1) {
    await report();
    await page.waitForResponse(/pinned-models/, { timeout: process.env['OAR_PICTURES'] === '1' ? 1600 : 1 }).catch(() => {});
  }
  await picture(page, 'fleet');
  const id = ((await (await router.get('/dashboard/api/traces?limit=400')).json()) as { traces: readonly { request_id: string; retry_count: number; load_ms: number | null }[] }).traces.find((row) => row.load_ms !== null)?.request_id ?? '';
  await page.goto(`${router.url}/dashboard/requests?id=${id}&range=7d`);
  await page.getByRole('figure', { name: 'Timeline' }).waitFor();
  await picture(page, 'requests');
  await page.goto(`${router.url}/dashboard/trends?by=node&range=3d`);
  await page.locator('canvas').nth(5).waitFor();
  await picture(page, 'trends');
  const dark = await openPage(router.url, '/models', { width: 1280, height: 800, theme: 'dark' });
  await dark.locator('tbody tr').nth(2).waitFor();
  await picture(dark, 'models-dark');
  const phone = await openPage(router.url, '/', { width: 390, height: 780 });
  await phone.getByRole('article', { name: 'rack' }).waitFor();
  await picture(phone, 'phone');
}, 120_000);
