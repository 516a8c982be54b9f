/** Whose jobs, kept answers and traces are whose: a key sees its own, and what was made without a key is for those without one (AR-D15). */
import { afterEach, expect, test } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf } from '../../src/util/secret-hash.ts';
import { ask, fakeServer, type Json, objectIn, openAi, read, routerOver } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const open = { enabled: true, auth: { requireApiKey: false, anonymous: 'allow' } };
const closed = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } };
const key = (id: string, ...scopes: string[]) => ({ id, keyHash: hashOf(`${id}-secret`), scopes });
const keys = [key('ada', 'standalone'), key('bob', 'standalone', 'read', 'manage'), key('kong', 'runtimeAgent'), key('both', 'standalone', 'runtimeAgent')];
const as = (id: string | null): Record<string, string> => (id === null ? {} : { authorization: `Bearer ${id}-secret` });

async function start(planes: Json, more: Json = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'oar-owners-'));
  folders.push(folder);
  const backend = await fakeServer({ models: ['small:1b'] });
  const admin = { enabled: true, apiKeyHashes: [hashOf('admin-secret')], trustedProxy: ['127.0.0.1'] };
  const policyPath = join(folder, 'access.yaml');
  const access = { managedConfigPath: policyPath, managed: { planes, apiKeys: keys }, admin };
  return { policyPath, backend, router: await routerOver(backend, { models: [model('small:1b', { maxConcurrent: 8 })], routes: { simple_chat: ['small:1b'] }, store: { kind: 'sqlite', path: join(folder, 'router.db') }, access, ...more }) };
}

const words = 'A secret of mine';
const chatJob = { messages: [{ role: 'user', content: words }], router: { mode: 'async' } };
const gatewayJob = { selectedModel: 'small:1b', request: { messages: [{ role: 'user', content: words }] } };

async function accept(router: TestRouter, who: string | null, path: string): Promise<string> {
  const answer = await ask(router, path, path === openAi ? chatJob : gatewayJob, as(who));
  expect(answer.status, answer.text).toBe(202);
  return String(answer.body['id']);
}

const send = async (router: TestRouter, who: string | null, method: string, path: string, headers: Record<string, string> = {}) => read(await fetch(`${router.url}${path}`, { method, headers: { ...as(who), ...headers } }));

const listed = async (router: TestRouter, who: string | null, path = '/v1/jobs'): Promise<string[]> => {
  const answer = await send(router, who, 'GET', path);
  expect(answer.status, answer.text).toBe(200);
  return (answer.body['jobs'] as Json[]).map((job) => String(job['id'])).sort();
};

/** What somebody finds under an id: the record and the result, or nothing at all. */
async function finds(router: TestRouter, who: string | null, id: string): Promise<boolean> {
  const [record, result] = [await send(router, who, 'GET', `/v1/jobs/${id}`), await send(router, who, 'GET', `/v1/jobs/${id}/result`)];
  if (record.status === 200) {
    expect(record.body['request_json']).toContain(words);
    expect(result.status).toBeLessThan(300);
    return true;
  }
  for (const answer of [record, result, await send(router, who, 'DELETE', `/v1/jobs/${id}`)]) {
    expect([answer.status, objectIn(answer.text)['error']]).toEqual([404, expect.objectContaining({ code: 'job_not_found', message: `There is no job ${id}.` })]);
    expect(answer.text).not.toContain(words);
  }
  return false;
}

test('a key sees, reads and cancels its own jobs; for everybody else they are not there', async () => {
  const { backend, router } = await start({ standalone: closed, runtimeAgent: closed });
  const release = backend.hold();
  const ada = [await accept(router, 'ada', openAi), await accept(router, 'ada', openAi)].sort();
  const bob = await accept(router, 'bob', openAi);
  const kong = await accept(router, 'kong', '/v1/router/jobs');
  expect(await listed(router, 'ada')).toEqual(ada);
  expect(await listed(router, 'bob')).toEqual([bob]);
  expect(await listed(router, 'kong')).toEqual([kong]);
  expect(await listed(router, 'both')).toEqual([]);
  for (const id of ada) {
    expect([await finds(router, 'ada', id), await finds(router, 'bob', id), await finds(router, 'kong', id), await finds(router, 'both', id)]).toEqual([true, false, false, false]);
  }
  expect([await finds(router, 'ada', kong), await finds(router, 'ada', bob), await finds(router, 'kong', kong)]).toEqual([false, false, true]);
  // What others tried to delete is still there.
  release();
  await expect.poll(async () => (await send(router, 'ada', 'GET', `/v1/jobs/${ada[0]}`)).body['status']).toBe('succeeded');
  expect((await send(router, null, 'GET', `/v1/jobs/${bob}`)).status).toBe(401);
  expect((await send(router, 'ada', 'DELETE', `/v1/jobs/${ada[1]}`)).status).toBe(200);
});

test('a key of both planes sees what it made through either', async () => {
  const { router } = await start({ standalone: closed, runtimeAgent: closed });
  const made = [await accept(router, 'both', openAi), await accept(router, 'both', '/v1/router/jobs')].sort();
  expect(await listed(router, 'both')).toEqual(made);
  for (const id of made) expect(await finds(router, 'both', id)).toBe(true);
});

test('a key that loses a plane loses what it made there', async () => {
  const { router, policyPath } = await start({ standalone: closed, runtimeAgent: closed });
  const [chatted, ordered] = [await accept(router, 'both', openAi), await accept(router, 'both', '/v1/router/jobs')];
  const apiKeys = [{ ...key('both', 'standalone'), enabled: true, limits: {} }];
  writeFileSync(policyPath, JSON.stringify({ version: 2, planes: { standalone: closed, runtimeAgent: closed }, apiKeys }));
  await expect.poll(async () => (await send(router, 'kong', 'GET', '/v1/jobs')).status).toBe(401);
  expect([await finds(router, 'both', chatted), await finds(router, 'both', ordered)]).toEqual([true, false]);
  expect(await listed(router, 'both')).toEqual([chatted]);
});

test('without keys everybody on this machine shares what was made without one, and sees nothing of a key', async () => {
  const { router } = await start({ standalone: open, runtimeAgent: open });
  const anonymous = [await accept(router, null, openAi), await accept(router, 'not-a-key', openAi), await accept(router, null, '/v1/router/jobs')].sort();
  const ada = await accept(router, 'ada', openAi);
  expect(await listed(router, null)).toEqual(anonymous);
  expect(await listed(router, 'ada')).toEqual([ada]);
  for (const id of anonymous) expect([await finds(router, null, id), await finds(router, 'ada', id)]).toEqual([true, false]);
  expect([await finds(router, null, ada), await finds(router, 'ada', ada)]).toEqual([false, true]);
});

test('an open runtime agent plane shows nothing of a standalone plane that is locked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oar-owners-'));
  folders.push(folder);
  const store = { kind: 'sqlite', path: join(folder, 'router.db') };
  const before = await start({ standalone: open, runtimeAgent: open }, { store });
  const [chatted, ordered] = [await accept(before.router, null, openAi), await accept(before.router, null, '/v1/router/jobs')];
  await expect.poll(() => before.router.service.jobs.counts().byStatus.succeeded).toBe(2);
  await before.router.stop();
  const { router } = await start({ standalone: closed, runtimeAgent: open }, { store });
  const ada = await accept(router, 'ada', openAi);
  expect(await listed(router, null)).toEqual([ordered]);
  expect([await finds(router, null, ordered), await finds(router, null, chatted), await finds(router, null, ada)]).toEqual([true, false, false]);
});

test('an admin sees whose jobs there are, and never what was asked or answered', async () => {
  const { router } = await start({ standalone: open, runtimeAgent: closed });
  const made: string[] = [];
  for (const [who, path] of [['ada', openAi], ['kong', '/v1/router/jobs'], [null, openAi]] as const) made.unshift(await accept(router, who, path));
  await expect.poll(() => router.service.jobs.counts().byStatus.succeeded).toBe(3);
  const answer = await send(router, 'admin', 'GET', '/v1/admin/jobs');
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain(words);
  const jobs = answer.body['jobs'] as Json[];
  expect(jobs.map((job) => [job['id'], job['principal'], job['plane']]).sort()).toEqual([[made[0], 'anonymous', 'standalone'], [made[1], 'kong', 'runtimeAgent'], [made[2], 'ada', 'standalone']].sort());
  for (const job of jobs) for (const hidden of ['request_json', 'result_json']) expect(job).not.toHaveProperty(hidden);
  expect((await send(router, 'admin', 'GET', '/v1/admin/jobs?limit=1')).body['jobs']).toHaveLength(1);
  for (const who of ['ada', 'bob', 'kong', 'both', null]) expect([401, 403], String(who)).toContain((await send(router, who, 'GET', '/v1/admin/jobs')).status);
});

test('a page never holds or counts what belongs to others', async () => {
  const { router } = await start({ standalone: closed, runtimeAgent: closed });
  const mine: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    mine.unshift(await accept(router, 'ada', openAi));
    await accept(router, 'bob', openAi);
  }
  const pages: string[] = [];
  for (let page = await listed(router, 'ada', '/v1/jobs?limit=2'); page.length > 0; page = await listed(router, 'ada', `/v1/jobs?limit=2&before=${pages.at(-1)}`)) {
    const inOrder = mine.filter((id) => page.includes(id));
    expect(inOrder).toHaveLength(page.length);
    pages.push(...inOrder);
  }
  expect(pages).toEqual(mine);
});

test('on an open network nobody is told the ids of what callers elsewhere did', async () => {
  const { router } = await start({ standalone: open, runtimeAgent: open });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const made: Record<string, string> = {};
  for (const address of ['203.0.113.7', '203.0.113.8']) made[address] = String((await ask(router, openAi, chatJob, from(address))).body['id']);
  for (const [address, id] of Object.entries(made)) {
    const jobs = (await send(router, null, 'GET', '/v1/jobs', from(address))).body['jobs'] as Json[];
    expect(jobs.map((job) => job['id'])).toEqual([id]);
    expect((await send(router, null, 'GET', `/v1/jobs/${id}`, from(address))).status).toBe(200);
  }
  expect(await listed(router, null)).toEqual(Object.values(made).sort());
});

/** Whose trace somebody finds under an id; null: none. */
async function traceOf(router: TestRouter, who: string | null, path: string): Promise<unknown> {
  const answer = await send(router, who, 'GET', path);
  if (answer.status === 200) return answer.body['owner'];
  expect([answer.status, objectIn(answer.text)['error']], answer.text).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
  return null;
}

const traced = async (router: TestRouter, who: string | null, path = '/v1/router/traces', headers: Record<string, string> = {}): Promise<string[]> => {
  const answer = await send(router, who, 'GET', path, headers);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.text).not.toContain(words);
  return (answer.body['traces'] as Json[]).map((trace) => String(trace['request_id'])).sort();
};

const chatted = async (router: TestRouter, who: string | null, headers: Record<string, string> = {}): Promise<string> => {
  const answer = await ask(router, openAi, { model: 'small:1b', messages: chatJob.messages }, { ...as(who), ...headers });
  expect(answer.status, answer.text).toBe(200);
  return String(answer.headers.get('x-oar-request-id'));
};

test('a trace belongs to the key and plane that made it: others get 404; who may read the fleet sees all, and so does an admin, without a word of a prompt', async () => {
  const { router } = await start({ standalone: closed, runtimeAgent: closed });
  const [ada, bob, both] = [await chatted(router, 'ada'), await chatted(router, 'bob'), await chatted(router, 'both')];
  const executed = await ask(router, '/v1/router/execute', gatewayJob, as('both'));
  expect(executed.status, executed.text).toBe(200);
  const through = String(executed.headers.get('x-oar-request-id'));
  const all = [ada, bob, both, through].sort();
  expect(await traced(router, 'ada')).toEqual([ada]);
  expect(await traced(router, 'bob')).toEqual([bob]);
  expect(await traced(router, 'kong')).toEqual([]);
  expect(await traced(router, 'both')).toEqual([both, through].sort());
  // Nobody widens their own list.
  expect(await traced(router, 'ada', '/v1/router/traces?key=bob&plane=runtimeAgent')).toEqual([]);
  for (const [who, id, whose] of [['ada', ada, 'ada'], ['bob', ada, null], ['both', ada, null], ['kong', through, null], ['both', through, 'both']] as const) expect([who, await traceOf(router, who, `/v1/router/traces/${id}`)]).toEqual([who, whose]);
  expect(await traced(router, 'bob', '/dashboard/api/traces')).toEqual(all);
  expect(await traceOf(router, 'bob', `/dashboard/api/traces/${ada}`)).toBe('ada');
  expect(await traced(router, 'admin', '/v1/admin/traces')).toEqual(all);
  for (const path of ['/dashboard/api/traces', `/dashboard/api/traces/${ada}`, '/dashboard/api/traces/export']) expect((await send(router, 'ada', 'GET', path)).status, path).toBe(403);
  for (const who of ['ada', 'bob', 'kong', 'both', null]) expect([401, 403], String(who)).toContain((await send(router, who, 'GET', '/v1/admin/traces')).status);
});

test('without keys this machine shares the traces that were made without one; elsewhere each address is told of its own', async () => {
  const { router } = await start({ standalone: open, runtimeAgent: open });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const [here, there, other, ada] = [await chatted(router, null), await chatted(router, null, from('203.0.113.7')), await chatted(router, null, from('203.0.113.8')), await chatted(router, 'ada')];
  expect(await traced(router, null)).toEqual([here, there, other].sort());
  expect(await traced(router, null, '/v1/router/traces', from('203.0.113.7'))).toEqual([there]);
  expect([await traceOf(router, null, `/v1/router/traces/${here}`), await traceOf(router, null, `/v1/router/traces/${ada}`)]).toEqual(['anonymous', null]);
});

/** Keeps an answer and gives its id. */
async function respond(router: TestRouter, who: string | null, more: Json = {}): Promise<string> {
  const answer = await ask(router, '/v1/responses', { model: 'small:1b', input: words, ...more }, as(who));
  expect(answer.status, answer.text).toBe(200);
  return String(answer.body['id']);
}

test('a kept answer belongs to the key and plane that made it: others get 404 and cannot go on from it', async () => {
  const { router, policyPath } = await start({ standalone: closed, runtimeAgent: closed });
  const kept = await respond(router, 'both');
  expect((await send(router, 'both', 'GET', `/v1/responses/${kept}`)).status).toBe(200);
  for (const who of ['ada', 'bob', 'kong']) for (const method of ['GET', 'DELETE']) expect([who, (await send(router, who, method, `/v1/responses/${kept}`)).status]).toEqual([who, 404]);
  expect((await ask(router, '/v1/responses', { model: 'small:1b', input: 'And?', previous_response_id: kept }, as('ada'))).status).toBe(404);
  await respond(router, 'both', { previous_response_id: kept });
  // The key loses the plane through which it made the answer.
  const apiKeys = [{ ...key('both', 'runtimeAgent'), enabled: true, limits: {} }];
  writeFileSync(policyPath, JSON.stringify({ version: 2, planes: { standalone: closed, runtimeAgent: closed }, apiKeys }));
  await expect.poll(async () => (await send(router, 'kong', 'GET', '/v1/jobs')).status).toBe(401);
  expect((await send(router, 'both', 'GET', `/v1/responses/${kept}`)).status).toBe(404);
});

test('an admin sees whose answers are kept, of which model, how large and until when, and never what was asked or answered', async () => {
  const { router } = await start({ standalone: open, runtimeAgent: closed });
  const before = Date.now() / 1000;
  const [ada, nobody] = [await respond(router, 'ada'), await respond(router, null)];
  const answer = await send(router, 'admin', 'GET', '/v1/admin/responses');
  expect([answer.status, answer.text.includes(words)]).toEqual([200, false]);
  const rows = answer.body['responses'] as Json[];
  expect(rows.map((row) => [row['id'], row['principal'], row['plane'], row['model']])).toEqual([[nobody, 'anonymous', 'standalone', 'small:1b'], [ada, 'ada', 'standalone', 'small:1b']]);
  for (const row of rows) {
    expect(Object.keys(row).sort()).toEqual(['bytes', 'created_at', 'expires_at', 'id', 'model', 'plane', 'principal']);
    expect(Number(row['bytes'])).toBeGreaterThan(words.length);
    expect(Date.parse(String(row['created_at'])) / 1000).toBeGreaterThan(before - 1);
    expect(Date.parse(String(row['expires_at']))).toBeGreaterThan(Date.parse(String(row['created_at'])));
  }
  const [first] = (await send(router, 'admin', 'GET', '/v1/admin/responses?limit=1')).body['responses'] as Json[];
  expect(((await send(router, 'admin', 'GET', `/v1/admin/responses?limit=5&before=${String(first?.['id'])}`)).body['responses'] as Json[]).map((row) => row['id'])).toEqual([ada]);
  for (const who of ['ada', 'bob', 'kong', null]) expect([401, 403], String(who)).toContain((await send(router, who, 'GET', '/v1/admin/responses')).status);
});
