/** What every answer says of its way through the fleet, in the headers of contract fleet part 1.4. */
import { expect, test } from 'vitest';
import { ask, backendsOf, bothDialects, chat, expectAtRest, fakeServer, openAi, routerWith } from '../support/flow-bed.ts';

const fleetHeaders = (headers: Headers) => Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-fleet-')));

test.each(bothDialects)('%s, whole and streamed: node, backend, both models; no fallback, no retries, no points (FL-D21)', async (path) => {
  const one = await fakeServer({ models: ['mistral:latest'] });
  const router = await routerWith({ server: { nodeId: 'here' }, backends: backendsOf({ one }) });
  for (const stream of [false, true]) {
    const { status, headers } = await ask(router, path, chat({ model: 'mistral', stream }));
    expect(status).toBe(200);
    expect(fleetHeaders(headers)).toEqual({ 'x-fleet-node': 'here', 'x-fleet-backend': 'one', 'x-fleet-served-model': 'mistral:latest', 'x-fleet-requested-model': 'mistral' });
  }
});

test.each([false, true])('stream %s: after a failed try the headers name the one that really served, and how many tries there were before (FL-D3)', async (stream) => {
  const one = await fakeServer({ models: ['a:1b'] });
  const two = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ server: { nodeId: 'here' }, backends: backendsOf({ one, two }) });
  // Equal servers: the first is tried first.
  one.script('a:1b', { status: 500 });
  const { status, headers } = await ask(router, openAi, chat({ model: 'a:1b', stream }));
  expect(status).toBe(200);
  expect(headers.get('x-fleet-backend')).toBe('two');
  expect(headers.get('x-fleet-retries')).toBe('1');
  expect(router.traces[0]).toMatchObject({ backendId: 'two', attempts: [{ backendId: 'one', error: 'backend_failed' }, { backendId: 'two' }] });
  await expectAtRest(router);
});

test('a request that failed everywhere tells how often it was tried again', async () => {
  const one = await fakeServer({ models: ['a:1b'] });
  const two = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ one, two }) });
  for (const fake of [one, two]) fake.script('a:1b', { status: 500 });
  const { status, headers } = await ask(router, openAi, chat({ model: 'a:1b' }));
  expect(status).toBe(502);
  expect(fleetHeaders(headers)).toEqual({ 'x-fleet-retries': '1' });
});

test.each(bothDialects)('%s: tags of the body, the header and the user are in the trace, and no server sees them', async (path) => {
  const one = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ one }) });
  const { status, headers } = await ask(router, path, chat({ model: 'a:1b', metadata: { tags: ['app', 'prod'], run: '7' }, user: 'ada' }), { 'x-herd-tags': 'prod, nightly' });
  expect(status).toBe(200);
  expect(headers.get('x-oar-rewrites')).toBe('metadata.tags');
  expect(one.requests[0]?.body?.['metadata']).toEqual({ run: '7' });
  expect(router.traces).toMatchObject([{ tags: ['app', 'prod', 'nightly', 'user:ada'], user: 'ada', nodeId: expect.any(String), address: '127.0.0.1' }]);
});
