/** Machines join a router that does not take just anybody: by token, by an operator's word, and never in another's place. */
import { expect, test } from 'vitest';
import { join } from 'node:path';
import { accessOf, bearer, closed, keyEntry, ownFolder, wireTo } from '../support/access-bed.ts';
import { ask, chat, fakeServer, faultsOf, openAi, type Json, read, routerWith, until } from '../support/flow-bed.ts';
import { heartbeat, oldBody, ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

const token = 'the-token-that-lets-machines-in';

function guardedRouter(config: Json = {}): Promise<TestRouter> {
  return routerWith({ backends: [], fleet: { enrolToken: token }, ...config });
}

function nodeIn(router: TestRouter, id: string) {
  return router.fleet.view().nodes.find((node) => node.id === id);
}

test('a machine that shows the token joins with its first report and serves within three seconds', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await guardedRouter();
  const startedAt = Date.now();
  const answer = await new ScriptedNode(router, 'studio', { token }).report([ollamaOf(fake)]);
  expect([answer.status, answer.body]).toMatchObject([200, { status: 'ok', node_status: 'online', enrolment: 'enrolled' }]);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).headers.get('x-oar-backend')).toBe('studio');
  expect(Date.now() - startedAt).toBeLessThan(3000);
  // From then on its own secret is enough.
  expect((await new ScriptedNode(router, 'studio').report([ollamaOf(fake)])).body.enrolment).toBe('enrolled');
});

test('without a token it is listed as waiting and gets no prompt until somebody approves it', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await guardedRouter();
  const node = new ScriptedNode(router, 'studio');
  expect((await node.report([ollamaOf(fake)])).body).toMatchObject({ status: 'ok', node_status: 'waiting', enrolment: 'waiting' });
  expect(router.fleet.view().backends).toEqual([]);
  const turnedAway = await ask(router, openAi, chat({ model: 'a:1b', router: { maxQueueTimeMs: 50 } }));
  expect([turnedAway.status, turnedAway.text]).toEqual([503, expect.stringMatching(/A machine waits to be let in: `oar nodes`/)]);
  expect([fake.received, fake.listings.length]).toEqual([0, 0]);
  const listed = (await (await router.get('/fleet/nodes')).json()) as { nodes: Json[] };
  expect(listed.nodes).toMatchObject([{ id: 'studio', status: 'waiting', address: '127.0.0.1', backends: [] }]);
  const approved = await read(await router.post('/fleet/nodes/studio/approve', {}));
  expect([approved.status, approved.body]).toMatchObject([200, { id: 'studio', status: 'online' }]);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect((await node.report([ollamaOf(fake)])).body.enrolment).toBe('enrolled');
  expect((await router.post('/fleet/nodes/nobody/approve', {})).status).toBe(404);
});

test('a heartbeat in the place of another is 401, and no prompt reaches whoever sent it (FL-D17)', async () => {
  const [real, spoofed] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
  const router = await guardedRouter();
  await new ScriptedNode(router, 'studio', { token }).report([ollamaOf(real)]);
  const attempts = [
    await new ScriptedNode(router, 'studio', { secret: 'of-somebody-else' }).report([ollamaOf(spoofed)]),
    await new ScriptedNode(router, 'studio', { secret: 'of-somebody-else', token }).report([ollamaOf(spoofed)]),
    await new ScriptedNode(router, 'studio', { secret: '' }).report([ollamaOf(spoofed)]),
    await heartbeat(router, oldBody('studio', spoofed.url, ['a:1b'])),
    await new ScriptedNode(router, 'studio', { secret: 'of-somebody-else' }).leave(),
  ];
  expect(attempts.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  expect(nodeIn(router, 'studio')).toMatchObject({ draining: false });
  for (let count = 0; count < 5; count += 1) expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect([real.received, spoofed.received, spoofed.listings.length]).toEqual([5, 0, 0]);
});

test.each([
  ['lan_ip', { lan_ip: '203.0.113.66' }],
  ['ollama_host', { ollama_host: 'http://203.0.113.66:11434' }],
  ['ollama_host', { ollama_host: 'http://attacker.example' }],
])('a body whose %s is another host is refused, with the setting that would allow it (FL-D17)', async (field, more) => {
  for (const router of [await guardedRouter(), await routerWith({ backends: [] })]) {
    const answer = await heartbeat(router, oldBody('A', 'http://127.0.0.1:11600', ['a:1b'], more), { authorization: 'Bearer some-secret', 'x-oar-join-token': token });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain(field);
    expect(answer.text).toContain('fleet.allowOtherHosts: true');
    expect(router.fleet.view().backends).toEqual([]);
  }
});

test('with fleet.allowOtherHosts a machine may speak for another host', async () => {
  const router = await guardedRouter({ fleet: { enrolToken: token, allowOtherHosts: true } });
  expect((await heartbeat(router, oldBody('A', 'http://127.0.0.1:9', [], { lan_ip: '203.0.113.66' }))).body.enrolment).toBe('waiting');
  expect(nodeIn(router, 'A')?.address).toBe('203.0.113.66');
});

test('a wrong token is 401, and after too many of them 429; a machine that is in is not locked out by a neighbour', async () => {
  const router = await guardedRouter();
  const inside = new ScriptedNode(router, 'inside', { token });
  await inside.report([]);
  const statuses: number[] = [];
  for (let count = 0; count < 12; count += 1) statuses.push((await new ScriptedNode(router, `guess-${count}`, { token: `wrong-${count}` }).report([])).status);
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
  expect((await new ScriptedNode(router, 'late', { token }).report([])).status).toBe(429);
  expect((await inside.report([])).status).toBe(200);
  expect(JSON.stringify(router.lines)).not.toMatch(/wrong-\d|the-token-that/);
});

test('not everybody may wait: ten of one address, a hundred in all', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('manager', { scopes: ['standalone', 'manage'] })]) });
  const from = (address: string, count: number) => new ScriptedNode(router, `n${address.replaceAll('.', '-')}-${count}`, { headers: { 'x-forwarded-for': address } });
  for (let count = 0; count < 10; count += 1) expect((await from('203.0.113.1', count).report([])).status).toBe(200);
  expect((await from('203.0.113.1', 10).report([])).status).toBe(429);
  expect((await from('203.0.113.1', 9).report([])).status).toBe(200);
  for (let host = 2; host <= 10; host += 1) for (let count = 0; count < 10; count += 1) await from(`203.0.113.${host}`, count).report([]);
  const late = await from('203.0.113.99', 0).report([]);
  expect([late.status, Number(late.headers.get('retry-after'))]).toEqual([429, 60]);
  expect(router.fleet.nodes.waiting).toBe(100);
});

test('the address of a machine is the one that a trusted proxy names, and its own keys are no attempts at keys of callers', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('manager', { scopes: ['standalone', 'manage'] }), keyEntry('late')]) });
  const node = new ScriptedNode(router, 'away', { headers: { 'x-forwarded-for': '203.0.113.7' } });
  for (let count = 0; count < 15; count += 1) expect((await node.report([])).status).toBe(200);
  expect(nodeIn(router, 'away')).toMatchObject({ status: 'waiting', address: '203.0.113.7' });
  expect((await router.get('/v1/models', { ...bearer('late'), 'x-forwarded-for': '203.0.113.7' })).status).toBe(200);
  expect((await router.post('/fleet/nodes/away/approve', {})).status).toBe(401);
  expect((await router.post('/fleet/nodes/away/approve', {}, bearer('manager'))).status).toBe(200);
  expect(nodeIn(router, 'away')?.status).toBe('online');
});

test('an old agent that an operator approves is known by its address: the same name from elsewhere is another machine', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('manager', { scopes: ['standalone', 'manage'] })]) });
  const from = (address: string): Promise<{ readonly status: number; readonly body: Json }> => heartbeat(router, oldBody('mac', fake.url, [], { lan_ip: address }), { 'x-forwarded-for': address });
  expect((await from('127.0.0.2')).body.enrolment).toBe('waiting');
  await router.post('/fleet/nodes/mac/approve', {}, bearer('manager'));
  expect((await from('127.0.0.2')).body.enrolment).toBe('enrolled');
  expect((await from('127.0.0.3')).body.enrolment).toBe('waiting');
  expect((await from('127.0.0.2')).body.enrolment).toBe('enrolled');
  expect(router.fleet.view().nodes.map(({ id, status }) => [id, status])).toEqual([['mac', 'online'], [`mac-${fake.port}`, 'waiting']]);
});

test('who is in stays in over a restart, with what an operator said; who is removed is out', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const store = { kind: 'sqlite', path: join(ownFolder(), 'router.db') };
  const first = await guardedRouter({ store });
  await new ScriptedNode(first, 'studio', { token }).report([ollamaOf(fake)]);
  await first.post('/fleet/nodes/studio/drain', {});
  await first.stop();
  const second = await guardedRouter({ store });
  const node = new ScriptedNode(second, 'studio');
  expect((await node.report([ollamaOf(fake)])).body.enrolment).toBe('enrolled');
  expect(nodeIn(second, 'studio')?.draining).toBe(true);
  expect((await new ScriptedNode(second, 'studio', { secret: 'another' }).report([])).status).toBe(401);
  expect((await read(await second.post('/fleet/nodes/studio/remove', {}))).body).toEqual({ removed: 'studio' });
  expect(second.fleet.view()).toMatchObject({ nodes: [], backends: [] });
  expect((await node.report([ollamaOf(fake)])).body.enrolment).toBe('waiting');
  expect(nodeIn(second, 'studio')?.draining).toBe(false);
});

test('a token that is made takes the place of the one before, and stands nowhere', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('manager', { scopes: ['standalone', 'manage', 'read'] })]) });
  const made = async (): Promise<string> => String((await read(await router.post('/fleet/join-token', {}, bearer('manager')))).body.token);
  const [old, fresh] = [await made(), await made()];
  expect((await new ScriptedNode(router, 'one', { token: old }).report([])).status).toBe(401);
  expect((await new ScriptedNode(router, 'one', { token: fresh }).report([])).body.enrolment).toBe('enrolled');
  const audit = await (await router.get('/v1/admin/audit', bearer('admin'))).text();
  expect(audit).toContain('join_token_made');
  expect(audit).toContain('node_wrong_token');
  expect(`${audit}${JSON.stringify(router.lines)}`).not.toContain(fresh);
  await until(() => faultsOf(router).length === 0);
  expect((await (await guardedRouter()).post('/fleet/join-token', {})).status).toBe(409);
});

test('a stranger who calls himself like the router\'s own machine takes nothing from the backends there', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: [{ id: 'box', kind: 'ollama', url: fake.url }], fleet: { enrolToken: token }, server: { nodeId: 'home' } });
  for (const script of [{}, { token }]) {
    const answer = await new ScriptedNode(router, 'home', script).report([], { draining: true });
    expect([answer.status, answer.text]).toEqual([409, expect.stringContaining('--node-id')]);
  }
  expect(nodeIn(router, 'home')).toMatchObject({ source: 'local', status: 'online', draining: false });
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).headers.get('x-oar-backend')).toBe('box');
});

test('bodies that strangers begin and do not end take little memory, and from nobody else\'s share', async () => {
  const router = await routerWith({ backends: [], access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('manager', { scopes: ['standalone', 'manage'] })]) });
  const from = (address: string) => new ScriptedNode(router, `n${address.replaceAll('.', '-')}`, { headers: { 'x-forwarded-for': address } });
  const begun = Array.from({ length: 17 }, () => wireTo(Number(new URL(router.url).port)));
  for (const wire of begun) wire.send('POST /heartbeat HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-for: 203.0.113.1\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{');
  await Promise.any(begun.map((wire) => wire.until(/ 429 /)));
  expect((await from('203.0.113.1').report([])).status).toBe(429);
  expect((await from('203.0.113.2').report([])).status).toBe(200);
  for (const wire of begun) wire.leave();
  await expect.poll(async () => (await from('203.0.113.1').report([])).status).toBe(200);
  expect((await heartbeat(router, `{"node_id":"big","more":"${'x'.repeat(2_100_000)}"}`)).status).toBe(413);
});
