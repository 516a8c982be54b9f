import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport } from '../../test/fakes/nodes.ts';
import { RouterError } from '../core/errors.ts';
import type { NodeServer } from '../core/node.ts';
import { createFleet } from './create-fleet.ts';
import { KeptBook } from './enrolment-book.ts';
import type { Heartbeat } from './fleet.ts';
import { createNodeDesk, type NodeDeskOptions } from './node-desk.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
const ollama: NodeServer = { name: 'ollama', kind: 'fake', port: 11_434, status: 'up', models: [{ name: 'm' }], resident: [] };

/** A desk over a fleet whose one kind of server answers as the test says. */
async function deskOf(more: Partial<NodeDeskOptions> = {}) {
  const clock = new FakeClock(0);
  const state = { alive: true };
  const fleet = createFleet({ clock, nodeId: 'home', backends: [], gpu: null, log });
  const probe = () => (state.alive ? Promise.resolve({ models: [{ name: 'm' }], resident: [] }) : Promise.reject(new RouterError('backend_unreachable', 'Refused.')));
  const kind = { kind: 'ollama', label: '', speaks: [], usualAddresses: [], urlFor: () => '', detect: () => Promise.resolve(true), probe, readError: () => new RouterError('backend_failed', '') };
  const backend = ({ id, url, nodeId, seed }: Parameters<NodeDeskOptions['sink']['add']>[0]) => ({
    settings: { id, kind: 'ollama', url, priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } },
    kind, nodeId, seed, probeClient: () => ({ get: () => Promise.resolve(null), post: () => Promise.resolve(null) }),
  });
  const store = new Map<string, string>();
  const desk = createNodeDesk({
    clock, log, fleet, kinds: new Set(['fake']), ownNodeId: 'home', heartbeatMs: 5000, restartOllama: true, trustLocal: true,
    sink: { add: (server) => fleet.addBackend(backend(server)), replace: (server) => fleet.replaceBackend(backend(server)), remove: (id) => fleet.removeBackend(id), setNode: (id, nodeId) => fleet.setNode(id, nodeId) },
    book: new KeptBook({ get: (key) => Promise.resolve(store.get(key) ?? null), put: (key, text) => Promise.resolve(void store.set(key, text)) }),
    attempts: { waitMs: () => 0, failed() {}, succeeded() {}, isKnown: () => false },
    newToken: () => 'token',
    ...more,
  });
  await fleet.start();
  await desk.start();
  const hear = (server: Partial<NodeServer> = {}, said: Partial<Heartbeat> = {}) =>
    desk.hear({ report: nodeReport('studio', 40, { at: clock.now(), servers: [{ ...ollama, ...server }] }), sender: '127.0.0.1', local: true, address: '127.0.0.1', old: false, secret: null, joinToken: null, requestId: 'r', ...said });
  return { clock, state, fleet, desk, hear };
}

/** The commands of a minute of heartbeats, with the second they came at. */
async function minuteOf({ clock, hear }: Awaited<ReturnType<typeof deskOf>>, server: Partial<NodeServer>, said: Partial<Heartbeat> = {}): Promise<string[]> {
  const orders: string[] = [];
  for (let second = 0; second < 60; second += 5) {
    await clock.advanceAsync(5000);
    for (const { type } of (await hear(server, said)).commands) orders.push(`${second}: ${type}`);
  }
  return orders;
}

const dead = { kind: 'fake', status: 'down' } as const;

test('a dead Ollama is answered with one order to restart it, when that is allowed', async () => {
  const bed = await deskOf({ kinds: new Set(['ollama']) });
  await bed.hear({ kind: 'ollama' });
  bed.state.alive = false;
  expect(await minuteOf(bed, { kind: 'ollama', status: 'down' })).toHaveLength(1);
  expect(bed.fleet.view()).toMatchObject({ backends: [{ id: 'studio', status: 'down', problem: 'Refused.' }], nodes: [{ id: 'studio', status: 'online' }] });
  expect(await minuteOf(bed, { kind: 'ollama', status: 'down' })).toEqual([]);
  await bed.fleet.stop();
});

test('it is not restarted when that is not allowed, when the machine sees it alive, or when the router reaches it', async () => {
  for (const [allowed, alive, status] of [[false, false, 'down'], [true, false, 'up'], [true, true, 'down']] as const) {
    const bed = await deskOf({ kinds: new Set(['ollama']), restartOllama: allowed });
    await bed.hear({ kind: 'ollama' });
    bed.state.alive = alive;
    expect(await minuteOf(bed, { kind: 'ollama', status })).toEqual([]);
    await bed.fleet.stop();
  }
});

test('old agents do not say how their Ollama is: there the probe alone counts', async () => {
  const bed = await deskOf({ kinds: new Set(['ollama']) });
  await bed.hear({ kind: 'ollama' }, { old: true });
  bed.state.alive = false;
  expect(await minuteOf(bed, { kind: 'ollama' }, { old: true })).toHaveLength(1);
  await bed.fleet.stop();
});

test('a machine that says its server is gone has it looked at within a second', async () => {
  const { clock, state, fleet, hear } = await deskOf();
  await hear();
  await clock.advanceAsync(0);
  expect(fleet.view().backends[0]?.status).toBe('up');
  await clock.advanceAsync(1000);
  state.alive = false;
  await hear(dead);
  await clock.advanceAsync(1000);
  expect(fleet.view().backends[0]?.status).toBe('down');
  await fleet.stop();
});

test('a capacity for the router\'s own machine is handed to it; one for a host without an agent is refused', async () => {
  const told: unknown[] = [];
  const { fleet, desk } = await deskOf({ ownCapacity: (order) => told.push(order) });
  fleet.setOwnReport(nodeReport('home'));
  await desk.capacity('home', 'paused', 5);
  expect(told).toEqual([{ type: 'capacity_override', mode: 'paused', until: 5 }]);
  await expect(desk.capacity('nobody', 'full', null)).rejects.toMatchObject({ code: 'not_found' });
  await expect(desk.remove('home')).rejects.toMatchObject({ code: 'conflict' });
  await fleet.stop();
});

test('even where everybody is let in, there is an end to how many', async () => {
  const bed = await deskOf();
  const heard = (id: string) => bed.hear({}, { report: nodeReport(id) }).then(({ enrolment }) => enrolment, ({ code }: RouterError) => code);
  for (let count = 0; count < 1100; count += 1) expect(await heard(`n${count}`)).toBe('enrolled');
  expect([await heard('one-more'), await heard('n7')]).toEqual(['conflict', 'enrolled']);
  await bed.fleet.stop();
});

test('one that waits may come back from where it was with another secret, once it is silent or has said goodbye; from elsewhere nobody may', async () => {
  const { clock, fleet, desk, hear } = await deskOf({ trustLocal: false });
  const from = (sender: string, secret: string, draining = false) => hear({}, { sender, local: false, address: sender, secret, report: nodeReport('studio', 40, { at: clock.now(), servers: [ollama], draining }) }).then(({ enrolment }) => enrolment, ({ code, details }: RouterError) => `${code} ${details.param}`);
  expect(await from('10.0.0.7', 'by-address')).toBe('waiting');
  await clock.advanceAsync(2000);
  expect(await from('10.0.0.7', 'by-name')).toBe('unauthenticated node_id');
  await clock.advanceAsync(10_000);
  expect(await from('10.0.0.8', 'of-a-neighbour')).toBe('unauthenticated node_id');
  expect(await from('10.0.0.7', 'by-name', true)).toBe('waiting');
  expect(await from('10.0.0.8', 'of-a-neighbour')).toBe('unauthenticated node_id');
  expect(await from('10.0.0.7', 'by-address')).toBe('waiting');
  await desk.approve('studio');
  await clock.advanceAsync(20_000);
  expect([await from('10.0.0.7', 'by-name'), await from('10.0.0.7', 'by-address')]).toEqual(['unauthenticated node_id', 'enrolled']);
  await fleet.stop();
});
