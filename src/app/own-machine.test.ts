import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport } from '../../test/fakes/nodes.ts';
import type { NodeReport } from '../core/node.ts';
import type { Machine } from './machine.ts';
import { watchOwnMachine } from './own-machine.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };

test('the own machine reports after its first look and then again and again, until it is stopped', async () => {
  const clock = new FakeClock(0);
  const reports: NodeReport[] = [];
  let stopped = 0;
  const capacity = { start() {}, stop() {}, now: () => ({ activity: 'light' as const }) };
  const machine = {
    start: () => Promise.resolve(),
    stop() {
      stopped += 1;
    },
    report: ({ nodeId, agentVersion, owner }: Parameters<Machine['report']>[0]) => nodeReport(nodeId, 40, { agentVersion, at: clock.now(), ...owner }),
  };
  const stop = watchOwnMachine({ clock, log, machine, capacity, fleet: { setOwnReport: (report) => reports.push(report) }, nodeId: 'home', version: '1.2.3', everyMs: 5000 });
  await clock.advanceAsync(10_000);
  expect(reports.map(({ nodeId, agentVersion, activity, at }) => [nodeId, agentVersion, activity, at])).toEqual([0, 5000, 10_000].map((at) => ['home', '1.2.3', 'light', at]));
  stop();
  await clock.advanceAsync(60_000);
  expect([reports.length, stopped, clock.pending]).toEqual([3, 1, 0]);
});
