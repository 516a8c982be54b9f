/** The views over what happened: each shows what the router knows, and what to do where it knows nothing. */
import { expect, test } from 'vitest';
import { busyFleet, someHistory } from '../support/busy-fleet.ts';
import { ask, chat, openAi, routerWith } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';

test('trends count what was asked, as charts and as tables, split by what is chosen', async () => {
  const { router, studio, rack } = await busyFleet();
  for (const fake of [studio, rack]) fake.script('*', { delayMs: 60 });
  await someHistory(router);
  const page = await openPage(router.url, '/trends');
  await page.getByRole('heading', { name: 'Time to first token' }).waitFor();
  await expect.poll(() => page.locator('.tiles').innerText()).toMatch(/Requests\s+3\s+Failed\s+1 /);
  expect(await page.locator('.chart canvas').count()).toBe(6);
  await page.getByRole('button', { name: 'Model', exact: true }).click();
  expect(new URL(page.url()).search).toBe('?by=model');
  const requests = page.getByRole('figure').filter({ has: page.getByRole('heading', { name: 'Requests', exact: true }) });
  await requests.getByText('As a table').click();
  await requests.getByRole('columnheader', { name: 'qwen3:32b' }).waitFor();
  await page.getByRole('button', { name: '7d' }).click();
  expect(new URL(page.url()).search).toBe('?by=model&range=7d');
  // Two of the three have two tags, one failed and has no machine; the sums above the charts are of the same requests however these are split.
  const tiles = (by: string): Promise<string> => page.goto(`${router.url}/dashboard/trends?by=${by}`).then(() => page.locator('.tiles').innerText());
  const counts = (text: string): string => text.replaceAll(/Mean [a-z ]+\s+\S+ m?s/g, '');
  const latency = (text: string): number => Number(/Mean latency\s+(\d+) ms/.exec(text)?.[1]);
  const whole = await tiles('');
  expect(whole).toMatch(/Requests\s+3\s+Failed\s+1 /);
  for (const by of ['tag', 'node', 'model', 'key']) {
    const split = await tiles(by);
    expect(counts(split)).toBe(counts(whole));
    // Means of rounded means.
    expect(Math.abs(latency(split) - latency(whole))).toBeLessThanOrEqual(1);
  }
});

test('a click into a chart leads to the requests of that hour', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/trends?range=6h');
  const over = page.locator('.chart .u-over').first();
  await over.waitFor();
  await expect.poll(() => page.locator('.tiles').innerText()).toMatch(/Requests\s+3/);
  const { width = 0, height = 0 } = (await over.boundingBox()) ?? {};
  await over.click({ position: { x: width - 12, y: height / 2 } });
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
  expect(new URL(page.url()).searchParams.get('from')).toMatch(/^\d+$/);
  await page.getByRole('cell', { name: 'qwen3:32b' }).waitFor();
});

test('models: use, places and memory, and each with what can be done there', async () => {
  const { router, store } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/models');
  const row = page.getByRole('row').filter({ hasText: 'coder:14b' });
  await row.waitFor();
  await expect.poll(() => row.innerText()).toMatch(/1 of 2 in memory/);
  await row.getByRole('img', { name: /coder:14b by hour of the day: .*1/ }).waitFor();
  await row.click();
  const drawer = page.getByRole('complementary', { name: 'Model coder:14b' });
  await drawer.getByText('On 2 machines').waitFor();
  await drawer.getByRole('button', { name: 'Copy coder:14b on studio' }).click();
  await drawer.getByLabel('New name').fill('mine:1b');
  await drawer.getByRole('button', { name: 'Copy coder:14b to mine:1b' }).click();
  await expect.poll(() => store.names).toContain('mine:1b');
  await drawer.getByRole('button', { name: 'Delete coder:14b from studio' }).click();
  await drawer.getByRole('button', { name: 'Yes' }).click();
  await expect.poll(() => store.names).not.toContain('coder:14b');
  await drawer.getByText('On 1 machine', { exact: true }).waitFor();
});

test('apps: who used how much, by tag, user and key', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/apps');
  const row = page.getByRole('row').filter({ hasText: 'my-app' });
  await row.waitFor();
  // Each of the two that were answered used half of the fleet's tokens, whatever else it was marked with.
  expect(await row.innerText()).toMatch(/my-app\s+2\s+50 %/);
  await page.getByRole('button', { name: 'User' }).click();
  await page.getByRole('row').filter({ hasText: 'bob' }).waitFor();
  await page.getByRole('button', { name: 'Tag' }).click();
  await page.getByRole('row').filter({ hasText: 'nightly' }).getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
  expect(new URL(page.url()).searchParams.get('tag')).toBe('nightly');
});

test('health has a score and its figures', async () => {
  const { router } = await busyFleet();
  await someHistory(router);
  const page = await openPage(router.url, '/health');
  await page.getByText(/of 100/).waitFor();
  expect(await page.locator('.tiles').innerText()).toMatch(/Requests, 24 h\s+3/);
});

test('a finding has its evidence and what mends it; a solved one is folded away', async () => {
  const { router } = await busyFleet();
  const page = await openPage(router.url, '/jobs');
  const findings = [
    { check_id: 'server_down', severity: 'critical', title: 'Ollama on <b>attic</b> does not answer', description: 'Down for 14 minutes.', fix: 'Start it again.', command: 'systemctl restart ollama', node_id: 'attic', data: { failed_requests: 31, loads: [1, 2, 9] } },
    { check_id: 'high_error_rate', severity: 'resolved', title: 'Errors on studio' },
  ];
  await page.route('**/dashboard/api/health', (route) => route.fulfill({ json: { vitals: { health_score: 80 }, recommendations: findings, checked_at: 1_700_000_000 } }));
  await page.goto(`${router.url}/dashboard/health`);
  const item = page.getByRole('listitem').filter({ hasText: 'Ollama on <b>attic</b> does not answer' });
  await item.getByRole('button', { name: 'copy systemctl restart ollama' }).waitFor();
  expect(await item.innerText()).toMatch(/critical[\s\S]*failed requests\s+31[\s\S]*To mend it: Start it again\./);
  expect(await page.getByText('Errors on studio').isVisible()).toBe(false);
  await page.getByText('1 solved').click();
  expect(await page.getByText('Errors on studio').isVisible()).toBe(true);
});

test('recommendations say why, and pull with one click', async () => {
  const { router, store } = await busyFleet();
  const page = await openPage(router.url, '/jobs');
  const advice = { model: 'gemma3:27b', category: 'vision', ram_gb: 19, reason: 'Nobody answers pictures.', priority: 'high' };
  await page.route('**/dashboard/api/recommendations*', (route) => route.fulfill({ json: { nodes: [{ node_id: 'studio', total_ram_gb: 192, current_models: ['qwen3:32b'], recommendations: [advice] }], uncovered_categories: ['vision'] } }));
  await page.goto(`${router.url}/dashboard/recommendations`);
  await page.getByText('Nobody answers pictures.').waitFor();
  const pull = page.getByRole('button', { name: 'Pull gemma3:27b to studio' });
  await expect.poll(() => pull.isEnabled()).toBe(true);
  await pull.click();
  await expect.poll(() => store.names).toContain('gemma3:27b');
});

test('kept benchmark runs are compared', async () => {
  const { router } = await busyFleet();
  for (const [id, speed] of [['one', 40], ['two', 60]] as const) {
    await router.post('/dashboard/api/benchmarks', { run_id: id, duration_s: 60, total_requests: 100, total_failures: 0, total_prompt_tokens: 1000, total_completion_tokens: 60 * speed, tokens_per_sec: speed, latency_p50_ms: 900, timestamp: id === 'one' ? 1_700_000_000 : 1_700_090_000, per_model_results: { 'qwen3:32b': { tok_s: speed } } });
  }
  const page = await openPage(router.url, '/benchmarks');
  await page.getByRole('checkbox', { name: 'Compare one' }).check();
  await page.getByRole('checkbox', { name: 'Compare two' }).check();
  expect(new URL(page.url()).searchParams.get('compare')).toBe('one,two');
  await expect.poll(() => page.getByRole('region', { name: 'Compared runs' }).getByRole('row', { name: /qwen3:32b/ }).innerText()).toMatch(/40\s+60/);
});

test.each([
  ['/', 'No machine is known yet.'], ['/apps', 'No request was marked in this time.'], ['/models', 'No model is there yet.'], ['/jobs', 'There is no job of yours.'], ['/benchmarks', 'No benchmark has been run yet.'],
])('an empty fleet at %s says what to do next', async (path, words) => {
  const router = await routerWith({ backends: [] });
  const page = await openPage(router.url, path);
  await page.getByText(words).waitFor();
});

test('search finds a model, a machine, a tag and a request by its id', async () => {
  const { router } = await busyFleet();
  const answer = await ask(router, openAi, chat({ model: 'qwen3:32b' }), { 'x-herd-tags': 'my-app' });
  const id = answer.headers.get('x-oar-request-id') ?? '';
  const page = await openPage(router.url, '/');
  await page.getByRole('article', { name: 'studio' }).waitFor();
  for (const [text, kind, address] of [['qwen', 'model', /models\?id=qwen3/], ['rac', 'node', /\?node=rack/], ['my-a', 'tag', /requests\?tag=my-app/], [id, 'request', new RegExp(`requests\\?id=${id}`)]] as const) {
    await page.locator('main').focus();
    await page.keyboard.press('/');
    await page.getByRole('combobox', { name: 'Search' }).fill(text);
    await page.getByRole('option').filter({ hasText: new RegExp(`^${kind}`) }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(address);
  }
});
