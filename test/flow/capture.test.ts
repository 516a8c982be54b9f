/** What is kept of requests: of nobody unless their key is named or switched on, without secrets, shown to whoever sent it and to admins, and let go in time. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.gen.ts';
import { runCli } from '../../src/app/cli.ts';
import { callRouter } from '../../src/app/call-router.ts';
import { accessOf, bearer, closed, keyEntry } from '../support/access-bed.ts';
import { fakeWorld } from '../fakes/command-world.ts';
import { ask, backendsOf, fakeServer, type Json, ollamaChat, openAi, read, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-capture-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const serviceKey = ['sk', '-live-ABCDEFGHIJKLMNOP'].join('');

async function bed(capture: Json, name = 'capture') {
  const fake = await fakeServer({ models: ['a:1b', 'b:1b'] });
  fake.script('*', { chunks: ['The answer', ` is ${serviceKey.slice(0, 9)}`, serviceKey.slice(9)], usage: { promptTokens: 9, completionTokens: 30 } });
  const keys = [keyEntry('kept', { scopes: ['standalone', 'read'] }), keyEntry('silent', { scopes: ['standalone', 'read', 'manage'] })];
  const path = join(folder, `${name}.db`);
  const router = await routerWith({ backends: backendsOf({ east: fake }), access: accessOf({ standalone: closed, runtimeAgent: closed }, keys), store: { kind: 'sqlite', path }, telemetry: { capture } });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  return { router, fake, path };
}

const body = (text: string, more: Json = {}): Json => ({ model: 'a:1b', messages: [{ role: 'user', content: text }], ...more });

async function say(router: TestRouter, key: string, text: string, more: Json = {}, at = openAi): Promise<string> {
  const answer = await ask(router, at, body(text, more), bearer(key));
  expect(answer.status).toBe(200);
  return answer.headers.get('x-oar-request-id') ?? '';
}

const captureOf = async (router: TestRouter, id: string, headers: Record<string, string>, door = '/v1/router') => read(await router.get(`${door}/traces/${id}/capture`, headers));

/** All that is on disk, whatever the file. */
function onDisk(name: string): string {
  return readdirSync(folder).filter((file) => file.startsWith(name)).map((file) => readFileSync(join(folder, file), 'latin1')).join('');
}

test('nothing is kept unless a key is named', async () => {
  const { router } = await bed({}, 'off');
  const id = await say(router, 'kept', 'MARKoff');
  expect((await captureOf(router, id, bearer('kept'))).status).toBe(404);
  expect((await read(await router.get(`/v1/router/traces/${id}`, bearer('kept')))).body['captured']).toBeNull();
  await router.stop();
  expect(onDisk('off')).not.toMatch(/MARKoff|The answer/);
});

test.each([[openAi, {}], [openAi, { stream: true }], [ollamaChat, { stream: true }]])('of a named key the request and its answer are kept without secrets (%s, %j); of the others not a word', async (at, more) => {
  const name = `on${at.length}${String('stream' in more)}`;
  const { router } = await bed({ keys: ['kept'], redact: ['projekt \\w+'] }, name);
  const id = await say(router, 'kept', `Why? ${serviceKey} of Projekt Zebra`, { ...more, metadata: { api_key: 'hidden-one' } }, at);
  const others = await say(router, 'silent', 'MARKsilent', more, at);
  const { status, headers, body: shown } = await captureOf(router, id, bearer('kept'));
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(shown).toMatchObject({ request_id: id, path: at, status_code: 200, body: { model: 'a:1b', messages: [{ role: 'user', content: 'Why? [redacted] of [redacted]' }], metadata: { api_key: '[redacted]' } }, answer: { text: 'The answer is [redacted]', reasoning: null, tool_calls: null }, redactions: 4 });
  expect((await captureOf(router, others, bearer('silent'))).status).toBe(404);
  await router.stop();
  expect(onDisk(name)).toContain('The answer is');
  expect(onDisk(name)).not.toMatch(/MARKsilent|ABCDEFGHIJ|Zebra|hidden-one/);
  for (const file of readdirSync(folder).filter((one) => one.startsWith(name))) expect((statSync(join(folder, file)).mode & 0o077).toString(8)).toBe('0');
});

test('it is shown to whoever sent it and to admins, who are audited; to nobody else, whatever they may do', async () => {
  const { router } = await bed({ keys: ['kept'] }, 'who');
  const id = await say(router, 'kept', 'MARKmine');
  for (const path of [`/v1/router/traces/${id}`, `/dashboard/api/traces/${id}`]) {
    expect((await read(await router.get(path, bearer('kept')))).body['captured']).toMatchObject({ path: openAi, body: { messages: [{ content: 'MARKmine' }] } });
  }
  expect((await read(await router.get(`/dashboard/api/traces/${id}`, bearer('silent')))).body).toMatchObject({ request_id: id, captured: null });
  expect((await captureOf(router, id, bearer('silent'))).status).toBe(404);
  expect((await captureOf(router, id, {})).status).toBe(401);
  expect((await captureOf(router, id, bearer('silent'), '/v1/admin')).status).toBe(401);
  expect((await captureOf(router, id, bearer('admin'), '/v1/admin')).body).toMatchObject({ body: { messages: [{ content: 'MARKmine' }] } });
  const audit = (await read(await router.get('/v1/admin/audit', bearer('admin')))).text;
  expect([audit.includes('capture_read'), audit.includes('MARKmine')]).toEqual([true, false]);
  for (const path of ['/v1/router/traces', '/dashboard/api/traces', '/dashboard/api/traces/export']) expect((await read(await router.get(path, bearer('kept')))).text).not.toContain('MARKmine');
  expect(JSON.stringify(router.lines)).not.toContain('MARKmine');
});

test('no more than so many bytes are kept, the oldest go, and a restart still counts what was there', async () => {
  const { router } = await bed({ keys: ['kept'], maxBytes: '4kb' }, 'bound');
  const ids: string[] = [];
  for (let index = 0; index < 8; index += 1) ids.push(await say(router, 'kept', `${index}: ${'word '.repeat(150)}`));
  const statuses = await Promise.all(ids.map(async (id) => (await captureOf(router, id, bearer('kept'))).status));
  expect([statuses[0], statuses.at(-1)]).toEqual([404, 200]);
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(4);
  await router.stop();
  const again = await bed({ keys: ['kept'], maxBytes: '1kb' }, 'bound');
  expect((await captureOf(again.router, ids.at(-1) ?? '', bearer('kept'))).status).toBe(404);
});

test('pictures are dropped, and a job is kept once, when it has run', async () => {
  const { router } = await bed({ keys: ['kept'] }, 'job');
  const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const shown = await say(router, 'kept', 'x', { messages: [{ role: 'user', content: 'See', images: [picture] }], stream: false }, ollamaChat);
  expect((await captureOf(router, shown, bearer('kept'))).text).not.toContain(picture.slice(0, 20));
  const accepted = await ask(router, openAi, body('Later', { router: { mode: 'async' } }), bearer('kept'));
  expect(accepted.status).toBe(202);
  const job = String(accepted.body['id']);
  await expect.poll(async () => (await captureOf(router, job, bearer('kept'))).status).toBe(200);
  expect((await captureOf(router, job, bearer('kept'))).body).toMatchObject({ body: { messages: [{ content: 'Later' }] }, answer: { text: 'The answer is [redacted]' } });
  expect((await captureOf(router, accepted.headers.get('x-oar-request-id') ?? '', bearer('kept'))).status).toBe(404);
});

test('oar replay sends it again, to another model too, and shows both figures', async () => {
  const { router, fake } = await bed({ keys: ['kept'] }, 'replay');
  const id = await say(router, 'kept', 'Once more', { temperature: 0.5 });
  const world = fakeWorld({ isTerminal: true });
  const run = (line: readonly string[]) => runCli(['replay', ...line, '--url', router.url, '--api-key', bearer('kept')['authorization']?.replace('Bearer ', '') ?? ''], { ...world.context, call: callRouter }, commands);
  expect(await run([id, '--model', 'b:1b'])).toBe(0);
  expect(fake.requests.at(-1)?.body).toMatchObject({ model: 'b:1b', temperature: 0.5, messages: [{ role: 'user', content: 'Once more' }] });
  const out = world.printed.join('\n');
  expect(out).toMatch(/Model\s+a:1b\s+b:1b/);
  expect(out).toMatch(/Tokens out\s+30\s+30/);
  expect(out.match(/The answer is/g)).toHaveLength(2);
  expect(await run(['req_nobody'])).toBe(1);
  expect(world.complained.join()).toContain('Nothing was kept of this request');
});

const switchTo = async (router: TestRouter, key: string, on: unknown, who = 'admin') => read(await fetch(`${router.url}/v1/admin/captures/keys/${key}`, { method: 'PUT', headers: { 'content-type': 'application/json', ...bearer(who) }, body: JSON.stringify({ on }) }));

test('an admin switches it for a key while the router runs; it is audited, and holds over a restart', async () => {
  const { router } = await bed({ keys: ['kept'] }, 'switch');
  const before = await say(router, 'silent', 'MARKbefore');
  expect((await switchTo(router, 'silent', true)).body).toEqual({ id: 'silent', on: true });
  expect((await switchTo(router, 'kept', false)).body).toEqual({ id: 'kept', on: false });
  const during = await say(router, 'silent', 'MARKduring');
  const off = await say(router, 'kept', 'MARKoff');
  const statuses = async (at: TestRouter, ...wanted: readonly (readonly [string, string])[]) => Promise.all(wanted.map(async ([id, key]) => (await captureOf(at, id, bearer(key))).status));
  expect(await statuses(router, [before, 'silent'], [during, 'silent'], [off, 'kept'])).toEqual([404, 200, 404]);
  const audit = (await read(await router.get('/v1/admin/audit', bearer('admin')))).body['entries'] as readonly Json[];
  expect(audit.filter(({ reason }) => String(reason).startsWith('capture_switched')).map(({ reason, target, outcome }) => [reason, target, outcome])).toEqual([['capture_switched_off', 'kept', 'success'], ['capture_switched_on', 'silent', 'success']]);
  await router.stop();
  const again = await bed({ keys: ['kept'] }, 'switch');
  const after = await say(again.router, 'silent', 'MARKafter');
  const still = await say(again.router, 'kept', 'MARKstill');
  expect(await statuses(again.router, [after, 'silent'], [still, 'kept'])).toEqual([200, 404]);
  expect((await read(await again.router.get('/v1/admin/captures/keys', bearer('admin')))).body).toEqual({ keys: [{ id: 'kept', on: false, source: 'run-time' }, { id: 'silent', on: true, source: 'run-time' }] });
});

test('only admins switch it, and only for keys that there are', async () => {
  const { router } = await bed({}, 'guard');
  expect((await switchTo(router, 'silent', true, 'silent')).status).toBe(401);
  expect((await read(await router.get('/v1/admin/captures/keys', bearer('silent')))).status).toBe(401);
  expect((await switchTo(router, 'nobody', true)).status).toBe(404);
  expect((await switchTo(router, 'silent', 'yes')).status).toBe(400);
  expect((await switchTo(router, 'anonymous', true)).status).toBe(200);
  expect((await captureOf(router, await say(router, 'silent', 'MARKno'), bearer('silent'))).status).toBe(404);
});
