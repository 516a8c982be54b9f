/** What was said, in a request's timeline: for whoever sent it, for an admin who asks, for nobody else; sent again; and switched for each key. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { accessOf, bearer, closed, keyEntry, secretOf } from '../support/access-bed.ts';
import { type BusyFleet, busyFleet } from '../support/busy-fleet.ts';
import { ask, chat, openAi, read } from '../support/flow-bed.ts';
import { openPage } from '../support/page-bed.ts';

const keys = [keyEntry('ann', { scopes: ['standalone', 'read'] }), keyEntry('bob', { scopes: ['standalone', 'read'] })];
const guarded = (capture: readonly string[]): Promise<BusyFleet> => busyFleet({ access: accessOf({ standalone: closed, runtimeAgent: closed }, keys), telemetry: { capture: { keys: capture } } });

async function said({ router }: BusyFleet, key: string, text: string): Promise<string> {
  const answer = await ask(router, openAi, chat({ model: 'qwen3:32b', messages: [{ role: 'user', content: text }] }), bearer(key));
  return answer.headers.get('x-oar-request-id') ?? '';
}

async function signedIn({ router }: BusyFleet, key: string, path: string): Promise<Page> {
  const page = await openPage(router.url, path, { expect: [/401/, /404/] });
  await page.getByRole('dialog').getByLabel('Key').fill(secretOf(key));
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  return page;
}

test('whoever sent it sees it, sends it again, and has the command that compares both', async () => {
  const fleet = await busyFleet({ telemetry: { capture: { keys: ['anonymous'] } } });
  fleet.studio.script('qwen3:32b', { text: 'It is blue' });
  const answer = await ask(fleet.router, openAi, chat({ model: 'qwen3:32b', temperature: 0.25, messages: [{ role: 'user', content: 'Which colour?' }] }));
  const id = answer.headers.get('x-oar-request-id') ?? '';
  const page = await openPage(fleet.router.url, `/requests?id=${id}`);
  const drawer = page.getByRole('complementary', { name: `Request ${id}` });
  await drawer.getByText(`oar replay ${id}`).first().waitFor();
  fleet.studio.script('qwen3:32b', { text: 'It is green by now' });
  await drawer.getByRole('button', { name: 'Send it again' }).click();
  await drawer.getByRole('region', { name: 'The answer now' }).getByText('It is green by now').waitFor();
  expect(await drawer.getByRole('region', { name: 'The answer', exact: true }).innerText()).toBe('It is blue');
  expect(fleet.studio.requests.at(-1)?.body).toMatchObject({ temperature: 0.25, messages: [{ role: 'user', content: 'Which colour?' }] });
  await drawer.getByText(/Sent again/).getByRole('link').click();
  await page.getByRole('complementary', { name: /^Request / }).getByRole('region', { name: 'The answer', exact: true }).getByText('It is green by now').waitFor();
  expect(new URL(page.url()).searchParams.get('id')).not.toBe(id);
});

test('where nothing was kept that is said, and an admin is told so too', async () => {
  const fleet = await guarded([]);
  const id = await said(fleet, 'ann', 'MARKnever');
  const page = await signedIn(fleet, 'ann', `/requests?id=${id}`);
  await page.getByText(/Nothing is here for you/).waitFor();
  expect(await page.getByRole('button', { name: 'Send it again' }).count()).toBe(0);
  await page.getByText('Look as an admin').click();
  await page.getByLabel('Admin key').fill(secretOf('admin'));
  await page.getByRole('button', { name: 'Show what was said' }).click();
  await page.getByRole('alert').getByText(/Nothing was kept of this request/).waitFor();
});

test('of somebody else it is shown to an admin alone, who is audited, and whose key stays nowhere', async () => {
  const fleet = await guarded(['bob']);
  const id = await said(fleet, 'bob', 'MARKbobs');
  const page = await signedIn(fleet, 'ann', `/requests?id=${id}`);
  await page.getByText(/Nothing is here for you/).waitFor();
  expect(await page.locator('main').innerText()).not.toContain('MARKbobs');
  await page.getByText('Look as an admin').click();
  await page.getByLabel('Admin key').fill(secretOf('ann'));
  await page.getByRole('button', { name: 'Show what was said' }).click();
  await page.getByText(/Reading what was said failed/).waitFor();
  // Who we are is not in question.
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.getByLabel('Admin key').fill(secretOf('admin'));
  await page.getByRole('button', { name: 'Show what was said' }).click();
  await page.getByRole('region', { name: 'The request' }).getByText('MARKbobs').waitFor();
  const audit = (await read(await fleet.router.get('/v1/admin/audit', bearer('admin')))).body['entries'] as readonly Record<string, unknown>[];
  expect(audit.find(({ reason }) => reason === 'capture_read')).toMatchObject({ target: 'bob', outcome: 'success' });
  expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')).not.toContain(secretOf('admin'));
  await page.reload();
  await page.getByText(/Nothing is here for you/).waitFor();
});

test('an admin switches it for a key in the settings, and off again', async () => {
  const fleet = await guarded([]);
  const { router } = fleet;
  const page = await signedIn(fleet, 'ann', '/settings');
  await page.getByLabel('Admin key').fill(secretOf('admin'));
  await page.getByRole('button', { name: 'Show the keys' }).click();
  const row = page.getByRole('row').filter({ hasText: /^bob/ });
  await row.getByText('not kept').waitFor();
  await row.getByRole('button', { name: 'Keep what bob says' }).click();
  await row.getByRole('button', { name: 'Yes' }).click();
  await row.getByRole('button', { name: 'Stop keeping what bob says' }).waitFor();
  const kept = await said(fleet, 'bob', 'MARKkept');
  const others = await said(fleet, 'ann', 'MARKothers');
  await row.getByRole('button', { name: 'Stop keeping what bob says' }).click();
  await row.getByText('not kept').waitFor();
  const later = await said(fleet, 'bob', 'MARKlater');
  const statuses = [[kept, 'bob'], [others, 'ann'], [later, 'bob']].map(async ([id = '', key = '']) => (await router.get(`/v1/router/traces/${id}/capture`, bearer(key))).status);
  expect(await Promise.all(statuses)).toEqual([200, 404, 404]);
  await page.getByRole('button', { name: 'Keep what callers without a key say' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByRole('button', { name: 'Stop keeping what callers without a key say' }).waitFor();
});
