import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import type { NodeReport } from '../core/node.ts';
import { NodeStates } from './node-states.ts';
import { standingOf } from './node-status.ts';

const limits = { degradedAfterMs: 15_000, offlineAfterMs: 30_000, forgetAfterMs: 3_600_000 };
const memory = { totalBytes: 64, usedBytes: 24, availableBytes: 40, pressure: 'normal' } as const;

function reportOf(nodeId: string, more: Partial<NodeReport> = {}): NodeReport {
  return { nodeId, name: nodeId, at: 0, memory, gpus: [], draining: false, servers: [], ...more };
}

function statesOf() {
  const clock = new FakeClock(0);
  const told: boolean[] = [];
  const moves: string[] = [];
  const states = new NodeStates({ clock, limits, changed: (matters) => told.push(matters), moved: (id, before, after) => moves.push(`${clock.now()} ${id} ${before} ${after}`) });
  const hear = (id: string, more: Partial<NodeReport> = {}, enrolled = true): void => states.hear({ report: reportOf(id, { at: clock.now(), ...more }), address: '10.0.0.1', enrolled });
  return { clock, states, hear, told, moves, statusOf: (id: string) => states.get(id)?.status };
}

test('a machine that falls silent is degraded after 15 s and offline after 30 s, within a second; any report brings it back', () => {
  const { clock, hear, statusOf, moves } = statesOf();
  hear('a');
  clock.advance(15_000);
  expect(statusOf('a')).toBe('online');
  clock.advance(1000);
  expect(statusOf('a')).toBe('degraded');
  clock.advance(14_000);
  expect(statusOf('a')).toBe('degraded');
  clock.advance(1000);
  expect(statusOf('a')).toBe('offline');
  hear('a');
  expect(statusOf('a')).toBe('online');
  expect(moves.map((move) => move.replace(/^\d+ /, ''))).toEqual(['a null online', 'a online degraded', 'a degraded offline', 'a offline online']);
});

test('offline nodes are not kept forever: they are forgotten after the time that is set', () => {
  const { clock, hear, states, statusOf } = statesOf();
  hear('a');
  clock.advance(limits.forgetAfterMs);
  expect(statusOf('a')).toBe('offline');
  clock.advance(1000);
  expect(states.list()).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('one that waits for approval stays waiting, and is forgotten ten minutes after its last word', () => {
  const { clock, hear, states, statusOf } = statesOf();
  hear('a', {}, false);
  clock.advance(599_000);
  expect(statusOf('a')).toBe('waiting');
  expect(states.waiting).toBe(1);
  clock.advance(2000);
  expect(states.list()).toEqual([]);
});

test('approval brings it in at once', () => {
  const { hear, states, statusOf } = statesOf();
  hear('a', {}, false);
  states.enrol('a');
  expect(statusOf('a')).toBe('online');
});

test('a failed request casts doubt at once; something good, or the next report, ends it', () => {
  const { hear, states, statusOf } = statesOf();
  hear('a');
  states.doubt('a');
  expect(statusOf('a')).toBe('degraded');
  states.trust('a');
  expect(statusOf('a')).toBe('online');
  states.doubt('a');
  hear('a');
  expect(statusOf('a')).toBe('online');
  states.doubt('nobody');
});

test('what it says when it leaves holds until it says otherwise', () => {
  const { hear, states } = statesOf();
  expect(states.drains('a')).toBe(false);
  hear('a');
  expect(states.drains('a')).toBe(true);
  expect(states.get('a')).toMatchObject({ status: 'online', draining: true });
  hear('a');
  expect(states.get('a')?.draining).toBe(false);
});

test('a clock that is ahead or behind is told by how much, one that is off by a moment is not', () => {
  const { clock, hear, states } = statesOf();
  clock.advance(100_000);
  hear('a', { at: 160_000 });
  hear('b', { at: 40_000 });
  hear('c', { at: 99_500 });
  expect(states.list().map(({ clockSkewMs }) => clockSkewMs)).toEqual([60_000, -60_000, undefined]);
});

test('listeners are woken by what decides where work may go, not by figures', () => {
  const { hear, told } = statesOf();
  hear('a', { cpuPct: 1 });
  hear('a', { cpuPct: 2 });
  hear('a', { memory: { ...memory, pressure: 'critical' } });
  hear('a', { memory: { ...memory, pressure: 'critical' }, draining: true });
  expect(told).toEqual([true, false, true, true]);
});

test('a report of a machine whose clock was set back does not make it heard for ever', () => {
  expect(standingOf({ enrolled: true, heardAt: 1000, doubted: false }, limits, 0)).toEqual({ status: 'online', changesAt: 16_000 });
});

test('in any order of reports and pauses each state is the one that its silence asks for', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c'), pauseMs: fc.integer({ min: 0, max: 40_000 }) }), { maxLength: 60 }), (steps) => {
      const { clock, hear, states } = statesOf();
      const heard = new Map<string, number>();
      for (const { id, pauseMs } of steps) {
        hear(id);
        heard.set(id, clock.now());
        clock.advance(pauseMs);
        for (const [known, at] of heard) {
          const silent = clock.now() - at;
          // Within a second of a limit either side is right.
          if ([15_000, 30_000].some((limit) => silent > limit && silent <= limit + 1000)) continue;
          expect(states.get(known)?.status).toBe(silent > 30_000 ? 'offline' : silent > 15_000 ? 'degraded' : 'online');
        }
      }
      states.stop();
      expect(clock.pending).toBe(0);
    }),
  );
});

test('what a stranger says of itself again and again wakes nobody; being let in does', () => {
  const { hear, states, told } = statesOf();
  hear('a', {}, false);
  for (const draining of [true, false, true, false]) hear('a', { draining, memory: { ...memory, pressure: draining ? 'critical' : 'normal' } }, false);
  states.enrol('a');
  expect(told).toEqual([true, false, false, false, false, true]);
});
