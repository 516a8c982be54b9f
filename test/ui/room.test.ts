/** Everything has room: no view scrolls sideways, no column is cut, and what is newest is drawn, on a laptop and on a phone. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { ownFolder } from '../support/access-bed.ts';
import { busyFleet, filled, someHistory } from '../support/busy-fleet.ts';
import { ask, chat, openAi, routerWith } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';
import { writeWeek } from '../support/week-of-traces.ts';

const views = ['', 'requests', 'trends', 'models', 'apps', 'apps?by=user', 'benchmarks', 'health', 'recommendations', 'jobs', 'playground', 'settings'];

async function settled(page: Page): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor({ state: 'attached' });
  await expect.poll(() => page.locator('.awaited').count()).toBe(0);
}

/** What is wider than its place; texts that end in an ellipsis say the whole of it in their title. */
const cut = `(() => {
  const found = [];
  const wider = (one) => one.scrollWidth > one.clientWidth + 1;
  if (document.documentElement.scrollWidth > innerWidth || wider(document.querySelector('main'))) found.push('the page');
  for (const one of document.querySelectorAll('main .table-frame, main .card, main .chart, main .rail, .strip, .rail li > a, .rail-word, main td, main th')) {
    if (one.closest('details:not([open])') === null && one.clientWidth > 0 && wider(one)) found.push(one.tagName + '.' + one.className + ': ' + one.textContent.slice(0, 60));
  }
  return found;
})()`;

test.each([1280, 820, 390])('no view scrolls sideways or cuts a column at %s pixels', async (width) => {
  const path = join(ownFolder(), 'router.db');
  await writeWeek(path, { now: Date.now(), amount: 400 });
  const fleet = await busyFleet({ store: { kind: 'sqlite', path } });
  await ask(fleet.router, openAi, chat({ model: 'hf.co/somebody/A-Model-With-A-Rather-Long-Name-32B-GGUF:Q4_K_M', user: 'somebody-with-a-rather-long-name@example.org' }));
  const { traces } = (await (await fleet.router.get('/dashboard/api/traces?limit=400')).json()) as { readonly traces: readonly { request_id: string; load_ms: number | null; retry_count: number }[] };
  const opened = [traces.find((row) => row.load_ms !== null), traces.find((row) => row.retry_count > 0)].map((row) => `requests?id=${row?.request_id ?? 'none'}&range=7d`);
  for (const run of ['one', 'two']) await fleet.router.post('/dashboard/api/benchmarks', { run_id: run, duration_s: 60, total_requests: 100_000, total_failures: 12, tokens_per_sec: 1234.5, requests_per_sec: 12.5, latency_p50_ms: 12_345, latency_p95_ms: 65_432, ttft_p50_ms: 1234, timestamp: 1_700_000_000, per_model_results: { 'qwen3:32b': { tok_s: 40 } } });
  const release = await filled(fleet);
  const page = await openPage(fleet.router.url, '/', { width, height: 800 });
  const found: string[] = [];
  for (const view of [...views, ...opened, 'models?id=qwen3:32b', 'benchmarks?compare=one,two']) {
    await page.goto(`${fleet.router.url}/dashboard/${view}`);
    await settled(page);
    await expect.poll(() => page.evaluate(cut), { timeout: 2000 }).toEqual([]).catch(async () => found.push(`${view}: ${JSON.stringify(await page.evaluate(cut))}`));
  }
  release();
  expect(found).toEqual([]);
}, 90_000);

test('columns without room are left out by their weight, are named in the menu, and come when they are chosen or there is room', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/requests', { width: 390, height: 800 });
  const heads = (): Promise<string[]> => page.getByRole('columnheader').allInnerTexts().then((texts) => texts.map((text) => text.replace(/[↓↑]/, '').trim()));
  await page.locator('tbody tr').nth(2).waitFor();
  expect(await heads()).toEqual(expect.arrayContaining(['Time', 'Model', 'Result']));
  expect(await heads()).not.toContain('Tokens in');
  await page.setViewportSize({ width: 1440, height: 800 });
  await expect.poll(heads).toContain('Tokens in');
  await page.setViewportSize({ width: 390, height: 800 });
  await expect.poll(heads).not.toContain('Tokens in');
  await page.getByText('Columns').click();
  await page.getByText('Tokens in (no room)').waitFor();
  await page.getByRole('checkbox', { name: 'Tags' }).check();
  await expect.poll(heads).toEqual(expect.arrayContaining(['Tokens in', 'Tags']));
});

/** Of the canvas with that name, the points in the colour of its first series. */
const drawn = (title: string, colour: readonly [number, number, number]): string => `(() => {
  const chart = [...document.querySelectorAll('.chart')].find((one) => one.querySelector('h3').textContent === ${JSON.stringify(title)});
  const canvas = chart.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let points = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at] === ${colour[0]} && data[at + 1] === ${colour[1]} && data[at + 2] === ${colour[2]} && data[at + 3] === 255) points += 1;
  return points;
})()`;

test('the hour that has just begun is drawn, as bars and as points, and so is the day', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/trends', { expect: [/getImageData/] });
  await page.locator('canvas').nth(5).waitFor();
  const blue = [0, 0x72, 0xb2] as const;
  await expect.poll(() => page.evaluate(drawn('Requests', blue))).toBeGreaterThan(200);
  await expect.poll(() => page.evaluate(drawn('Latency', blue))).toBeGreaterThan(0);
  await page.goto(`${router.url}/dashboard/apps`);
  await page.locator('canvas').nth(1).waitFor();
  await expect.poll(() => page.evaluate(drawn('Requests', [0xe6, 0x9f, 0]))).toBeGreaterThan(200);
});

test.each([
  ['/trends', 'No request came in this time.', 'curl'], ['/models', 'No model is there yet.', 'oar'], ['/benchmarks', 'There is no model to measure.', 'oar'], ['/health', 'There is no machine to check yet.', 'oar'], ['/recommendations', 'There is no machine to advise on.', 'oar'], ['/playground', 'There is no model to ask.', 'oar'],
])('with nothing there, %s says so and has the command that changes it', async (path, words, tool) => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, path);
  await page.getByText(words).waitFor();
  const command = await page.locator('.empty .command code').first().innerText();
  expect(command).toMatch(tool === 'curl' ? /^curl http.*chat\/completions/ : /ollama-agent-router node --router http/);
});

test.each(['/jobs', '/benchmarks', '/requests'])('when the router goes, %s keeps what it showed and says nothing else about it', async (path) => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, path, { expect: [/./] });
  await settled(page);
  await expect.poll(() => page.locator('.empty-title, tbody tr').count()).toBeGreaterThan(0);
  const before = await page.locator('main').innerText();
  await router.stop();
  await page.getByRole('alert').getByText(/No connection to the router/).waitFor();
  // Both polled views have asked in vain by the next try.
  await page.getByText(/Trying again in 2 s/).waitFor();
  await expect.poll(() => page.getByText(/failed\./).count()).toBe(0);
  expect((await page.locator('main').innerText()).replace(/just now|\d+ s ago/g, '')).toBe(before.replace(/just now|\d+ s ago/g, ''));
});
