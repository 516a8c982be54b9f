/** The views in which something is asked for: the playground, jobs, settings, and the key at the door. */
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { accessOf, closed, keyEntry, secretOf } from '../support/access-bed.ts';
import { busyFleet } from '../support/busy-fleet.ts';
import { routerWith } from '../support/flow-bed.ts';
import { keysShown } from '../support/keys-page.ts';
import { openPage } from '../support/page-bed.ts';

test('the playground asks two models at once, and says who answered, how fast and why', async () => {
  const { router, studio } = await busyFleet();
  studio.script('qwen3:32b', { chunks: ['Hel', 'lo <b>you</b>'] });
  const page = await openPage(router.url, '/playground?a=qwen3:32b&b=coder:14b&b-at=rack');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Who are you?');
  await page.keyboard.press('Control+Enter');
  const first = page.getByRole('region', { name: 'First answer' });
  const second = page.getByRole('region', { name: 'Second answer' });
  await first.getByText('Hello <b>you</b>').waitFor();
  await first.getByRole('link', { name: 'Why there?' }).waitFor();
  expect(await first.locator('footer').innerText()).toMatch(/Model\s+qwen3:32b\s+Server\s+studio\s+First token\s+[\d.]+ m?s/);
  await second.getByRole('link', { name: 'Why there?' }).waitFor();
  expect(await second.locator('footer').innerText()).toMatch(/Server\s+rack/);
  await first.getByRole('link', { name: 'Why there?' }).click();
  await page.getByRole('heading', { name: 'Why studio' }).waitFor();
});

test('an answer that is stopped in the playground is stopped, and is not asked for again', async () => {
  const { router, studio } = await busyFleet();
  studio.script('qwen3:32b', { chunks: Array.from({ length: 400 }, (_, index) => `word${index} `), chunkDelayMs: 50 });
  const page = await openPage(router.url, '/playground?a=qwen3:32b&two=no');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Tell me a story');
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText(/word3/).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await studio.waitForAborts(1);
  await page.getByRole('button', { name: 'Ask' }).waitFor();
  expect(studio.received).toBe(1);
});

test('the playground says what failed', async () => {
  const { router, studio } = await busyFleet();
  studio.script('qwen3:32b', { status: 400, body: '{"error":{"message":"the prompt is strange"}}' });
  const page = await openPage(router.url, '/playground?a=qwen3:32b&two=no', { expect: [/chat\/completions/] });
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Hello');
  await page.getByRole('button', { name: 'Ask' }).click();
  const note = page.getByRole('alert').filter({ hasText: 'The answer failed.' });
  await note.getByText(/the prompt is strange/).waitFor();
  expect(await note.innerText()).toMatch(/Request\s+req_/);
});

test('a job is seen from queued to done, its result is read, and it is tried again', async () => {
  const { router, studio } = await busyFleet();
  const release = studio.hold();
  const made = await router.post('/v1/chat/completions', { model: 'qwen3:32b', messages: [{ role: 'user', content: 'Later, please' }], router: { mode: 'async' } });
  expect(made.status).toBe(202);
  const page = await openPage(router.url, '/jobs');
  await page.getByRole('row').filter({ hasText: 'running' }).click();
  const drawer = page.getByRole('complementary', { name: /^Job / });
  await drawer.getByRole('button', { name: /Cancel job/ }).waitFor();
  release();
  await drawer.getByText('succeeded').waitFor();
  await drawer.getByRole('heading', { name: 'Result' }).waitFor();
  await drawer.getByRole('button', { name: /again/ }).click();
  await expect.poll(() => page.locator('tbody tr').count()).toBe(2);
});

test('a running job is cancelled', async () => {
  const { router, studio } = await busyFleet();
  const release = studio.hold();
  await router.post('/v1/chat/completions', { model: 'qwen3:32b', messages: [{ role: 'user', content: 'Later, please' }], router: { mode: 'async' } });
  const page = await openPage(router.url, '/jobs');
  await page.getByRole('row').filter({ hasText: 'running' }).click();
  await page.getByRole('button', { name: /Cancel job/ }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByRole('row').filter({ hasText: 'cancelled' }).waitFor();
  release();
});

test('a switch holds at the router, and shows what the router says', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/settings');
  const transcription = page.getByRole('switch', { name: /^transcription/ });
  await transcription.waitFor();
  expect(await transcription.getAttribute('aria-checked')).toBe('true');
  await transcription.click();
  await expect.poll(() => transcription.getAttribute('aria-checked')).toBe('false');
  const told = (await (await router.get('/dashboard/api/settings')).json()) as { config: { toggles: Record<string, boolean> } };
  expect(told.config.toggles['transcription']).toBe(false);
});

test('the whole configuration stands there with where it came from, and alone what somebody has set', async () => {
  const written = 'store: { kind: memory }\ngpu: { provider: none }\nqueue:\n  globalMaxQueued: 77\n';
  const loaded = await loadConfig({ cwd: '/', home: '/', explicitPath: '/somewhere/router.yaml', readFile: () => Promise.resolve(written), env: {}, overrides: { 'server.port': 0 } });
  const router = await routerWith({}, { loaded });
  const page = await openPage(router.url, '/settings');
  const rowOf = (key: string) => page.getByRole('row').filter({ has: page.getByText(key, { exact: true }) });
  await expect.poll(() => rowOf('queue.globalMaxQueued').innerText()).toMatch(/77\s+router\.yaml:4/);
  expect(await rowOf('telemetry.traces.retainDays').innerText()).toMatch(/30\s+default/);
  expect(await rowOf('fleet.heartbeatMs').innerText()).toMatch(/5\.0 s\s+default/);
  await page.getByRole('button', { name: 'Set by somebody' }).click();
  await expect.poll(() => rowOf('fleet.heartbeatMs').count()).toBe(0);
  expect(await rowOf('queue.globalMaxQueued').count()).toBe(1);
});

test('where a key is wanted the page asks for it, keeps none, and then shows the fleet', async () => {
  const { router } = await busyFleet({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann', { scopes: ['standalone', 'read'] })]) });
  const page = await openPage(router.url, '/', { expect: [/401/] });
  const dialog = page.getByRole('dialog', { name: 'This router wants a key' });
  await dialog.getByLabel('Key').fill('oar_wrong');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.getByRole('alert').getByText(/Signing in failed/).waitFor();
  await dialog.getByLabel('Key').fill(secretOf('ann'));
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Fleet now' }).getByText('nodes up').waitFor();
  await dialog.waitFor({ state: 'detached' });
  await vi.waitFor(async () => expect(await page.locator('main').innerText()).toMatch(/machine/), { timeout: 10_000 });
  expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie + location.href')).not.toContain(secretOf('ann'));
  await page.goto(`${router.url}/dashboard/settings`);
  await page.getByText('Signed in as ann').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await dialog.waitFor();
});

test('what a key may not do is refused in words', async () => {
  const { router } = await busyFleet({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann', { scopes: ['standalone', 'read'] })]) });
  const page = await openPage(router.url, '/settings', { expect: [/401|403/] });
  await page.getByRole('dialog').getByLabel('Key').fill(secretOf('ann'));
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await page.reload();
  await page.getByRole('switch', { name: /^transcription/ }).click();
  await page.getByText(/Switching transcription failed/).waitFor();
});

test('an admin makes a key that works at once, and revokes it', async () => {
  const { router } = await busyFleet({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann', { scopes: ['standalone', 'read'] })]) });
  const page = await keysShown({ router });
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('dialog', { name: 'Make a key' }).getByLabel('Id').fill('ci');
  await page.getByRole('button', { name: 'Make it' }).click();
  const secret = await page.getByRole('dialog', { name: 'The key ci' }).locator('code').innerText();
  expect((await router.get('/v1/models', { authorization: `Bearer ${secret}` })).status).toBe(200);
  await page.getByRole('dialog', { name: 'The key ci' }).getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Revoke key ci' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByRole('row').filter({ hasText: /^ci/ }).waitFor({ state: 'detached' });
  expect((await router.get('/v1/models', { authorization: `Bearer ${secret}` })).status).toBe(401);
});
