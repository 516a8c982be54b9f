/** The admin API over real sockets: keys and policy change while the router runs, and whatever is done or tried stands in the audit. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hashOf } from '../../src/util/secret-hash.ts';
import { createAdminPlane } from '../../src/app/admin-plane.ts';
import { openAccess } from '../../src/app/open-access.ts';
import { newRequestId, requireDialect } from '../../src/app/service.ts';
import { parsePolicy } from '../../src/config/managed-policy.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Route } from '../../src/http/http.ts';
import { rules } from '../../src/http/rules.ts';
import { startServer } from '../../src/http/server.ts';
import { driver } from '../../src/store/memory/index.ts';
import type { Log } from '../../src/telemetry/telemetry.ts';
import { systemClock } from '../../src/util/system-clock.ts';

type Json = Record<string, unknown>;

const adminKey = 'the-admin-key';
const config = '/v1/admin/access/config';
const keys = '/v1/admin/access/keys';
const closed = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } };
const whole = { planes: { standalone: closed, runtimeAgent: closed }, apiKeys: [] };

interface Line {
  readonly level: string;
  readonly fields: Json;
  readonly message: string;
}

interface Told {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
  readonly headers: Headers;
}

/** A server with the admin plane and one address of the standalone plane. */
async function bed(admin: Json = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'oar-admin-'));
  const path = join(folder, 'access.yaml');
  const parsed = configSchema.parse({ access: { managedConfigPath: path, managed: whole, admin: { enabled: true, apiKeyHashes: [hashOf(adminKey)], ...admin } } });
  const lines: Line[] = [];
  const say = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string): void => void lines.push({ level, fields, message });
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error'), flush: () => Promise.resolve() };
  const clock = systemClock;
  const store = await driver.open({});
  const access = await openAccess({ config: parsed, clock, log, denied: (entry) => plane.denied(entry), used: (id, at) => plane.used(id, at) });
  const plane = createAdminPlane({ config: parsed, store, file: access.file, clock, log });
  const greeting: Route = { method: 'POST', path: '/v1/hello', rule: rules.infer, handle: async (exchange) => exchange.send(200, { who: exchange.principal.id, said: (await exchange.body()).length }) };
  const openAi = requireDialect('openai-chat');
  const server = await startServer({
    host: '127.0.0.1', port: 0, basePath: '/', bodyLimitBytes: 1_000_000, formLimitBytes: 1_000_000, tls: null, access: access.control, origins: [], routes: [...plane.routes, greeting],
    shapes: { openAi: (error, id) => openAi.encodeError(error, id), ollama: (error, id) => openAi.encodeError(error, id) }, clock, newRequestId, log,
  });
  onTestFinished(async () => {
    await server.stop(0);
    await plane.stop();
    await access.file?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const call = async (method: string, where: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${adminKey}` }): Promise<Told> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${where}`, { method, headers: { 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
    const text = await answer.text();
    return { status: answer.status, text, body: JSON.parse(text || '{}') as Json, headers: answer.headers };
  };
  const hello = async (secret: string): Promise<number> => (await call('POST', '/v1/hello', {}, { authorization: `Bearer ${secret}` })).status;
  const written = () => parsePolicy(readFileSync(path, 'utf8'), path);
  const actions = (): Json[] => lines.filter(({ message }) => message === 'admin access audit').map(({ fields }) => fields);
  return { call, hello, written, actions, lines, path, store, file: access.file, plane };
}

const messageIn = ({ body }: Told): string => String((body['error'] as Json)['message']);
const codeIn = ({ body }: Told): unknown => (body['error'] as Json)['code'];

test('the policy is read, and replaced as a whole: the next version, in force at once and in the file', async () => {
  const { call, hello, written, actions } = await bed();
  const read = await call('GET', config);
  expect([read.status, read.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(read.body).toMatchObject({ version: 1, planes: { standalone: { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } } }, apiKeys: [] });
  expect(await hello('anything')).toBe(401);
  const open = { ...whole, version: 77, planes: { ...whole.planes, standalone: { enabled: true, auth: { requireApiKey: false, anonymous: 'allow' } } }, apiKeys: [{ id: 'a', keyHash: hashOf('a'), scopes: ['standalone'] }] };
  const replaced = await call('PUT', config, { expectedVersion: 1, config: open });
  expect([replaced.status, replaced.body]).toMatchObject([200, { version: 2, updatedAt: expect.stringMatching(/^20.*Z$/), apiKeys: [{ id: 'a', keyHash: hashOf('a'), enabled: true }] }]);
  expect(await hello('anything')).toBe(200);
  expect(written()).toEqual(replaced.body);
  expect((await call('GET', config)).body).toEqual(replaced.body);
  expect(actions().map(({ method, reason, outcome, versionBefore, versionAfter }) => [method, reason, outcome, versionBefore, versionAfter])).toEqual([
    ['GET', 'config_read', 'success', undefined, undefined],
    ['PUT', 'config_updated', 'success', 1, 2],
    ['GET', 'config_read', 'success', undefined, undefined],
  ]);
});

test.each<[string, unknown, string]>([
  ['nothing (AR-D14)', { config: {} }, 'planes is missing'],
  ['no config', {}, 'config is missing'],
  ['no body', undefined, 'config is missing'],
  ['a plane less', { config: { ...whole, planes: { standalone: closed } } }, 'planes.runtimeAgent is missing'],
  ['a plane without its rule', { config: { ...whole, planes: { ...whole.planes, standalone: { enabled: true } } } }, 'planes.standalone.auth is missing'],
  ['no list of keys', { config: { planes: whole.planes } }, 'apiKeys is missing'],
  ['a word that does not exist', { config: { ...whole, allowOpenNetwork: true } }, 'allowOpenNetwork'],
  ['a word beside the policy', { config: whole, force: true }, 'force'],
  ['a version that is none', { config: whole, expectedVersion: '1' }, 'expectedVersion'],
  ['two keys that are one', { config: { ...whole, apiKeys: [{ id: 'a', keyHash: hashOf('a'), scopes: ['standalone'] }, { id: 'b', keyHash: hashOf('a'), scopes: ['standalone'] }] } }, 'same key'],
  ['a list', [], 'JSON object'],
  ['no JSON', '{', 'not valid JSON'],
])('a policy with %s is refused and changes nothing', async (_what, body, words) => {
  const { call, written, actions } = await bed();
  const before = written();
  const refused = await call('PUT', config, body);
  expect([refused.status, codeIn(refused)]).toEqual([400, 'invalid_request']);
  expect(messageIn(refused)).toContain(words);
  expect(written()).toEqual(before);
  expect(actions()).toMatchObject([{ outcome: 'failure', reason: 'invalid_request' }]);
});

test('whoever has not seen the last change is told, and changes nothing', async () => {
  const { call, written, actions } = await bed();
  await call('PUT', config, { config: whole });
  const late = await call('PUT', config, { expectedVersion: 1, config: { ...whole, planes: { standalone: { ...closed, enabled: false }, runtimeAgent: closed } } });
  expect([late.status, messageIn(late), codeIn(late)]).toEqual([409, 'Access config version mismatch: expected 1, current 2', 'conflict']);
  expect(written()).toMatchObject({ version: 2, planes: { standalone: { enabled: true } } });
  const further = await Promise.all([call('POST', keys, { id: 'a', scopes: ['standalone'], expectedVersion: 1 }), call('DELETE', `${keys}/a?expectedVersion=1`), call('PATCH', `${keys}/a`, { enabled: false, expectedVersion: 1 })]);
  expect(further.map(({ status }) => status)).toEqual([409, 409, 409]);
  expect(actions().filter(({ outcome }) => outcome === 'failure').map(({ reason }) => reason)).toEqual(Array.from({ length: 4 }, () => 'Access config version mismatch: expected 1, current 2'));
});

test('a key with a hash of its caller\'s own is taken as before, at once, until it is revoked', async () => {
  const { call, hello, actions } = await bed();
  const added = await call('POST', keys, { id: 'user-alice', name: 'Alice', keyHash: hashOf('alice'), scopes: ['standalone'], limits: { standalone: { requests: 100, windowSeconds: 60 } } });
  expect([added.status, added.body]).toEqual([201, { id: 'user-alice', name: 'Alice', keyHash: hashOf('alice'), enabled: true, scopes: ['standalone'], limits: { standalone: { requests: 100, windowSeconds: 60 } } }]);
  expect(await hello('alice')).toBe(200);
  const revoked = await call('DELETE', `${keys}/user-alice`);
  expect([revoked.status, revoked.body]).toEqual([200, { revoked: added.body }]);
  expect(await hello('alice')).toBe(401);
  const again = await call('DELETE', `${keys}/user-alice`);
  expect([again.status, messageIn(again)]).toEqual([404, "API key 'user-alice' not found"]);
  expect(actions().map(({ reason, target, outcome, principal, remoteIp }) => [reason, target, outcome, principal, remoteIp])).toEqual([
    ['key_added', 'user-alice', 'success', `admin:${hashOf(adminKey).slice(7, 15)}`, '127.0.0.1'],
    ['key_revoked', 'user-alice', 'success', `admin:${hashOf(adminKey).slice(7, 15)}`, '127.0.0.1'],
    ["API key 'user-alice' not found", 'user-alice', 'failure', `admin:${hashOf(adminKey).slice(7, 15)}`, '127.0.0.1'],
  ]);
});

test('a key without a hash is made here: shown once, kept as a hash', async () => {
  const { call, hello, path } = await bed();
  const { status, body } = await call('POST', keys, { id: 'bob', scopes: ['standalone'] });
  const secret = String(body['key']);
  expect([status, secret, body['keyHash']]).toEqual([201, expect.stringMatching(/^oar_[\w-]{43}$/), hashOf(secret)]);
  expect(await hello(secret)).toBe(200);
  const later = [(await call('GET', keys)).text, (await call('GET', config)).text, readFileSync(path, 'utf8')];
  for (const text of later) expect(text).not.toContain(secret);
});

test.each<[string, Json, number, string]>([
  ['an id that is taken', { id: 'a', keyHash: hashOf('new'), scopes: ['standalone'] }, 409, "API key with id 'a' already exists"],
  ['the same key under another id', { id: 'b', keyHash: hashOf('a').toUpperCase().replace('SHA256', 'sha256'), scopes: ['standalone'] }, 409, "'a'"],
  ['no id', { scopes: ['standalone'] }, 400, 'id is missing'],
  ['a secret in place of a hash', { id: 'b', keyHash: 'hunter2', scopes: ['standalone'] }, 400, 'keyHash must be'],
  ['no scope', { id: 'b', scopes: [] }, 400, 'scopes'],
  ['an unknown scope', { id: 'b', scopes: ['admin'] }, 400, 'scopes[0]'],
  ['an unknown field', { id: 'b', scopes: ['standalone'], admin: true }, 400, 'admin'],
  ['a name of another kind of caller', { id: 'anonymous', scopes: ['standalone'] }, 400, 'id must be'],
])('a key with %s is refused', async (_what, body, status, words) => {
  const { call, written } = await bed();
  await call('POST', keys, { id: 'a', keyHash: hashOf('a'), scopes: ['standalone'] });
  const refused = await call('POST', keys, body);
  expect([refused.status, messageIn(refused)]).toEqual([status, expect.stringContaining(words)]);
  expect(refused.text).not.toContain('hunter2');
  expect(written()).toMatchObject({ version: 2, apiKeys: [{ id: 'a' }] });
});

test('a key is changed field by field, and rotated: the old secret is refused from then on', async () => {
  const { call, hello } = await bed();
  const first = String((await call('POST', keys, { id: 'a', name: 'Old', scopes: ['standalone'], expiresAt: '2999-01-01T00:00:00Z' })).body['key']);
  const changed = await call('PATCH', `${keys}/a`, { name: 'New', expiresAt: null, models: ['small:*'], maxPriority: 'low', scopes: ['standalone', 'read'], limits: { standalone: { requests: 1, windowSeconds: 3600 } } });
  expect([changed.status, changed.body]).toEqual([200, { id: 'a', name: 'New', keyHash: hashOf(first), enabled: true, scopes: ['standalone', 'read'], models: ['small:*'], maxPriority: 'low', limits: { standalone: { requests: 1, windowSeconds: 3600 } } }]);
  expect([await hello(first), await hello(first)]).toEqual([200, 429]);
  await call('PATCH', `${keys}/a`, { limits: null, enabled: false });
  expect(await hello(first)).toBe(401);
  await call('PATCH', `${keys}/a`, { enabled: true });
  expect(await hello(first)).toBe(200);
  const rotated = await call('POST', `${keys}/a/rotate`);
  const second = String(rotated.body['key']);
  expect([rotated.status, second, rotated.body['id']]).toEqual([200, expect.stringMatching(/^oar_/), 'a']);
  expect([await hello(first), await hello(second)]).toEqual([401, 200]);
});

test.each<[string, string, Json]>([
  ['another id', '', { id: 'b' }],
  ['a hash', '', { keyHash: hashOf('b') }],
  ['no scope', '', { scopes: [] }],
  ['an expiry that is none', '', { expiresAt: 'soon' }],
  ['an enabled that is taken away with a word for it', '', { enabled: 'no' }],
  ['an enabled that is taken away', '', { enabled: null }],
  ['a rotation with more in it', '/rotate', { key: 'mine' }],
])('a change to %s is refused', async (_what, more, body) => {
  const { call, written } = await bed();
  await call('POST', keys, { id: 'a', keyHash: hashOf('a'), scopes: ['standalone'] });
  expect((await call(more === '' ? 'PATCH' : 'POST', `${keys}/a${more}`, body)).status).toBe(400);
  expect((await call(more === '' ? 'PATCH' : 'POST', `${keys}/nobody${more}`)).status).toBe(404);
  expect(written()).toMatchObject({ version: 2, apiKeys: [{ id: 'a', keyHash: hashOf('a') }] });
});

test('the list shows each key without its hash, and when it was used last', async () => {
  const { call, hello } = await bed();
  await call('POST', keys, { id: 'used', keyHash: hashOf('used'), scopes: ['standalone'] });
  await call('POST', keys, { id: 'idle', keyHash: hashOf('idle'), scopes: ['runtimeAgent'] });
  const before = Date.now();
  await hello('used');
  const { body, text } = await call('GET', keys);
  expect(body).toMatchObject({ version: 3, keys: [{ id: 'used', scopes: ['standalone'], enabled: true, lastUsedAt: expect.stringMatching(/^20.*Z$/) }, { id: 'idle', lastUsedAt: null }] });
  const [used] = body['keys'] as Json[];
  expect(Math.abs(Date.parse(String(used?.['lastUsedAt'])) - before)).toBeLessThan(5000);
  expect(text).not.toMatch(/sha256|keyHash/);
  await call('DELETE', `${keys}/used`);
  await call('POST', keys, { id: 'used', keyHash: hashOf('another'), scopes: ['standalone'] });
  expect((await call('GET', keys)).body['keys']).toMatchObject([{ id: 'idle' }, { id: 'used', lastUsedAt: null }]);
});

test('twenty changes at once all land, and the version counts them', async () => {
  const { call, written } = await bed();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => call('POST', keys, { id: `k${index}`, scopes: ['standalone'] })));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 201));
  expect(written().version).toBe(21);
  expect(written().apiKeys).toHaveLength(20);
});

test('an edit by hand is in force when it is read again, and no admin replaces it unseen', async () => {
  const { call, hello, path, file } = await bed();
  writeFileSync(path, JSON.stringify({ ...whole, version: 1, apiKeys: [{ id: 'hand', keyHash: hashOf('hand'), scopes: ['standalone'] }] }));
  await file?.reload(true);
  expect(await hello('hand')).toBe(200);
  expect((await call('PUT', config, { expectedVersion: 1, config: whole })).status).toBe(409);
  writeFileSync(path, 'planes: {standalone: open');
  await file?.reload(true);
  expect(await hello('hand')).toBe(200);
  expect((await call('POST', keys, { id: 'b', scopes: ['standalone'] })).status).toBe(503);
});

test('the audit is read in pages, newest first, with who, what and from where; denied attempts are in it', async () => {
  const { call, hello, lines } = await bed();
  await call('POST', keys, { id: 'a', scopes: ['standalone'] });
  await call('GET', config, undefined, { authorization: 'Bearer not-the-admin' });
  await hello('wrong');
  const { status, body } = await call('GET', '/v1/admin/audit?limit=2');
  const [newest, next] = body['entries'] as Json[];
  expect(status).toBe(200);
  expect(newest).toMatchObject({ id: expect.stringMatching(/^audit_/), at: expect.stringMatching(/^20.*Z$/), event: 'plane_access_denied', outcome: 'denied', reason: 'invalid_api_key', method: 'POST', path: '/v1/hello', remoteIp: '127.0.0.1', plane: 'standalone' });
  expect(next).toMatchObject({ event: 'admin_access_audit', outcome: 'denied', reason: 'invalid_admin_key', plane: 'admin' });
  const older = await call('GET', `/v1/admin/audit?limit=2&before=${String(next?.['id'])}`);
  expect(older.body['entries']).toMatchObject([{ outcome: 'success', reason: 'key_added', target: 'a', principal: `admin:${hashOf(adminKey).slice(7, 15)}`, versionBefore: 1, versionAfter: 2 }]);
  expect((await call('GET', '/v1/admin/audit?limit=x')).status).toBe(400);
  expect(lines.filter(({ message }) => message === 'plane access denied')).toMatchObject([{ level: 'warn', fields: { event: 'plane_access_denied', reason: 'invalid_api_key' } }]);
});

test('an attacker does not fill the log', async () => {
  const { hello, lines } = await bed();
  for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 10 }, (_, index) => hello(`wrong-${round}-${index}`)));
  expect(lines.filter(({ message }) => message === 'plane access denied')).toHaveLength(10);
});

test('with auditLog: false nothing is kept', async () => {
  const { call, hello, lines } = await bed({ auditLog: false });
  await call('GET', config);
  await hello('wrong');
  expect((await call('GET', '/v1/admin/audit')).body).toEqual({ entries: [] });
  expect(lines).toEqual([]);
});

test('no secret is in a log line or an audit row, wherever it was put', async () => {
  const { call, lines, store, plane } = await bed();
  const marked = (where: string): string => `marked-${where}-secret`;
  const made = String((await call('POST', keys, { id: 'made', scopes: ['standalone'] })).body['key']);
  const rotated = String((await call('POST', `${keys}/made/rotate`)).body['key']);
  const bad: readonly Record<string, string>[] = [{ authorization: `Bearer ${marked('bearer')}` }, { 'x-api-key': marked('x-api-key') }, { authorization: `Basic ${marked('basic')}`, cookie: `oar_session=${marked('cookie')}` }];
  const bodies = [{ id: `${marked('id')}!`, keyHash: marked('hash'), scopes: [marked('scope')], [marked('field')]: marked('value') }, { config: { apiKeys: [{ keyHash: marked('hash'), name: marked('name') }] }, expectedVersion: marked('version') }, `{"broken": "${marked('broken')}`];
  const places: readonly (readonly [string, string])[] = [['GET', config], ['PUT', config], ['GET', keys], ['POST', keys], ['PATCH', `${keys}/made`], ['POST', `${keys}/made/rotate`], ['DELETE', `${keys}/${made}`], ['GET', `/v1/admin/audit?before=${marked('before')}&limit=${marked('limit')}`], ['POST', '/v1/hello']];
  for (const [method, where] of places) {
    const query = `${where}${where.includes('?') ? '&' : '?'}api_key=${marked('query')}`;
    for (const headers of bad) await call(method, query, method === 'GET' ? undefined : { secret: marked('body') }, headers);
    for (const body of bodies) await call(method, query, method === 'GET' ? undefined : body);
    for (const secret of [made, rotated]) await call(method, where, method === 'GET' ? undefined : { secret }, { authorization: `Bearer ${secret}` });
  }
  await plane.stop();
  const rows = await store.audit.list({ limit: 1000 });
  expect(rows.length).toBeGreaterThan(30);
  expect(lines.length).toBeGreaterThan(30);
  for (const text of [JSON.stringify(lines), JSON.stringify(rows)]) {
    expect(text).not.toContain('marked-');
    for (const secret of [adminKey, made, rotated]) expect(text).not.toContain(secret);
  }
});
