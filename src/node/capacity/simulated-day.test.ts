/** A day of a fleet in simulated time: a laptop that has learned its owner's weeks beside a desk machine, and where each request goes. */
import { expect, test } from 'vitest';
import { backend, candidate, entry, fleet } from '../../../test/fakes/brain.ts';
import { ownerHours } from '../../../test/fakes/owner-weeks.ts';
import type { FleetView } from '../../core/fleet.ts';
import type { NodeCapacity, NodeState } from '../../core/node.ts';
import { createPlace } from '../../routing/place.ts';
import { signals } from '../../signals/index.gen.ts';
import { whyNoWork } from '../../util/takes-work.ts';
import type { OwnerSample } from './capacity.ts';
import { createLearner } from './learner.ts';
import { localHours } from './local-hour.ts';

const gib = 2 ** 30;
const minuteMs = 60_000;
const weeks = 5;
const midnight = Date.UTC(2024, 0, 1) + weeks * 7 * 24 * 60 * minuteMs;
const at = (hour: number, minute = 0): number => midnight + (hour * 60 + minute) * minuteMs;

const chat = { name: 'chat', sizeBytes: 4 * gib };
const large = { name: 'large', sizeBytes: 12 * gib };
const laptopServer = backend('laptop', { models: [chat, large], resident: [{ name: 'chat', sizeBytes: 4 * gib, contextLength: 8192 }] });
const deskServer = backend('desk', { models: [chat, large] });

/** What the owner does with the laptop that Monday. */
function owner(hour: number): OwnerSample {
  if (hour >= 10 && hour < 11) return { cpuPct: 12, gpuPct: 5, memoryPct: 50, meeting: true };
  if (hour >= 15 && hour < 15.5) return { cpuPct: 96, gpuPct: 0, memoryPct: 60, meeting: false };
  if (hour >= 20 && hour < 22) return { cpuPct: 35, gpuPct: 55, memoryPct: 60, meeting: false };
  return { cpuPct: 4, gpuPct: 0, memoryPct: 35, meeting: false };
}

function nodeState(id: string, capacity: NodeCapacity | undefined, draining = false): NodeState {
  const memory = { totalBytes: 32 * gib, usedBytes: 8 * gib, availableBytes: 24 * gib, pressure: 'normal' as const };
  return { id, source: 'agent', status: 'online', draining, heardAt: 0, report: { nodeId: id, name: id, at: 0, memory, gpus: [], draining, servers: [], ...(capacity === undefined ? {} : { capacity }) } };
}

/** Where a request goes, as the scheduler would place it: among the servers whose machines take work. */
function placed(model: string, nodes: readonly NodeState[]): string {
  const view: FleetView = { ...fleet([laptopServer, deskServer]), nodes };
  const takes = (backendId: string): boolean => view.backends.some((one) => one.id === backendId && whyNoWork(nodes.find(({ id }) => id === one.nodeId), one, model) === null);
  const choose = createPlace({
    policy: 'signals',
    signals,
    fleet: () => view,
    work: () => ({ running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 }),
    slots: () => 4,
    running: () => 0,
    runningOnNode: () => 0,
    available: ({ backendId }) => takes(backendId),
    pinned: () => null,
    now: () => 0,
  });
  const all = view.backends.map((one) => candidate(one.id, model, one.nodeId));
  const found = choose(entry('1', all, { promptTokens: 100 }), all.filter(({ backendId }) => takes(backendId)), 0);
  return found === null || 'until' in found ? 'nowhere' : found.backendId;
}

interface Minute {
  readonly capacity: NodeCapacity;
  readonly chat: string;
  readonly large: string;
}

/** Every minute of the day. Between one and two the laptop is drained; from four to five its owner has paused it by hand. */
function day(): (hour: number, minute?: number) => Minute {
  const learner = createLearner({ localHour: localHours('UTC') });
  for (const { samples } of ownerHours('office', weeks, 31, 600_000)) for (const { at: sampledAt, sample } of samples) learner.sample({ ...sample, cpuPct: (sample.cpuPct ?? 0) / 4 }, sampledAt);
  const minutes = new Map<number, Minute>();
  for (let now = midnight; now < at(24); now += 10_000) {
    const hour = (now - midnight) / (60 * minuteMs);
    learner.sample(owner(hour), now);
    if ((now - midnight) % minuteMs !== 0) continue;
    const capacity = learner.capacity(now, { totalBytes: 32 * gib, override: hour >= 16 && hour < 17 ? { mode: 'paused', by: 'owner' } : undefined });
    const nodes = [nodeState('laptop', capacity, hour >= 13 && hour < 14), nodeState('desk', undefined)];
    minutes.set(now, { capacity, chat: placed('chat', nodes), large: placed('large', nodes) });
  }
  return (hour, minute = 0) => {
    const found = minutes.get(at(hour, minute));
    if (found === undefined) throw new Error(`There is no ${hour}:${minute}.`);
    return found;
  };
}

const when = day();

test('at night all of the laptop is used', () => {
  expect(when(3)).toMatchObject({ chat: 'laptop', capacity: { mode: 'full', reason: 'high_availability' } });
});

test('in the meeting every request goes elsewhere, and afterwards the laptop is back within three minutes', () => {
  expect(when(9, 59).chat).toBe('laptop');
  for (let minute = 0; minute < 60; minute += 1) expect(when(10, minute)).toMatchObject({ chat: 'desk', large: 'desk', capacity: { mode: 'paused', reason: 'meeting_detected', availability: 0, ceilingBytes: 0 } });
  expect(when(11, 3).chat).toBe('laptop');
});

test('while it drains nothing new starts there', () => {
  for (let minute = 0; minute < 60; minute += 1) expect(when(13, minute).chat).toBe('desk');
  expect(when(14).chat).toBe('laptop');
});

test('a build that keeps all cores busy pauses it after two minutes, and its end brings it back', () => {
  expect(when(15, 1).chat).toBe('laptop');
  expect(when(15, 3)).toMatchObject({ chat: 'desk', capacity: { mode: 'paused', reason: 'sustained_high_cpu' } });
  expect(when(15, 33).chat).toBe('laptop');
});

test('what its owner sets by hand holds', () => {
  for (let minute = 0; minute < 60; minute += 1) expect(when(16, minute)).toMatchObject({ chat: 'desk', capacity: { mode: 'paused', reason: 'manual_override', overridden: true } });
  expect(when(17).chat).toBe('laptop');
});

test('the evening\'s work leaves less of it: what is loaded is used, and no large model is loaded', () => {
  const before = when(19, 50).capacity;
  const evening = when(20, 30);
  expect(evening.capacity.availability).toBeLessThan(before.availability - 0.2);
  expect(evening.capacity.ceilingBytes).toBeLessThan(12 * gib);
  expect(evening).toMatchObject({ chat: 'laptop', large: 'desk' });
  expect(when(22, 15).capacity.ceilingBytes).toBeGreaterThan(evening.capacity.ceilingBytes ?? 0);
});

test('at no minute is there nowhere to go', () => {
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    const { chat: served, large: loaded } = when(0, minute);
    expect([served, loaded]).not.toContain('nowhere');
  }
});
