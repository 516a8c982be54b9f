/** Nobody is kept out: every view in both themes and on a phone, looked through for what hinders people. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { busyFleet, filled, someHistory } from '../support/busy-fleet.ts';
import { openPage } from '../support/page-bed.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Serious and critical findings of WCAG 2.2 A and AA, as lines. */
async function seriousIn(page: Page): Promise<readonly string[]> {
  // The page's own policy lets no script in: this one comes through the browser's debugger.
  await page.evaluate(axe);
  const { violations } = (await page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })")) as { violations: readonly Violation[] };
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} — ${node.failureSummary.replaceAll('\n', ' ').slice(0, 200)}`));
}

const views = ['', 'requests', 'trends', 'models', 'apps', 'benchmarks', 'health', 'recommendations', 'jobs', 'playground', 'settings'];
let url = '';
let id = '';
let release = (): void => {};


async function prepared(): Promise<void> {
  const fleet = await busyFleet();
  [id = ''] = await someHistory(fleet.router);
  release = await filled(fleet);
  url = fleet.router.url;
}

/** The view is there, and waits for nothing any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor({ state: 'attached' });
  await expect.poll(() => page.locator('.awaited').count()).toBe(0);
}

test('what hinders people is found', async () => {
  await prepared();
  const page = await openPage(url, '/');
  await settled(page);
  await page.evaluate("document.querySelector('main').append(document.createElement('button'), Object.assign(document.createElement('p'), { textContent: 'hardly seen', style: 'color: #eee; background: #fff' }))");
  expect((await seriousIn(page)).map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['button-name', 'color-contrast']));
  release();
});

test.each(['light', 'dark'] as const)('every view passes in the %s theme', async (theme) => {
  await prepared();
  const page = await openPage(url, '/', { theme, height: 1400 });
  const found: string[] = [];
  for (const view of [...views, `requests?id=${id}`, 'models?id=coder:14b']) {
    await page.goto(`${url}/dashboard/${view}`);
    await settled(page);
    found.push(...(await seriousIn(page)).map((line) => `${view} ${line}`));
  }
  release();
  expect(found).toEqual([]);
}, 90_000);

test('every view passes on a phone, and none is wider than it', async () => {
  await prepared();
  const page = await openPage(url, '/', { width: 390, height: 844 });
  const found: string[] = [];
  for (const view of [...views, `requests?id=${id}`]) {
    await page.goto(`${url}/dashboard/${view}`);
    await settled(page);
    const width = (await page.evaluate('Math.max(document.documentElement.scrollWidth, document.querySelector("main").scrollWidth)')) as number;
    if (width > 390) found.push(`${view} is ${width} wide`);
    found.push(...(await seriousIn(page)).map((line) => `${view} ${line}`));
  }
  release();
  expect(found).toEqual([]);
}, 90_000);

test('the dialogs pass too', async () => {
  await prepared();
  const page = await openPage(url, '/');
  await page.getByRole('article', { name: 'studio' }).waitFor();
  const found: string[] = [];
  for (const open of [() => page.keyboard.press('?'), () => page.keyboard.press('/'), () => page.getByRole('button', { name: 'Pull a model to studio' }).click()]) {
    await open();
    await page.getByRole('dialog').waitFor();
    found.push(...(await seriousIn(page)));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  release();
  expect(found).toEqual([]);
});
