/** The view of requests: what is found, how one opens, and what is told when the router cannot. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ask, chat, openAi } from '../support/flow-bed.ts';
import { busyFleet, someHistory } from '../support/busy-fleet.ts';
import { openPage } from '../support/page-bed.ts';

test('requests are listed with who asked, what for and what became of them, and new ones come by themselves', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/requests');
  const rows = page.locator('tbody tr');
  await rows.nth(2).waitFor();
  expect(await page.locator('tbody').innerText()).toMatch(/unknown_model[\s\S]*coder:14b[\s\S]*qwen3:32b[\s\S]*bob/);
  await ask(router, openAi, chat({ model: 'coder:14b', user: 'late' }));
  await page.getByText('late').waitFor();
});

test('filters narrow the list, stand in the address, and open the same list elsewhere', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/requests');
  await page.locator('tbody tr').nth(2).waitFor();
  await page.getByRole('combobox', { name: 'Status' }).selectOption('failed');
  await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  expect(new URL(page.url()).search).toBe('?status=failed');
  const other = await openPage(router.url, '/requests?tag=nightly');
  await other.getByRole('cell', { name: 'coder:14b' }).waitFor();
  expect(await other.locator('tbody tr').count()).toBe(1);
  await other.getByRole('combobox', { name: 'Model' }).fill('nothing-like-it');
  await other.keyboard.press('Tab');
  await other.getByText('No request fits.').waitFor();
  await other.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => other.locator('tbody tr').count()).toBe(3);
});

test('a row opens with the keyboard to its timeline and to why it went where it went; Esc closes it', async () => {
  const { router } = await busyFleet();
  const [id = ''] = await someHistory(router);
  const page = await openPage(router.url, '/requests?model=qwen3:32b');
  await page.locator('tbody tr').first().focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('complementary', { name: `Request ${id}` });
  await drawer.getByRole('heading', { name: 'Why studio' }).waitFor();
  await drawer.getByRole('figure', { name: 'Timeline' }).waitFor();
  expect(await drawer.getByRole('row', { name: /studio.*chosen/ }).count()).toBe(1);
  expect(await drawer.innerText()).toContain('bob');
  expect(new URL(page.url()).searchParams.get('id')).toBe(id);
  await page.locator('main').focus();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
});

test('what is shown can be taken along, as a table and as JSON', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/requests');
  await page.locator('tbody tr').nth(2).waitFor();
  const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  expect(readFileSync(await csv.path(), 'utf8').split('\r\n')[0]).toBe('Time,Model,Server,Who,Waited,First token,Total,Tokens in,Tokens out,Result');
  const [json] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'JSON', exact: true }).click()]);
  expect((JSON.parse(readFileSync(await json.path(), 'utf8')) as { model: string }[]).map((row) => row.model).sort()).toEqual(['coder:14b', 'nobody:1b', 'qwen3:32b']);
});

test('sorting, and the choice of columns, which this browser remembers', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/requests');
  await page.locator('tbody tr').nth(2).waitFor();
  await page.getByRole('columnheader', { name: 'Model' }).getByRole('button').click();
  await expect.poll(() => page.locator('tbody tr td:nth-child(2)').allInnerTexts()).toEqual(['coder:14b', 'nobody:1b', 'qwen3:32b']);
  expect(new URL(page.url()).searchParams.get('sort-requests')).toBe('model');
  await page.getByText('Columns').click();
  await page.getByRole('checkbox', { name: 'Tags' }).check();
  await page.getByRole('columnheader', { name: 'Tags' }).waitFor();
  await page.reload();
  await page.getByRole('columnheader', { name: 'Tags' }).waitFor();
});

test('names with markup in them are text wherever they stand', async () => {
  const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  const { router } = await busyFleet();
  const answer = await ask(router, openAi, chat({ model: evil, user: evil }), { 'x-herd-tags': evil });
  const id = answer.headers.get('x-oar-request-id') ?? '';
  const page = await openPage(router.url, `/requests?id=${id}`);
  page.on('dialog', () => expect.fail('a script ran'));
  await page.getByRole('complementary').getByText(evil).first().waitFor();
  expect(await page.locator('main img, main script').count()).toBe(0);
  await page.goto(`${router.url}/dashboard/apps`);
  await page.getByText(evil).first().waitFor();
  expect(await page.locator('main img, main script').count()).toBe(0);
});

test('an empty list says how to begin', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/requests');
  await page.getByText('No request has come yet.').waitFor();
  await page.getByText(`curl ${router.url}/v1/chat/completions`).first().waitFor();
});

test('an error of the router is told with the id of the request, and what is wrong with what was asked', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/requests?status=nonsense', { expect: [/400/] });
  const note = page.getByRole('alert').filter({ hasText: 'Reading the traces failed.' });
  await note.getByText(/status is one of/).waitFor();
  expect(await note.innerText()).toMatch(/Request\s+\S{8,}/);
});

test.each([['/requests?id=req_gone', 'There is no trace req_gone'], ['/jobs?id=job_gone', 'There is no job job_gone']])('%s says what is not there, and blames no version', async (path, words) => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, path, { expect: [/404/] });
  const note = page.getByRole('alert').filter({ hasText: words });
  await note.waitFor();
  expect(await note.innerText()).not.toContain('older than this page');
});

test('of many rows only those that are seen are drawn, and scrolling reaches the last', async () => {
  const { router } = await busyFleet();
  const rows = Array.from({ length: 900 }, (_, index) => ({ request_id: `r${index}`, timestamp: 2_000_000 - index, model: `model-${index}`, status: 'completed' }));
  const page = await openPage(router.url, '/jobs');
  await page.route('**/dashboard/api/traces?*', (route) => route.fulfill({ json: { traces: rows, next: null } }));
  await page.goto(`${router.url}/dashboard/requests`);
  await page.locator('tbody tr.opens').first().waitFor();
  expect(await page.locator('tbody tr').count()).toBeLessThan(150);
  await page.locator('.table-frame').evaluate((frame: { scrollHeight: number; scrollTo(x: number, y: number): void }) => frame.scrollTo(0, frame.scrollHeight));
  await page.getByText('model-899', { exact: true }).waitFor();
});

test('what was kept of a request is shown as text, without secrets, and is in the command to copy', async () => {
  const fleet = await busyFleet({ telemetry: { capture: { keys: ['anonymous'] } } });
  fleet.studio.script('qwen3:32b', { text: 'It is <b>blue</b>' });
  const answer = await ask(fleet.router, openAi, { model: 'qwen3:32b', messages: [{ role: 'user', content: 'Why <i>so</i>? password: hunter22' }] });
  const id = answer.headers.get('x-oar-request-id') ?? '';
  const page = await openPage(fleet.router.url, `/requests?id=${id}`);
  const drawer = page.getByRole('complementary', { name: `Request ${id}` });
  await drawer.getByRole('region', { name: 'The answer' }).getByText('It is <b>blue</b>').waitFor();
  expect(await drawer.getByRole('region', { name: 'The request' }).innerText()).toContain('Why <i>so</i>? password: [redacted]');
  await drawer.getByText('Taken out before it was kept: 1').waitFor();
  expect(await drawer.getByText('The prompt was not kept').count()).toBe(0);
});
