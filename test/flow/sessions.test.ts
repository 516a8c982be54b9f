/** Sessions of pages over HTTP: a key is shown once, a cookie stands for it, and pages of other sites cannot use it. */
import { expect, test } from 'vitest';
import { accessOf, bearer, closed, keyEntry } from '../support/access-bed.ts';
import { fakeServer, routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

async function locked(): Promise<TestRouter> {
  const backend = await fakeServer({ models: ['a:1b'] });
  return routerWith({ backends: [{ id: 'main', kind: 'ollama', url: backend.url }], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann', { scopes: ['standalone', 'manage'] })]) });
}

const at = (router: TestRouter, method: string, path: string, headers: Record<string, string>): Promise<Response> => fetch(`${router.url}${path}`, { method, headers });

async function begun(router: TestRouter): Promise<{ readonly cookie: string; readonly written: string }> {
  const answer = await at(router, 'POST', '/v1/session', bearer('ann'));
  expect([answer.status, await answer.json()]).toMatchObject([200, { kind: 'key', id: 'ann' }]);
  const written = answer.headers.get('set-cookie') ?? '';
  return { written, cookie: written.split(';')[0] ?? '' };
}

test('a key opens a session, whose cookie opens what the key opens, until it is closed', async () => {
  const router = await locked();
  const { cookie, written } = await begun(router);
  expect(written).toMatch(/^oar_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  expect((await at(router, 'GET', '/v1/models', { cookie })).status).toBe(200);
  expect(await (await at(router, 'GET', '/v1/session', { cookie })).json()).toMatchObject({ kind: 'key', id: 'ann', scopes: ['standalone', 'manage'] });
  const closing = await at(router, 'DELETE', '/v1/session', { cookie, origin: router.url });
  expect([closing.status, closing.headers.get('set-cookie')?.startsWith('oar_session=; ')]).toEqual([200, true]);
  expect((await at(router, 'GET', '/v1/models', { cookie })).status).toBe(401);
});

test('with the cookie alone nothing is changed, unless a page of the router asks', async () => {
  const router = await locked();
  const { cookie } = await begun(router);
  const remove = (headers: Record<string, string>): Promise<number> => at(router, 'DELETE', '/api/delete?model=nobody', { cookie, ...headers }).then((answer) => answer.status);
  expect(await remove({})).toBe(403);
  expect(await remove({ origin: 'https://evil.example' })).toBe(403);
  expect(await remove({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await remove({ origin: router.url })).toBe(404);
  // A page on another port of this machine: the browser sends the cookie along, since to it that is the same site.
  const cancel = (headers: Record<string, string>): Promise<number> => at(router, 'DELETE', '/v1/jobs/nobody', { cookie, ...headers }).then((answer) => answer.status);
  expect(await cancel({ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' })).toBe(403);
  expect(await cancel({ origin: router.url })).toBe(404);
  expect(await remove({ 'sec-fetch-site': 'same-origin' })).toBe(404);
});

test('nobody without a key begins one', async () => {
  const router = await locked();
  expect((await at(router, 'POST', '/v1/session', {})).status).toBe(401);
  const open = await routerWith({ backends: [] });
  expect((await at(open, 'POST', '/v1/session', {})).status).toBe(400);
});
