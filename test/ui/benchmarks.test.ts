/** The Benchmarks view against the router's own runs: started from the page, watched while it runs, stopped, kept and compared. */
import { expect, test } from 'vitest';
import { busyFleet } from '../support/busy-fleet.ts';
import { until } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';

async function bed() {
  const fleet = await busyFleet();
  for (const fake of [fleet.studio, fleet.rack]) {
    fake.script('*', { chunks: ['Hel', 'lo'], usage: { promptTokens: 12, completionTokens: 20 }, firstByteDelayMs: 20, chunkDelayMs: 20 });
    fake.catalogue.resident.add('coder:14b');
  }
  await fleet.report();
  await until(() => fleet.router.fleet.view().backends.every(({ report }) => (report?.resident?.length ?? 0) > 0));
  return { ...fleet, page: await openPage(fleet.router.url, '/benchmarks') };
}

type Page = Awaited<ReturnType<typeof bed>>['page'];

async function start(page: Page, seconds: number, more: { readonly atOnce?: number; readonly model?: string } = {}): Promise<void> {
  const form = page.getByRole('form', { name: 'Run a benchmark' });
  await form.getByLabel('Length in seconds').fill(String(seconds));
  if (more.atOnce !== undefined) await form.getByLabel('At once').fill(String(more.atOnce));
  if (more.model !== undefined) await form.getByLabel('Models').selectOption(more.model);
  await form.getByRole('button', { name: 'Run it' }).click();
}

test('a run is started from the page, moves while it runs, and two are compared when they have ended', async () => {
  const { page, router } = await bed();
  const rows = page.getByRole('table', { name: 'Benchmark runs' }).locator('tbody tr');
  for (const [count, atOnce] of [[1, 1], [2, 2]] as const) {
    await start(page, 3, { atOnce, model: 'coder:14b' });
    const running = page.getByRole('region', { name: 'The benchmark that runs' });
    await running.getByText('coder:14b').waitFor();
    const answered = async (): Promise<number> => Number(/([\d,]+) answered/.exec(await running.innerText())?.[1]?.replaceAll(',', '') ?? 0);
    await expect.poll(answered).toBeGreaterThan(0);
    const before = await answered();
    await expect.poll(answered).toBeGreaterThan(before);
    await expect.poll(() => rows.count()).toBe(count);
  }
  const kept = ((await (await router.get('/dashboard/api/benchmarks')).json()) as { data: { run_id: string; total_failures: number }[] }).data;
  expect(kept.map(({ total_failures: failures }) => failures)).toEqual([0, 0]);
  for (const { run_id: id } of kept) await page.getByRole('checkbox', { name: `Compare ${id}` }).check();
  const compared = page.getByRole('region', { name: 'Compared runs' });
  expect(await compared.getByRole('row', { name: /coder:14b/ }).getByRole('cell').count()).toBe(2);
  await compared.getByRole('columnheader', { name: 'Machine, tokens/s' }).waitFor();
}, 30_000);

test('a run is stopped from the page, and is not kept', async () => {
  const { page, router } = await bed();
  await start(page, 600);
  await page.getByRole('region', { name: 'The benchmark that runs' }).getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('form', { name: 'Run a benchmark' }).waitFor();
  await page.getByText('No benchmark has been run yet.').waitFor();
  expect(await (await router.get('/dashboard/api/benchmarks/progress')).json()).toMatchObject({ status: 'cancelled' });
});

test('what cannot be run says why', async () => {
  const fleet = await busyFleet();
  const page = await openPage(fleet.router.url, '/benchmarks', { expect: [/benchmarks\/start/] });
  const form = page.getByRole('form', { name: 'Run a benchmark' });
  for (const kind of ['chat', 'embeddings']) await form.getByRole('checkbox', { name: kind }).uncheck();
  await form.getByRole('button', { name: 'Run it' }).click();
  await form.getByRole('alert').getByText('No model of these kinds is in memory.').waitFor();
});
