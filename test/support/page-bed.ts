/** A browser on a router's dashboard, for the tests of its views; closed after each test, which fails on any complaint of the page. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

let browser: Browser | null = null;
const pages: Page[] = [];
const complaints: string[] = [];
const expected: RegExp[] = [];

beforeAll(async () => {
  const executablePath = process.env['OAR_TEST_CHROMIUM'];
  if (executablePath === undefined) throw new Error('The tests of the dashboard are run by `npm run test:ui`, which finds a browser.');
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
afterAll(async () => {
  await browser?.close();
});
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.context().close()));
  const seen = complaints.splice(0).filter((text) => !expected.some((one) => one.test(text)));
  expected.length = 0;
  expect(seen).toEqual([]);
});

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Complaints of the console that belong to the test. */
  readonly expect?: readonly RegExp[];
}

/** `path` begins behind `/dashboard`. */
export async function openPage(url: string, path = '/', { width = 1440, height = 900, theme = 'light', expect: known = [] }: PageOptions = {}): Promise<Page> {
  if (browser === null) throw new Error('There is no browser.');
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.setDefaultTimeout(5000);
  pages.push(page);
  expected.push(...known, /dashboard.events/);
  page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && complaints.push(`${message.text()} ${message.location().url}`)));
  page.on('pageerror', (error) => void complaints.push(error.message));
  await page.goto(`${url}/dashboard${path}`);
  return page;
}
