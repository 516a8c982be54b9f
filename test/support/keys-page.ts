/** The keys in the page's settings, as an admin sees them who is signed in as `ann`. */
import type { Page } from 'playwright-core';
import { secretOf } from './access-bed.ts';
import { type PageOptions, openPage } from './page-bed.ts';

/** Of a router that knows the key `ann`, who may read. */
export async function keysShown({ router }: { readonly router: { readonly url: string } }, options: PageOptions = {}): Promise<Page> {
  const page = await openPage(router.url, '/settings', { ...options, expect: [/401/, /400/] });
  await page.getByRole('dialog').getByLabel('Key').fill(secretOf('ann'));
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as ann').waitFor();
  await page.getByLabel('Admin key').fill(secretOf('admin'));
  await page.getByRole('button', { name: 'Show the keys' }).click();
  await page.getByRole('row').filter({ hasText: /^ann/ }).waitFor();
  return page;
}
