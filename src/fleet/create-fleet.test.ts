import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport } from '../../test/fakes/nodes.ts';
import { backendOf, fleetOf, lesson, report, silent } from '../../test/fakes/probed-fleet.ts';
import { RouterError } from '../core/errors.ts';
import { createFleet } from './create-fleet.ts';

test('before the first probe a backend is unknown, after it up with what it reported', async () => {
  const { fleet } = fleetOf(backendOf());
  expect(fleet.view().backends).toEqual([{ id: 'studio', kind: 'fake', url: 'http://127.0.0.1:1', nodeId: 'home', status: 'unknown', report: null, reportedAt: null, priority: 3, tags: ['gpu'] }]);
  await fleet.start();
  expect(fleet.view().backends[0]).toMatchObject({ status: 'up', reportedAt: 1000, maxConcurrent: 2, report: { models: [{ name: 'm' }, { name: 'n' }] } });
  await fleet.stop();
});

test('the configured concurrency goes before the reported one', async () => {
  const { fleet } = fleetOf(backendOf({ maxConcurrent: 7 }));
  await fleet.start();
  expect(fleet.view().backends[0]?.maxConcurrent).toBe(7);
});

test('start does not wait for a slow backend longer than 1.5 seconds', async () => {
  const slow = backendOf();
  slow.answer = () => new Promise(() => {});
  const { clock, fleet } = fleetOf(slow, backendOf({ id: 'laptop' }));
  let started = false;
  const starting = fleet.start().then(() => (started = true));
  await clock.advanceAsync(1499);
  expect(started).toBe(false);
  await clock.advanceAsync(1);
  await starting;
  expect(fleet.view().backends.map((backend) => backend.status)).toEqual(['unknown', 'up']);
  await fleet.stop();
});

test('a backend that goes is down with the reason and keeps its last report; one that comes back is up', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  backend.answer = () => Promise.reject(new RouterError('backend_unreachable', 'Refused.'));
  await clock.advanceAsync(5000);
  expect(fleet.view().backends[0]).toMatchObject({ status: 'down', problem: 'Refused.', report: { models: [{ name: 'm' }, { name: 'n' }] }, reportedAt: 1000 });
  backend.answer = () => Promise.resolve(report());
  await clock.advanceAsync(5000);
  expect(fleet.view().backends[0]).toMatchObject({ status: 'up', reportedAt: 7000 });
  expect(fleet.view().backends[0]).not.toHaveProperty('problem');
});

test('a view is one object until something changes, has a growing version, and cannot be changed', async () => {
  const { fleet } = fleetOf(backendOf());
  const before = fleet.view();
  expect(fleet.view()).toBe(before);
  await fleet.start();
  const after = fleet.view();
  expect(after.version).toBeGreaterThan(before.version);
  expect(before.backends[0]?.status).toBe('unknown');
  expect(() => Object.assign(after.backends[0] ?? {}, { status: 'down' })).toThrow(TypeError);
});

test('changes are told, a probe that finds all as it was is not', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  let told = 0;
  const stop = fleet.onChange(() => (told += 1));
  await clock.advanceAsync(10_000);
  expect(backend.probes).toBe(3);
  expect(told).toBe(0);
  backend.answer = () => Promise.resolve(report('m'));
  await clock.advanceAsync(5000);
  expect(told).toBe(1);
  stop();
  backend.answer = () => Promise.resolve(report());
  await clock.advanceAsync(5000);
  expect(told).toBe(1);
});

test('a listener that throws disturbs neither the fleet nor other listeners', async () => {
  const thrown: unknown[] = [];
  const fleet = createFleet({ clock: new FakeClock(), nodeId: 'home', backends: [backendOf()], gpu: null, log: silent, onError: (error) => thrown.push(error) });
  let told = 0;
  fleet.onChange(() => {
    throw new Error('bad listener');
  });
  fleet.onChange(() => (told += 1));
  await fleet.start();
  expect(told).toBe(1);
  expect(thrown).toHaveLength(1);
  await fleet.stop();
});

test('a request that could not reach a backend takes it out at once, and a probe follows within a second', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  fleet.learn(lesson({ ok: false, error: 'backend_unreachable', noConnection: true }));
  expect(fleet.view().backends[0]).toMatchObject({ status: 'down', problem: 'A request could not reach it.' });
  await clock.advanceAsync(1000);
  expect(backend.probes).toBe(2);
  expect(fleet.view().backends[0]?.status).toBe('up');
});

test('another failure only asks for a probe, and the caller\'s own for none', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  fleet.learn(lesson({ ok: false, error: 'context_overflow' }));
  await clock.advanceAsync(1000);
  expect(backend.probes).toBe(1);
  fleet.learn(lesson({ ok: false, error: 'backend_timeout' }));
  expect(fleet.view().backends[0]?.status).toBe('up');
  await clock.advanceAsync(0);
  expect(backend.probes).toBe(2);
});

test('a model that has just answered counts as loaded until the next probe says otherwise', async () => {
  const { clock, fleet } = fleetOf(backendOf());
  await fleet.start();
  let told = 0;
  fleet.onChange(() => (told += 1));
  fleet.learn(lesson({ model: 'm:latest' }));
  fleet.learn(lesson({ model: 'm' }));
  expect(fleet.view().backends[0]?.report?.resident).toEqual([{ name: 'm:latest' }]);
  expect(told).toBe(1);
  await clock.advanceAsync(5000);
  expect(fleet.view().backends[0]?.report?.resident).toEqual([]);
});

test('what answered while a probe was under way stays loaded, though the probe did not see it', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  let finish = (): void => {};
  backend.answer = () => new Promise((resolve) => (finish = () => resolve(report())));
  await clock.advanceAsync(5000);
  clock.advance(10);
  fleet.learn(lesson({}));
  backend.answer = () => Promise.resolve(report());
  finish();
  await clock.advanceAsync(0);
  expect(fleet.view().backends[0]?.report?.resident).toEqual([{ name: 'm' }]);
  await clock.advanceAsync(1000);
  expect(fleet.view().backends[0]?.report?.resident).toEqual([]);
});

test('a copy that slept and has answered is awake', async () => {
  const backend = backendOf();
  backend.answer = () => Promise.resolve({ models: [{ name: 'm' }], resident: [{ name: 'm', sleeping: true }] });
  const { fleet } = fleetOf(backend);
  await fleet.start();
  fleet.learn(lesson({}));
  expect(fleet.view().backends[0]?.report?.resident).toEqual([{ name: 'm' }]);
});

test('a server that refuses connections is down, and free again as soon as it answers a probe', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  for (let count = 0; count < 5; count += 1) fleet.learn(lesson({ ok: false, error: 'backend_unreachable', noConnection: true }));
  expect(fleet.view().backends[0]?.status).toBe('down');
  await clock.advanceAsync(1000);
  expect(fleet.view().backends[0]?.status).toBe('up');
  expect(fleet.view().backends[0]).not.toHaveProperty('breaker');
});

test('where residency cannot be known an answer does not make it known', async () => {
  const backend = backendOf();
  backend.answer = () => Promise.resolve({ models: [], resident: null });
  const { fleet } = fleetOf(backend);
  await fleet.start();
  fleet.learn(lesson({}));
  expect(fleet.view().backends[0]?.report?.resident).toBeNull();
});

test('speeds are in the view, always the latest, and make no new view', async () => {
  const { fleet } = fleetOf(backendOf());
  await fleet.start();
  fleet.learn(lesson({}));
  const before = fleet.view();
  fleet.learn(lesson({ usage: { completionTokens: 10, completionMs: 500 } }));
  expect(before.speed('studio', 'm').completionTokensPerSecond).toBe(20);
  expect(fleet.view()).toBe(before);
});

test('nodes: loopback is this machine, another host is its own; credentials are not shown', () => {
  const { fleet } = fleetOf(
    backendOf({ id: 'a', url: 'http://localhost:11434' }),
    backendOf({ id: 'b', url: 'http://[::1]:8080/v1' }),
    backendOf({ id: 'c', url: 'https://me:secret@studio.lan:9000/x' }),
    backendOf({ id: 'd', url: 'http://192.168.1.7:11434' }),
  );
  expect(fleet.view().backends.map((backend) => backend.nodeId)).toEqual(['home', 'home', 'studio.lan', '192.168.1.7']);
  expect(JSON.stringify(fleet.view().backends)).not.toContain('secret');
});

test('a backend can join later', async () => {
  const { clock, fleet } = fleetOf(backendOf());
  await fleet.start();
  fleet.addBackend(backendOf({ id: 'laptop' }));
  fleet.addBackend(backendOf({ id: 'laptop' }));
  await clock.advanceAsync(0);
  expect(fleet.view().backends.map((backend) => [backend.id, backend.status])).toEqual([['studio', 'up'], ['laptop', 'up']]);
});

test('the GPUs are in the view, and a change of them is told', async () => {
  const clock = new FakeClock();
  let freeMb = 10;
  const fleet = createFleet({ clock, nodeId: 'home', backends: [], gpu: { provider: 'nvidia', intervalMs: 5000, collect: () => Promise.resolve({ gpus: [{ index: 0, vramFreeMb: freeMb }] }) }, log: silent });
  await fleet.start();
  expect(fleet.latestGpu()?.gpus).toEqual([{ index: 0, vramFreeMb: 10 }]);
  let told = 0;
  fleet.onChange(() => (told += 1));
  await clock.advanceAsync(5000);
  expect(told).toBe(0);
  freeMb = 5;
  await clock.advanceAsync(5000);
  expect(told).toBe(1);
  expect(fleet.view().gpu?.gpus[0]?.vramFreeMb).toBe(5);
  await fleet.stop();
});

test('after stop no timer is left', async () => {
  const { clock, fleet } = fleetOf(backendOf(), backendOf({ id: 'laptop' }));
  await fleet.start();
  for (let count = 0; count < 3; count += 1) fleet.learn(lesson({ ok: false, error: 'backend_failed' }));
  await fleet.stop();
  expect(clock.pending).toBe(0);
});

test('one that is down is asked every second, so that it is used soon after it came back', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  backend.answer = () => Promise.reject(new RouterError('backend_unreachable', 'Refused.'));
  await clock.advanceAsync(5000);
  expect(backend.probes).toBe(2);
  await clock.advanceAsync(4000);
  expect(backend.probes).toBe(6);
  backend.answer = () => Promise.resolve(report());
  await clock.advanceAsync(1000);
  expect(fleet.view().backends[0]?.status).toBe('up');
  await clock.advanceAsync(4000);
  expect(backend.probes).toBe(7);
  await fleet.stop();
});

test('a server of a machine that is offline needs no hurry', async () => {
  const { clock, fleet } = fleetOf();
  await fleet.start();
  fleet.nodes.hear({ report: nodeReport('studio'), address: '10.0.0.1', enrolled: true });
  const backend = backendOf();
  backend.answer = () => Promise.reject(new RouterError('backend_unreachable', 'Refused.'));
  fleet.addBackend({ ...backend, nodeId: 'studio' });
  await clock.advanceAsync(30_500);
  expect(fleet.nodes.get('studio')?.status).toBe('offline');
  const before = backend.probes;
  expect(before).toBeGreaterThan(25);
  await clock.advanceAsync(10_000);
  expect(backend.probes - before).toBeLessThanOrEqual(3);
  await fleet.stop();
});

test('a backend that is removed is gone from the view, and is not asked any more', async () => {
  const backend = backendOf();
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  fleet.removeBackend('studio');
  await clock.advanceAsync(60_000);
  expect([fleet.view().backends, backend.probes, clock.pending]).toEqual([[], 1, 0]);
  fleet.learn(lesson({ ok: false, error: 'backend_unreachable', noConnection: true }));
  expect(fleet.view().backends).toEqual([]);
  fleet.addBackend(backend);
  expect(fleet.view().backends[0]?.status).toBe('unknown');
  await fleet.stop();
});

test('one that is replaced keeps what it is known to have, until it is asked at the new place', async () => {
  const { fleet } = fleetOf(backendOf());
  await fleet.start();
  const moved = backendOf({ url: 'http://127.0.0.1:2' });
  moved.answer = () => new Promise(() => {});
  fleet.replaceBackend(moved);
  expect(fleet.view().backends[0]).toMatchObject({ url: 'http://127.0.0.1:2', status: 'unknown', report: { models: [{ name: 'm' }, { name: 'n' }] } });
  moved.answer = () => Promise.resolve(report());
  await fleet.stop();
});

test('every machine is listed: the own one, those that report themselves, and the hosts of configured backends', async () => {
  const { fleet } = fleetOf(backendOf(), backendOf({ id: 'far', url: 'http://10.0.0.7:1' }));
  expect(fleet.view().nodes).toEqual([
    { id: 'home', source: 'local', status: 'online', draining: false, report: null, heardAt: null },
    { id: '10.0.0.7', source: 'static', status: 'online', draining: false, report: null, heardAt: null },
  ]);
  await fleet.start();
  fleet.setOwnReport(nodeReport('home'));
  fleet.nodes.hear({ report: nodeReport('studio'), address: '10.0.0.1', enrolled: true });
  fleet.setNode('far', 'studio');
  fleet.setDrained(new Set(['studio']));
  expect(fleet.view().nodes.map(({ id, source, draining, heardAt }) => [id, source, draining, heardAt])).toEqual([['home', 'local', false, 1000], ['studio', 'agent', true, 1000]]);
  expect(fleet.view().nodes[0]?.report).toEqual(nodeReport('home'));
  fleet.setNode('far', null);
  expect(fleet.view().nodes.map(({ id }) => id)).toEqual(['home', 'studio', '10.0.0.7']);
  await fleet.stop();
});

test('when a model left memory is remembered, until it is back', async () => {
  const backend = backendOf();
  backend.answer = () => Promise.resolve(report('m'));
  const { clock, fleet } = fleetOf(backend);
  await fleet.start();
  expect(fleet.view().leftMemoryAt?.('studio', 'm')).toBeUndefined();
  backend.answer = () => Promise.resolve(report());
  await clock.advanceAsync(5000);
  expect(fleet.view().leftMemoryAt?.('studio', 'm:latest')).toBe(6000);
  fleet.learn(lesson({}));
  expect(fleet.view().leftMemoryAt?.('studio', 'm')).toBeUndefined();
});

test('what requests took before is part of what is known of speeds', () => {
  const { fleet } = fleetOf(backendOf());
  fleet.recall('studio', 'm', [100, 300]);
  expect(fleet.view().speed('studio', 'm').p75Ms).toBe(300);
});
