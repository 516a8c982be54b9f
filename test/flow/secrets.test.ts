/** Keys, cookies and prompts leave no trace: every route is called with marked ones, and all that the router says and keeps is searched. */
import { expect, test } from 'vitest';
import type { Route } from '../../src/http/http.ts';
import { accessOf, closed, keyEntry, plainClient, secretOf } from '../support/access-bed.ts';
import { fakeServer, faultsOf, type Json, ollamaChat, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** No mark is a part of another, nor of anything else. */
const marks = {
  bearer: 'oar_MARKbearer',
  header: 'oar_MARKheader',
  query: 'oar_MARKquery',
  session: 'MARKsession',
  join: 'MARKjoin',
  cookie: 'MARKcookie',
  prompt: 'MARKprompt',
  answer: 'MARKanswer',
  backend: 'MARKbackend',
  right: secretOf('MARKright'),
  admin: secretOf('admin'),
};
const secrets: readonly string[] = Object.values(marks);

function found(text: string): string[] {
  return secrets.filter((mark) => text.includes(mark) || text.includes(encodeURIComponent(mark)));
}

const cookies = `oar_session=${marks.session}; other=${marks.cookie}`;

/** The ways to show a key, right ones and wrong ones. */
const shown: readonly (readonly [Record<string, string>, string])[] = [
  [{ cookie: cookies, 'x-oar-join-token': marks.join }, ''],
  [{ cookie: cookies, authorization: `Bearer ${marks.bearer}` }, ''],
  [{ cookie: cookies, 'x-api-key': marks.header, authorization: `Basic ${marks.bearer}` }, ''],
  [{ cookie: cookies }, `?api_key=${marks.query}`],
  [{ cookie: cookies, authorization: `Bearer ${marks.right}` }, ''],
  [{ cookie: cookies, 'x-api-key': marks.right }, ''],
  [{ cookie: cookies }, `?api_key=${marks.right}`],
  [{ authorization: `Bearer ${marks.admin}` }, ''],
];

const said = `Tell nobody: ${marks.prompt}`;
const bodies: readonly string[] = [
  JSON.stringify({ model: 'a:1b', stream: false, max_tokens: 5, messages: [{ role: 'user', content: said }], prompt: said, input: said, query: said, documents: [said], system: said, request: { messages: [{ role: 'user', content: said }] }, selectedModel: 'a:1b' }),
  JSON.stringify({ model: 'a:1b', stream: true, max_tokens: 5, messages: [{ role: 'user', content: said }], prompt: said, input: said }),
  `{"model":"a:1b","messages":[{"role":"user","content":"${said}`,
  `${said} {"model":`,
  JSON.stringify({ model: 'a:1b', messages: said, prompt: [{ a: said }], input: { a: said } }),
  JSON.stringify({ model: 'failing:1b', messages: [{ role: 'user', content: said }], prompt: said, input: said }),
];

function addressOf({ path }: Route): string {
  return path.replace(/[:*][a-z]+/gi, 'none');
}

let addresses = 0;

/** From a new address each time, since who guesses is throttled by theirs. */
function fromElsewhere([headers, query]: (typeof shown)[number]): (typeof shown)[number] {
  addresses += 1;
  return [{ ...headers, 'x-forwarded-for': `2001:db8:${Math.floor(addresses / 5000)}:${addresses % 5000}::1` }, query];
}

/** Handlers that would change the policy or the models are called without a key alone, or with a body that they refuse. */
async function callAll(router: TestRouter, told: string[]): Promise<void> {
  const send = plainClient(router.url);
  // Who was let in before is not locked out by those who guess from the same address.
  for (const [path, key] of [['/v1/router/status', marks.right], ['/v1/admin/audit', marks.admin]]) await send('GET', path ?? '', { authorization: `Bearer ${key}` });
  for (const route of router.routes) {
    const path = addressOf(route);
    for (const [headers, query] of [...shown, ...shown.map(fromElsewhere)]) {
      for (const body of route.method === 'GET' || route.method === 'HEAD' ? [undefined] : bodies) {
        const answer = await send(route.method, `${path}${query}`, { ...headers, ...(route.header === undefined ? {} : { [route.header]: '2023-06-01' }) }, body);
        const leaked = found(`${JSON.stringify(answer.headers)}${answer.status >= 400 ? answer.text : ''}`);
        if (leaked.length > 0) told.push(`${route.method} ${path}${query} ${answer.status} tells ${leaked.join(', ')}: ${answer.text.slice(0, 200)}`);
      }
    }
  }
}

/** Everything that may be read of what went on, as an admin and as somebody who may read all. */
async function everythingTold(router: TestRouter): Promise<Record<string, string>> {
  const send = plainClient(router.url);
  const texts: Record<string, string> = { 'the log': JSON.stringify(router.lines) };
  const views = router.routes.filter(({ method, path, rule }) => method === 'GET' && !path.includes(':') && !path.includes('*') && (rule.scope !== 'infer' || path === '/v1/jobs'));
  for (const { path, rule } of views) texts[path] = (await send('GET', path, { authorization: `Bearer ${rule.scope === 'admin' ? marks.admin : marks.right}` })).text;
  return texts;
}

/** Page by page. */
async function wholeAudit(router: TestRouter): Promise<string> {
  const send = plainClient(router.url);
  let text = '';
  for (let before = ''; ; ) {
    const page = await send('GET', `/v1/admin/audit?limit=500${before}`, { authorization: `Bearer ${marks.admin}` });
    const { entries } = JSON.parse(page.text) as { entries: readonly { id: string }[] };
    text += page.text;
    if (entries.length < 500) return text;
    before = `&before=${entries.at(-1)?.id}`;
  }
}

test.each([
  ['open', {}],
  ['closed', closed],
])('with planes that are %s nothing tells a key, a cookie or a prompt', async (_how, plane: Json) => {
  const backend = await fakeServer({ models: ['a:1b', 'failing:1b'], apiKey: marks.backend });
  backend.script('a:1b', { text: marks.answer });
  backend.script('failing:1b', { status: 500 });
  const everything = keyEntry('MARKright', { scopes: ['standalone', 'runtimeAgent', 'read', 'manage'], id: 'everything' });
  const router = await routerWith({ backends: [{ id: 'b', kind: 'ollama', url: backend.url, apiKey: marks.backend }], access: accessOf({ standalone: plane, runtimeAgent: plane }, [everything]), router: { retries: 0, breaker: { failures: 1_000_000 } }, ...(plane === closed ? { telemetry: { capture: { keys: ['somebody-else'] } } } : {}) });
  await until(() => router.fleet.view().backends.some(({ status }) => status === 'up'));
  const told: string[] = [];
  await callAll(router, told);
  const send = plainClient(router.url);
  const body = JSON.stringify({ model: 'a:1b', messages: [{ role: 'user', content: said }], stream: false, router: { mode: 'async' } });
  for (const path of [openAi, ollamaChat]) expect((await send('POST', path, { authorization: `Bearer ${marks.right}` }, body)).status).toBe(202);
  await until(() => router.service.load().totalRunning === 0 && router.service.load().totalQueued === 0);
  const texts = await everythingTold(router);
  texts['the audit'] = await wholeAudit(router);
  expect(Object.keys(texts)).toEqual(expect.arrayContaining(['the log', '/metrics', '/api/config', '/v1/router/status', '/v1/admin/audit', '/v1/admin/access/config', '/v1/admin/jobs']));
  expect(texts['the audit']).toContain('access_denied');
  for (const [where, text] of Object.entries(texts)) {
    if (found(text).length > 0) told.push(`${where} tells ${found(text).join(', ')}: ${text.slice(Math.max(0, text.search(new RegExp(found(text)[0] ?? '')) - 150)).slice(0, 300)}`);
  }
  expect(told.slice(0, 10)).toEqual([]);
  expect(backend.received).toBeGreaterThan(10);
  // Backends see the key that is theirs, and no caller's.
  expect(found(JSON.stringify([...backend.requests, ...backend.listings].map(({ headers, path, query }) => [headers, path, [...query]])))).toEqual([marks.backend]);
  expect(faultsOf(router)).toEqual([]);
}, 30_000);
