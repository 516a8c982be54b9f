/** The first view: what every machine is and does, live, and what can be done there. */
import { expect, test, vi } from 'vitest';
import { busyFleet, filled } from '../support/busy-fleet.ts';
import { ask, chat, openAi, routerWith } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';
import { ScriptedNode } from '../support/scripted-node.ts';

test('every machine is a card with its hardware, its load, its graphics cards and what is in its memory', async () => {
  const { router } = await busyFleet();
  await ask(router, openAi, chat({ model: 'qwen3:32b' }));
  const page = await openPage(router.url);
  const studio = page.getByRole('article', { name: 'studio' });
  await studio.getByText('qwen3:32b').waitFor();
  const text = await studio.innerText();
  for (const part of ['M2 Ultra', '192 GB', 'online', '31 %', '136 of 192 GB', 'ollama 0.12.6', '2 on disk', '0/2 slots']) expect(text).toContain(part);
  const rack = await page.getByRole('article', { name: 'rack' }).innerText();
  for (const part of ['Ryzen 9', 'GPU 0', '20.7/24 GB', '97 %', '71 °C']) expect(rack).toContain(part);
  expect(await page.getByRole('navigation', { name: 'Fleet now' }).innerText()).toMatch(/2\/2\s+nodes up\s+0\s+running\s+0\s+waiting/);
});

test('work that begins, waits and ends is seen within a second', async () => {
  const fleet = await busyFleet();
  const page = await openPage(fleet.router.url);
  const strip = page.getByRole('navigation', { name: 'Fleet now' });
  await page.getByText('Every request has found its place.').waitFor();
  const release = await filled(fleet);
  const begunAt = performance.now();
  await strip.getByText(/oldest/).waitFor({ timeout: 1000 });
  await expect.poll(() => strip.innerText(), { timeout: 1000, interval: 20 }).toMatch(/2\s+running\s+1\s+waiting/);
  expect(performance.now() - begunAt).toBeLessThan(1000);
  await page.getByRole('article', { name: 'studio' }).getByText('2/2 slots').waitFor();
  await page.getByRole('complementary', { name: 'Waiting requests' }).getByRole('listitem').getByText('qwen3:32b').waitFor();
  expect(await page.getByRole('complementary', { name: 'Waiting requests' }).getByRole('listitem').innerText()).toMatch(/user-[012]/);
  release();
  await expect.poll(() => strip.innerText()).toMatch(/0\s+running\s+0\s+waiting/);
});

test('a machine is drained and let work again from its card, and the router does so', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url);
  const card = page.getByRole('article', { name: 'rack' });
  await card.getByRole('button', { name: 'Drain rack' }).click();
  await card.getByRole('button', { name: 'Yes' }).click();
  await card.getByText('draining').waitFor();
  expect(router.fleet.view().nodes.find((node) => node.id === 'rack')?.draining).toBe(true);
  expect((await ask(router, openAi, chat({ model: 'coder:14b' }))).headers.get('x-oar-backend')).toBe('studio');
  await card.getByRole('button', { name: 'Let rack work again' }).click();
  await card.getByText('draining').waitFor({ state: 'detached' });
});

test('a model is unloaded from its row, and pulled with its progress', async () => {
  const fleet = await busyFleet();
  const { router, studio } = fleet;
  await ask(router, openAi, chat({ model: 'qwen3:32b' }));
  const page = await openPage(router.url);
  const card = page.getByRole('article', { name: 'studio' });
  await card.getByRole('button', { name: 'Unload qwen3:32b from studio' }).click();
  await card.getByRole('button', { name: 'Yes' }).click();
  await vi.waitFor(() => expect(studio.requests.some((request) => request.body?.['keep_alive'] === 0 && request.body?.['model'] === 'qwen3:32b')).toBe(true), { timeout: 10_000 });
  await card.getByRole('button', { name: 'Pull a model to studio' }).click();
  const dialog = page.getByRole('dialog', { name: 'Pull a model to studio' });
  await dialog.getByLabel('Model').fill('smollm:135m');
  await dialog.getByRole('button', { name: 'Pull' }).click();
  await dialog.getByText('It is there.').waitFor();
  await page.keyboard.press('Escape');
  await card.getByText('3 on disk').waitFor();
  // Whoever closes it while it pulls stops it, and has been told.
  fleet.store.course('huge:405b', { gate: new Promise(() => {}) });
  await card.getByRole('button', { name: 'Pull a model to studio' }).click();
  await dialog.getByLabel('Model').fill('huge:405b');
  await dialog.getByRole('button', { name: 'Pull' }).click();
  await dialog.getByText('It goes on as long as this is open.').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => fleet.store.aborts).toBe(1);
  await card.getByRole('button', { name: 'Pull a model to studio' }).click();
  await dialog.getByLabel('Model').fill('huge:405b');
  await dialog.getByRole('button', { name: 'Pull' }).click();
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(() => fleet.store.aborts).toBe(2);
  await dialog.getByRole('button', { name: 'Pull' }).waitFor();
  expect(studio.requests.filter((request) => request.path === '/api/pull')).toHaveLength(3);
});

test('a model is pinned to a machine from its row, and let go again; the router keeps both', async () => {
  const { router } = await busyFleet();
  await ask(router, openAi, chat({ model: 'qwen3:32b' }));
  const pins = async () => ((await (await router.get('/dashboard/api/pinned-models')).json()) as { per_node: Readonly<Record<string, readonly string[]>> }).per_node['studio'] ?? [];
  const page = await openPage(router.url);
  const card = page.getByRole('article', { name: 'studio' });
  await card.getByRole('button', { name: 'Pin qwen3:32b on studio' }).click();
  const unpin = card.getByRole('button', { name: 'Unpin qwen3:32b on studio' });
  await unpin.waitFor();
  expect(await pins()).toEqual(['qwen3:32b']);
  await unpin.click();
  await card.getByRole('button', { name: 'Pin qwen3:32b on studio' }).waitFor();
  expect(await pins()).toEqual([]);
});

test('a pull that fails says what the server said', async () => {
  const { router, studio } = await busyFleet();
  const page = await openPage(router.url, '/', { expect: [/api\/pull/] });
  await page.getByRole('button', { name: 'Pull a model to studio' }).click();
  const dialog = page.getByRole('dialog');
  await studio.close();
  await dialog.getByLabel('Model').fill('smollm:135m');
  await dialog.getByRole('button', { name: 'Pull' }).click();
  await dialog.getByRole('alert').getByText(/The pull failed/).waitFor();
});

test('a machine that wants to join is approved from its card', async () => {
  const router = await routerWith({ backends: [], fleet: { enrolToken: 'join-me-please-1234' } });
  await new ScriptedNode(router, 'newcomer').report([]);
  const page = await openPage(router.url);
  const card = page.getByRole('article', { name: 'newcomer' });
  await card.getByText('wants to join').waitFor();
  await card.getByRole('button', { name: 'Approve newcomer' }).click();
  await card.getByText('wants to join').waitFor({ state: 'detached' });
  expect(router.fleet.view().nodes.find((node) => node.id === 'newcomer')?.status).not.toBe('waiting');
});

test('when the router goes, the last figures stay and are grey; when it is back, they go on', async () => {
  const { router, report } = await busyFleet();
  const port = router.port;
  const page = await openPage(router.url, '/', { expect: [/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY|\/dashboard\/|\/v1\/session|Failed to load/] });
  await page.getByRole('article', { name: 'studio' }).waitFor();
  await router.stop();
  await page.getByText(/No connection to the router/).waitFor();
  await page.getByText(/Trying again in \d+ s|Trying …/).waitFor();
  expect(await page.getByRole('article', { name: 'studio' }).innerText()).toContain('M2 Ultra');
  expect(await page.locator('.app').getAttribute('class')).toContain('is-stale');
  await report().catch(() => {});
  await routerWith({ backends: [], server: { port } });
  await page.getByText(/No connection to the router/).waitFor({ state: 'detached', timeout: 10_000 });
  await page.getByText('No machine is known yet.').waitFor();
});

test('an open dashboard does not delay the end of the router', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/', { expect: [/./] });
  await page.getByRole('article', { name: 'studio' }).waitFor();
  const begunAt = performance.now();
  await router.stop();
  expect(performance.now() - begunAt).toBeLessThan(2000);
});

test('one machine can be looked at alone, and the address says which', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/?node=rack');
  await page.getByRole('article', { name: 'rack' }).waitFor();
  expect(await page.getByRole('article').count()).toBe(1);
  await page.getByRole('button', { name: /show all/ }).click();
  await expect.poll(() => page.getByRole('article').count()).toBe(2);
});

test('a hidden page lets go of its stream, and takes it up again when it is looked at', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url);
  await page.getByRole('article', { name: 'studio' }).waitFor();
  const hide = (hidden: boolean): Promise<unknown> => page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} }); document.dispatchEvent(new Event('visibilitychange'))`);
  const isStream = (request: { url(): string }): boolean => request.url().endsWith('/dashboard/events');
  await Promise.all([page.waitForEvent('requestfailed', isStream), hide(true)]);
  await Promise.all([page.waitForRequest(isStream), hide(false)]);
});
