/** Every route against every kind of caller, from the router's own list of routes and one table of what each rule promises. */
import { expect, test } from 'vitest';
import type { Route } from '../../src/http/http.ts';
import { rules } from '../../src/http/rules.ts';
import { accessOf, bearer, closed, keyEntry, type Plain, plainClient, secretOf, toldIn, wireTo } from '../support/access-bed.ts';
import { ask, chat, fakeServer, faultsOf, type Json, openAi, read, routerOver, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

type RuleName = keyof typeof rules;
type Outcome = 'in' | 401 | 403 | 404 | 429;

const elsewhere = { 'x-forwarded-for': '203.0.113.7' };
let addresses = 0;

function newAddress(): Record<string, string> {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.${100 + Math.floor(addresses / 250)}.${addresses % 250}` };
}

/** In the order of the table's columns. Somebody who guesses does it from a new address each time, or would be throttled. */
const callers = {
  loopback: () => ({}),
  elsewhere: () => elsewhere,
  guesser: () => ({ authorization: 'Bearer oar_wrong', ...newAddress() }),
  disabled: () => bearer('disabled'),
  expired: () => bearer('expired'),
  standalone: () => bearer('standalone'),
  gateway: () => bearer('gateway'),
  reader: () => bearer('reader'),
  manager: () => bearer('manager'),
  admin: () => bearer('admin'),
  adminAway: () => ({ ...bearer('admin'), ...newAddress() }),
  spent: () => ({ 'x-api-key': secretOf('spent') }),
} satisfies Record<string, () => Record<string, string>>;

const once = { requests: 1, windowSeconds: 3600 };
const keys = [
  keyEntry('disabled', { enabled: false }),
  keyEntry('expired', { expiresAt: '2020-01-01T00:00:00Z' }),
  keyEntry('standalone'),
  keyEntry('gateway', { scopes: ['runtimeAgent'] }),
  keyEntry('reader', { scopes: ['standalone', 'read'] }),
  keyEntry('manager', { scopes: ['standalone', 'manage'] }),
  keyEntry('spent', { scopes: ['standalone', 'runtimeAgent', 'read', 'manage'], limits: { standalone: once, runtimeAgent: once } }),
];

const everyone: readonly Outcome[] = Array.from(Object.keys(callers), () => 'in' as const);
const nobody: readonly Outcome[] = everyone.map(() => 404);
/*                                          loopback  elsewhere  guesser  disabled  expired  standalone  gateway  reader  manager  admin  adminAway  spent */
const administration: readonly Outcome[] = [401, 403, 403, 401, 401, 401, 401, 401, 401, 'in', 403, 401];

interface Setting {
  readonly access: (() => Json) | null;
  readonly outcomes: Record<RuleName, readonly Outcome[]>;
}

const settings: Record<string, Setting> = {
  'no access section': {
    access: null,
    outcomes: { open: everyone, node: everyone, infer: everyone, own: everyone, gateway: everyone, read: everyone, manage: everyone, admin: nobody },
  },
  'both planes want a key': {
    access: () => accessOf({ standalone: closed, runtimeAgent: closed }, keys),
    outcomes: {
      open: everyone, node: everyone,
      infer: [401, 401, 401, 401, 401, 'in', 403, 'in', 'in', 401, 401, 429],
      own: [401, 401, 401, 401, 401, 'in', 'in', 'in', 'in', 401, 401, 429],
      gateway: [401, 401, 401, 401, 401, 403, 'in', 403, 403, 401, 401, 429],
      read: [401, 401, 401, 401, 401, 403, 'in', 'in', 'in', 401, 401, 429],
      manage: [401, 401, 401, 401, 401, 403, 403, 403, 'in', 401, 401, 429],
      admin: administration,
    },
  },
  // A key that is none, or no longer one, is no key where anonymous callers are welcome.
  'both planes are open, and there are keys': {
    access: () => accessOf({ standalone: {}, runtimeAgent: {} }, keys),
    outcomes: {
      open: everyone, node: everyone,
      infer: ['in', 'in', 'in', 'in', 'in', 'in', 403, 'in', 'in', 'in', 'in', 429],
      own: ['in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 'in', 429],
      gateway: ['in', 'in', 'in', 'in', 'in', 403, 'in', 403, 403, 'in', 'in', 429],
      read: ['in', 401, 401, 'in', 'in', 403, 'in', 'in', 'in', 'in', 401, 429],
      manage: ['in', 401, 401, 'in', 'in', 403, 403, 403, 'in', 'in', 401, 429],
      admin: administration,
    },
  },
  'the standalone plane is off': {
    access: () => accessOf({ standalone: { enabled: false }, runtimeAgent: closed }, keys),
    outcomes: {
      open: everyone, node: everyone,
      infer: nobody,
      own: [401, 401, 401, 401, 401, 403, 'in', 403, 403, 401, 401, 429],
      gateway: [401, 401, 401, 401, 401, 403, 'in', 403, 403, 401, 401, 429],
      read: [401, 401, 401, 401, 401, 403, 'in', 403, 403, 401, 401, 429],
      manage: nobody,
      admin: administration,
    },
  },
};

function ruleName({ rule, method, path }: Route): RuleName {
  const found = Object.entries(rules).find(([, one]) => one === rule)?.[0] as RuleName | undefined;
  if (found === undefined) throw new Error(`${method} ${path} has a rule that the table does not know.`);
  return found;
}

/** An address that the route answers at. */
function addressOf({ path }: Route): string {
  return path.replace(/[:*][a-z]+/gi, 'none');
}

function headersOf({ header }: Route): Record<string, string> {
  return header === undefined ? {} : { [header]: '2023-06-01' };
}

const bodiless = new Set(['GET', 'HEAD']);

/** What the door did; whatever a handler answered, it let the caller in. */
function outcomeOf({ status, headers, text }: Plain, method: string): Outcome {
  switch (headers['x-oar-error']) {
    case 'unauthenticated':
      return 401;
    case 'forbidden':
      return 403;
    case 'rate_limited':
      return 429;
    case 'not_found':
      return method === 'HEAD' || text.includes('There is nothing at this address.') ? 404 : 'in';
    default:
      return status === 401 || status === 403 || status === 429 ? status : 'in';
  }
}

async function start(access: Json | null): Promise<TestRouter> {
  const backend = await fakeServer({ models: ['a:1b'] });
  return routerOver(backend, access === null ? {} : { access });
}

test.each(Object.entries(settings))('%s: every route lets in whom its rule lets in, and tells the others why not', async (_name, { access, outcomes }) => {
  const router = await start(access === null ? null : access());
  const send = plainClient(router.url);
  // A right key at the wrong door is no guess, so that only the guesser needs a new address each time.
  for (const path of ['/v1/models', '/v1/router/runtime']) await send('GET', path, callers.spent());
  const wrong: string[] = [];
  for (const route of router.routes) {
    const expected = outcomes[ruleName(route)];
    for (const [index, [name, headers]] of Object.entries(callers).entries()) {
      const answer = await send(route.method, addressOf(route), { ...headersOf(route), ...headers() }, bodiless.has(route.method) ? undefined : '{}');
      const outcome = outcomeOf(answer, route.method);
      if (outcome !== expected[index]) wrong.push(`${route.method} ${route.path} (${ruleName(route)}) for ${name}: ${outcome} instead of ${expected[index]} [${answer.status} ${answer.text.slice(0, 120)}]`);
      if (outcome !== 'in') expectTold(answer, route, wrong);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(router.routes.length).toBeGreaterThan(50);
  expect(faultsOf(router)).toEqual([]);
});

/** A refusal has a code, a request id and the words of its dialect; with 401 the scheme, with 429 when to come back. */
function expectTold({ status, headers, text }: Plain, { method, path }: Route, wrong: string[]): void {
  const told = toldIn(text);
  const right = [
    method === 'HEAD' || (typeof told.code === 'string' && typeof told.message === 'string' && told.requestId === headers['x-oar-request-id']),
    status !== 401 || headers['www-authenticate'] === 'Bearer',
    status !== 429 || (Number(headers['retry-after']) >= 1 && headers['x-ratelimit-remaining'] === '0'),
  ];
  if (right.includes(false)) wrong.push(`${method} ${path} tells it badly: ${status} ${JSON.stringify(headers)} ${text.slice(0, 200)}`);
}

test('who may not come in hears so at once, before any of the body was sent (AR-D38)', async () => {
  const router = await start(accessOf({ standalone: closed, runtimeAgent: closed }, keys));
  const late: string[] = [];
  for (const route of router.routes.filter(({ rule, method }) => rule.scope !== 'open' && !bodiless.has(method))) {
    const wire = wireTo(router.port);
    const extra = route.header === undefined ? '' : `${route.header}: x\r\n`;
    wire.send(`${route.method} ${addressOf(route)} HTTP/1.1\r\nhost: x\r\n${extra}content-type: application/json\r\ncontent-length: 1000000\r\n\r\n`);
    const text = await wire.until(/\r\n\r\n/);
    if (!text.startsWith('HTTP/1.1 401 ')) late.push(`${route.method} ${route.path}: ${text.slice(0, 40)}`);
    wire.leave();
  }
  expect(late).toEqual([]);
});

test('a caller who asks first is invited to send the body only when it is wanted', async () => {
  const router = await start(accessOf({ standalone: closed, runtimeAgent: closed }, keys));
  const body = JSON.stringify(chat({ model: 'a:1b' }));
  const head = (key: string, length: number): string => `POST ${openAi} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const refused = wireTo(router.port);
  refused.send(head('oar_wrong', body.length));
  expect(await refused.closed).toMatch(/^HTTP\/1\.1 401 [\s\S]*connection: close/i);
  const tooLong = wireTo(router.port);
  tooLong.send(head(secretOf('standalone'), 1_000_000_000));
  expect(await tooLong.closed).toMatch(/^HTTP\/1\.1 413 /);
  const welcome = wireTo(router.port);
  welcome.send(head(secretOf('standalone'), body.length));
  expect(await welcome.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  welcome.send(body);
  expect(await welcome.until(/"choices"/)).toContain('HTTP/1.1 200 OK');
  welcome.leave();
});

test('jobs and kept answers belong to the key that made them: to others they are not there (AR-D15)', async () => {
  const router = await start(accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann'), keyEntry('bob', { scopes: ['standalone', 'runtimeAgent', 'read', 'manage'] })]));
  const [ann, bob] = [bearer('ann'), bearer('bob')];
  const accepted = await ask(router, openAi, chat({ model: 'a:1b', router: { mode: 'async' } }), ann);
  expect(accepted.status).toBe(202);
  const kept = await ask(router, '/v1/responses', { model: 'a:1b', input: 'Hello' }, ann);
  expect(kept.status).toBe(200);
  const addresses = [`/v1/jobs/${String(accepted.body.id)}`, `/v1/jobs/${String(accepted.body.id)}/result`, `/v1/responses/${String(kept.body.id)}`];
  const statusOf = async (method: string, path: string, headers: Record<string, string>): Promise<number> => (await fetch(`${router.url}${path}`, { method, headers })).status;
  await expect.poll(() => statusOf('GET', `${addresses[1]}`, ann)).toBe(200);
  for (const path of addresses) {
    expect([path, await statusOf('GET', path, bob), await statusOf('GET', path, ann)]).toEqual([path, 404, 200]);
    if (path.endsWith('result')) continue;
    expect([path, await statusOf('DELETE', path, bob)]).toEqual([path, 404]);
  }
  const listed = async (headers: Record<string, string>): Promise<unknown> => (await read(await router.get('/v1/jobs', headers))).body.jobs;
  expect([await listed(bob), await listed(ann)]).toEqual([[], [expect.objectContaining({ id: accepted.body.id })]]);
  expect((await ask(router, '/v1/responses', { model: 'a:1b', input: 'And then?', previous_response_id: kept.body.id }, bob)).status).toBeGreaterThanOrEqual(400);
  expect((await ask(router, '/v1/responses', { model: 'a:1b', input: 'And then?', previous_response_id: kept.body.id }, ann)).status).toBe(200);
  await until(() => router.service.load().totalRunning === 0);
});
