import { expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { command } from './nodes.ts';

const gib = 1024 ** 3;
const nodes = [
  { id: 'studio', source: 'agent', status: 'online', draining: true, address: '10.0.0.1', report: { memory: { totalBytes: 64 * gib, availableBytes: 40 * gib }, capacity: { mode: 'full' } }, backends: [{ id: 'studio', status: 'up' }, { id: 'studio-vllm', status: 'down' }] },
  { id: 'new\u001b[31m', source: 'agent', status: 'waiting', draining: false, address: '10.0.0.2', report: null, backends: [] },
];

test('the list says who is there, and what to type for those that wait', async () => {
  const { context, printed, calls } = fakeWorld({ isTerminal: true, body: { nodes } });
  expect(await command.run(context, [], {})).toBe(0);
  expect(calls).toMatchObject([{ method: 'GET', path: '/fleet/nodes' }]);
  expect(printed[0]).toBe([
    'MACHINE   STATE             ADDRESS   MEMORY FREE      CAPACITY  SERVERS',
    'studio    online, draining  10.0.0.1  40.0 of 64.0 GB  full      studio, studio-vllm (down)',
    'new [31m  waiting           10.0.0.2',
    '',
    'Waiting for you: oar nodes approve new [31m',
  ].join('\n'));
});

test.each([
  [['approve', 'a b'], '/fleet/nodes/a%20b/approve', /belongs to the fleet/],
  [['drain', 'a'], '/fleet/nodes/a/drain', /takes no new work/],
  [['undrain', 'a'], '/fleet/nodes/a/undrain', /takes work again/],
  [['remove', 'a'], '/fleet/nodes/a/remove', /is removed/],
])('%j is asked of the router', async (args, path, words) => {
  const { context, printed, calls } = fakeWorld({ isTerminal: true, body: { ok: true } });
  expect(await command.run(context, args, {})).toBe(0);
  expect(calls).toMatchObject([{ method: 'POST', path }]);
  expect(printed.join()).toMatch(words);
});

test('a token is shown with the line to type', async () => {
  const { context, printed } = fakeWorld({ isTerminal: true, body: { token: 'oarjoin_x' } });
  await command.run(context, ['token'], {});
  expect(printed.join()).toContain('oar node --join oarjoin_x');
});

test('a capacity holds for the time that is said', async () => {
  const { context, calls } = fakeWorld({ body: {} });
  await command.run(context, ['capacity', 'a', 'paused'], { for: '2h' });
  await command.run(context, ['capacity', 'a', 'auto'], {});
  expect(calls.map(({ path, sent }) => [path, sent])).toEqual([
    ['/fleet/nodes/a/capacity', { mode: 'paused', until: expect.closeTo(Date.now() + 7_200_000, -4) }],
    ['/fleet/nodes/a/capacity', { mode: 'auto' }],
  ]);
});

test.each([
  [['dance'], {}, /takes list, approve/],
  [['approve'], {}, /Which machine\?/],
  [['capacity', 'a'], {}, /How much of it\?/],
  [['capacity', 'a', 'half'], {}, /How much of it\?/],
  [['capacity', 'a', 'full'], { for: 'long' }, /--for takes a time/],
])('%j says what to write instead', async (args, options, words) => {
  await expect((async () => command.run(fakeWorld().context, args, options))()).rejects.toThrow(words);
});
