/** Limits of keys in the settings: typed, held by the router, changed, taken away, and refused in words. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { accessOf, bearer, closed, keyEntry } from '../support/access-bed.ts';
import { type BusyFleet, busyFleet } from '../support/busy-fleet.ts';
import { keysShown } from '../support/keys-page.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ann = keyEntry('ann', { scopes: ['standalone', 'read'] });
const hourly = { requests: 1, windowSeconds: 3600, tokens: 9000, concurrent: 2 };

const fleetWith = (...keys: readonly Record<string, unknown>[]): Promise<BusyFleet> => busyFleet({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [ann, ...keys]) });

async function asked({ router }: BusyFleet, headers: Record<string, string>, times: number): Promise<number[]> {
  const seen: number[] = [];
  for (let at = 0; at < times; at += 1) seen.push((await router.get('/v1/models', headers)).status);
  return seen;
}

const limitsOf = async (page: Page, id: string): Promise<Locator> => {
  await page.getByRole('button', { name: `Change the limits of key ${id}` }).click();
  return page.getByRole('dialog', { name: `Limits of the key ${id}` });
};

async function stored({ router }: BusyFleet, id: string): Promise<unknown> {
  const { keys } = (await (await router.get('/v1/admin/access/keys', bearer('admin'))).json()) as { readonly keys: readonly { readonly id: string; readonly limits: unknown }[] };
  return keys.find((key) => key.id === id)?.limits;
}

test('a key is made with limits, and the router holds it to them', async () => {
  const fleet = await fleetWith();
  const page = await keysShown(fleet);
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make a key' });
  await dialog.getByLabel('Id').fill('ci');
  expect(await dialog.getByRole('group', { name: 'Limits of runtimeAgent' }).count()).toBe(0);
  await dialog.getByLabel('runtimeAgent', { exact: true }).check();
  await dialog.getByRole('group', { name: 'Limits of runtimeAgent' }).getByLabel('Requests').fill('30');
  const standalone = dialog.getByRole('group', { name: 'Limits of standalone' });
  await standalone.getByLabel('Requests').fill('1');
  await standalone.getByLabel('At once').fill('2');
  await page.keyboard.press('Enter');
  const secret = await page.getByRole('dialog', { name: 'The key ci' }).locator('code').innerText();
  await page.getByRole('dialog', { name: 'The key ci' }).getByRole('button', { name: 'Close' }).click();
  expect(await stored(fleet, 'ci')).toEqual({ standalone: { requests: 1, windowSeconds: 60, concurrent: 2 }, runtimeAgent: { requests: 30, windowSeconds: 60 } });
  expect(await asked(fleet, { authorization: `Bearer ${secret}` }, 2)).toEqual([200, 429]);
  await page.getByRole('row').filter({ hasText: /^ci/ }).getByText('standalone: 1 request a minute, 2 at once; runtimeAgent: 30 requests a minute').waitFor();
});

test('a key is made without limits when nothing is typed', async () => {
  const fleet = await fleetWith();
  const page = await keysShown(fleet);
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('dialog', { name: 'Make a key' }).getByLabel('Id').fill('ci');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('dialog', { name: 'The key ci' }).waitFor();
  expect(await stored(fleet, 'ci')).toEqual({});
});

test('limits are filled in, changed from the next request on, and taken away', async () => {
  const fleet = await fleetWith(keyEntry('bob', { limits: { standalone: hourly } }));
  const page = await keysShown(fleet);
  const row = page.getByRole('row').filter({ hasText: /^bob/ });
  await row.getByText('1 request and 9,000 tokens an hour, 2 at once').waitFor();
  expect(await asked(fleet, bearer('bob'), 2)).toEqual([200, 429]);
  const dialog = await limitsOf(page, 'bob');
  expect(await Promise.all(['Requests', 'In seconds', 'Tokens', 'At once'].map((label) => dialog.getByLabel(label).inputValue()))).toEqual(['1', '3600', '9000', '2']);
  await dialog.getByLabel('Requests').fill('4');
  await dialog.getByLabel('Tokens').fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row.getByText('4 requests an hour, 2 at once').waitFor();
  // What was refused counts too: it is the third and the fourth of the hour.
  expect(await asked(fleet, bearer('bob'), 3)).toEqual([200, 200, 429]);
  await (await limitsOf(page, 'bob')).getByRole('button', { name: 'Take all away' }).click();
  await row.getByRole('cell', { name: 'none', exact: true }).waitFor();
  expect(await stored(fleet, 'bob')).toEqual({});
  expect(await asked(fleet, bearer('bob'), 3)).toEqual([200, 200, 200]);
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Change the limits of key bob');
});

test('limits that are emptied by hand are gone, those of another plane stay', async () => {
  const fleet = await fleetWith(keyEntry('bob', { scopes: ['standalone', 'runtimeAgent'], limits: { standalone: hourly, runtimeAgent: { requests: 7, windowSeconds: 60 } } }));
  const page = await keysShown(fleet);
  const dialog = (await limitsOf(page, 'bob')).getByRole('group', { name: 'Limits of standalone' });
  for (const label of ['Requests', 'Tokens', 'At once']) await dialog.getByLabel(label).fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('row').filter({ hasText: /^bob/ }).getByRole('cell', { name: 'runtimeAgent: 7 requests a minute', exact: true }).waitFor();
  expect(await stored(fleet, 'bob')).toEqual({ runtimeAgent: { requests: 7, windowSeconds: 60 } });
});

test.each([
  [{ Requests: 'many' }, 'Requests', /limits\.standalone\.requests must be a whole number, 1 or more/],
  [{ 'In seconds': '0' }, 'In seconds', /limits\.standalone\.windowSeconds must be a whole number, 1 or more/],
  [{ Requests: '' }, 'Requests', /limits\.standalone\.requests/],
])('of %j the dialog says what is wrong, marks it, and changes nothing', async (typed, wrong, words) => {
  const fleet = await fleetWith(keyEntry('bob', { limits: { standalone: hourly } }));
  const page = await keysShown(fleet);
  const dialog = await limitsOf(page, 'bob');
  for (const [label, text] of Object.entries(typed)) await dialog.getByLabel(label).fill(text);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').getByText(words).waitFor();
  expect(await dialog.locator('[aria-invalid="true"]').count()).toBe(1);
  expect(await dialog.getByLabel(wrong).getAttribute('aria-invalid')).toBe('true');
  expect(await dialog.getByLabel(wrong).inputValue()).toBe(Object.values(typed)[0]);
  expect(await stored(fleet, 'bob')).toEqual({ standalone: hourly });
});

test('the form of a new key says what is wrong with a limit, and makes none', async () => {
  const fleet = await fleetWith();
  const page = await keysShown(fleet);
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make a key' });
  await dialog.getByLabel('Id').fill('ci');
  await dialog.getByLabel('At once').fill('2');
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await dialog.getByRole('alert').getByText(/limits\.standalone\.requests/).waitFor();
  expect(await stored(fleet, 'ci')).toBeUndefined();
});

test.each([1280, 390])('both dialogs have room and hinder nobody at %s pixels', async (width) => {
  const fleet = await fleetWith(keyEntry('bob', { scopes: ['standalone', 'runtimeAgent'], limits: { standalone: { ...hourly, tokens: 123_456_789 } } }));
  const page = await keysShown(fleet, { width, height: 800 });
  const wide = `[...document.querySelectorAll('html, main, main td, main th, main .table-frame, dialog, dialog *')].filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1).map((one) => one.tagName + ': ' + one.textContent.slice(0, 60))`;
  const look = async (): Promise<void> => {
    expect(await page.evaluate(wide)).toEqual([]);
    await page.evaluate(axe);
    expect(await page.evaluate("axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((told) => told.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.target).join(' ')))")).toEqual([]);
  };
  await look();
  const dialog = await limitsOf(page, 'bob');
  await dialog.getByLabel('Requests').first().fill('many');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').waitFor();
  await look();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByRole('dialog', { name: 'Make a key' }).getByLabel('runtimeAgent', { exact: true }).check();
  await look();
});
