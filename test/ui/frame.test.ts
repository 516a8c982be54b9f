/** The frame around the views: the ways through it, its keys, its themes, and a router that is not there. */
import { expect, test } from 'vitest';
import { routerWith } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';

// Without the fleet's events the browser complains of the address.
const noEvents = { expect: [/\/dashboard\/events|\/dashboard\/api\/|EventSource/] };

test('views are opened by click, by key and by address, and the browser goes back', async () => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, '/', noEvents);
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/dashboard/settings');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('heading', { level: 1, name: 'Trends' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  await page.goto(`${router.url}/dashboard/tags`);
  await page.getByRole('heading', { level: 1, name: 'Apps' }).waitFor();
});

test('keys list themselves and open the search; Esc closes what is open, and the focus returns', async () => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, '/settings', noEvents);
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  await page.getByRole('button', { name: /Keys/ }).focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('Recommendations').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement?.textContent')).toContain('Keys');
  await page.keyboard.press('/');
  await page.keyboard.type('tren');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Trends' }).waitFor();
});

test('the theme follows the system until another is chosen, which is kept', async () => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, '/settings', { ...noEvents, theme: 'dark' });
  const shown = (): Promise<string | undefined> => page.evaluate('document.documentElement.dataset.theme');
  expect(await shown()).toBe('dark');
  await page.getByRole('button', { name: 'Light theme' }).click();
  expect(await shown()).toBe('light');
  await page.reload();
  expect(await shown()).toBe('light');
});

test('on a phone the first views are below, the others behind More, and nothing is wider than the screen', async () => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, '/', { ...noEvents, width: 390, height: 844 });
  await page.getByRole('link', { name: 'Trends' }).waitFor();
  expect(await page.getByRole('link', { name: 'Jobs' }).isVisible()).toBe(false);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('link', { name: 'Jobs' }).click();
  await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
});

test('a router that is gone is said to be, with the time of the next try', async () => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, '/', { expect: [/./] });
  await router.stop();
  await page.getByRole('alert').getByText(/No connection to the router/).waitFor();
  await page.getByText(/Trying again in \d+ s|Trying …/).waitFor();
});
