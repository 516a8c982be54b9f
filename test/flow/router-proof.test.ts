/** A router proves itself to machines over real connections: where it was asked is what counts, whoever passes the question on. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterLink } from '../../src/node/router-link.ts';
import { RouterTrust } from '../../src/node/router-trust.ts';
import { systemClock } from '../../src/util/system-clock.ts';
import { fakeServer, faultsOf, type Json, read, routerWith } from '../support/flow-bed.ts';
import { ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

const token = 'the-token-that-lets-machines-in';
const signal = new AbortController().signal;
const nonce = 'a-number-drawn-for-this-once';

const guarded = (): Promise<TestRouter> => routerWith({ backends: [], fleet: { enrolToken: token } });
const proofOf = async (router: TestRouter, body: unknown): Promise<{ readonly status: number; readonly body: Json }> => read(await router.post('/heartbeat/proof', body));

function machine(id: string, secret: string, joinToken: string | null): RouterTrust {
  const link = createRouterLink({ clock: systemClock, insecure: false, untrusted: () => {} });
  onTestFinished(() => link.close());
  const terminal = { debug: () => {}, info: () => {}, warn: () => {} };
  return new RouterTrust({ identity: { id, secret, membership: { secret, router: 'den' } }, joinToken, link, newNonce: () => randomBytes(24).toString('base64url'), keep: () => {}, terminal });
}

/** Passes every request on to the router, from the same machine. */
async function passingOn(router: TestRouter): Promise<string> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const answer = await fetch(`${router.url}${request.url}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.concat(pieces) });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a machine that belongs to it, and one that has its token, know the router; who passes their question on is not taken for it', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await guarded();
  await new ScriptedNode(router, 'studio', { secret: 'of-studio', token }).report([ollamaOf(fake)]);
  const liar = await passingOn(router);
  const [known, fresh] = [machine('studio', 'of-studio', null), machine('attic', 'of-attic', token)];
  expect(await known.termsFor({ name: 'den', url: router.url }, signal)).toEqual({ secret: 'of-studio', joinToken: null });
  expect(await fresh.termsFor({ name: 'den', url: router.url }, signal)).toMatchObject({ joinToken: token });
  expect([await known.termsFor({ name: 'den', url: liar }, signal), await fresh.termsFor({ name: 'den', url: liar }, signal)]).toEqual([null, null]);
  // Named by a person, a proxy is a proxy.
  expect(await known.termsFor({ url: liar }, signal)).toEqual({ secret: 'of-studio', joinToken: null });
});

test('it proves what it knows and no more, and neither the token nor a hash of anything is in what it says', async () => {
  const router = await guarded();
  const [first, other] = [await proofOf(router, { node_id: 'studio', nonce }), await proofOf(router, { node_id: 'studio', nonce: `${nonce}2` })];
  expect(first).toMatchObject({ status: 200, body: { address: expect.stringContaining('127.0.0.1'), port: Number(new URL(router.url).port), token: expect.stringMatching(/^[\w-]{43}$/) } });
  expect(first.body).not.toHaveProperty('secret');
  expect(first.body.token).not.toBe(other.body.token);
  const open = await routerWith({ backends: [] });
  expect(Object.keys((await proofOf(open, { node_id: 'studio', nonce })).body)).toEqual(['address', 'port']);
  expect(faultsOf(router)).toEqual([]);
});

test.each([
  ['no object', 7, ''],
  ['no machine', { nonce }, 'node_id'],
  ['no number', { node_id: 'studio' }, 'nonce'],
  ['a number that could be guessed', { node_id: 'studio', nonce: '1' }, 'nonce'],
  ['a number without end', { node_id: 'studio', nonce: 'x'.repeat(129) }, 'nonce'],
])('%s is told what to send', async (_what, body, param) => {
  const router = await guarded();
  const { status, body: said } = await proofOf(router, body);
  const { error } = said as { error: { param?: string } };
  expect([status, error.param ?? '']).toEqual([400, param]);
});

test('a question without end is not read', async () => {
  const router = await guarded();
  expect((await proofOf(router, { node_id: 'studio', nonce, more: 'x'.repeat(10_000) })).status).toBe(413);
});
