/** What holds for every fleet and every order of events, checked against a plain restatement of the rules. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { candidate, entry } from '../../test/fakes/brain.ts';
import type { Candidate, Placement } from '../core/placement.ts';
import type { Entry, SchedulerEffect, SchedulerEvent, SchedulerLimits } from './routing.ts';
import { createScheduler } from './scheduler.ts';

const nodes = ['n0', 'n1'];
const backends = ['b0', 'b1', 'b2'] as const;
const models = ['m0', 'm1', 'm2', 'big'] as const;
const nodeOf = (backendId: string): string => nodes[backends.indexOf(backendId as 'b0') % nodes.length] ?? '';
const slotOf = (one: Candidate): string => `${one.backendId}/${one.modelKey}`;

interface World {
  readonly slots: Readonly<Record<string, number>>;
  readonly bigIsExclusive: boolean;
  readonly globalMaxConcurrent: number | null;
  readonly globalMaxQueued: number;
  readonly perUserMaxQueued: number | null;
  readonly agingPointsPerSecond: number;
}

type Step =
  | { readonly do: 'arrive'; readonly wait: number; readonly models: readonly (typeof models)[number][]; readonly on: readonly (typeof backends)[number][]; readonly priority: Entry['priority']; readonly user: string; readonly patienceMs: number | null; readonly bounded: boolean }
  | { readonly do: 'leave'; readonly wait: number; readonly which: number }
  | { readonly do: 'toggle'; readonly wait: number; readonly backendId: (typeof backends)[number] }
  | { readonly do: 'tick'; readonly wait: number };

const wait = fc.nat(1500);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      wait,
      models: fc.uniqueArray(fc.constantFrom(...models, 'big' as const), { minLength: 1, maxLength: 2 }),
      on: fc.uniqueArray(fc.constantFrom(...backends), { minLength: 1, maxLength: 3 }),
      priority: fc.constantFrom('low' as const, 'normal' as const, 'high' as const),
      user: fc.constantFrom('ann', 'bob'),
      patienceMs: fc.option(fc.nat(4000)),
      bounded: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('leave' as const), wait, which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('toggle' as const), wait, backendId: fc.constantFrom(...backends) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tick' as const), wait }) },
);

const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' });

const anyWorld: fc.Arbitrary<World> = fc.record({
  slots: fc.tuple(...backends.flatMap((b) => models.map((m) => fc.constantFrom(1, 1, 2, 0).map((n) => [`${b}/${m}`, n] as const)))).map((pairs) => Object.fromEntries(pairs)),
  bigIsExclusive: fc.constantFrom(true, true, false),
  globalMaxConcurrent: fc.option(fc.integer({ min: 1, max: 4 })),
  globalMaxQueued: fc.nat(5),
  perUserMaxQueued: fc.option(fc.nat(3)),
  agingPointsPerSecond: fc.constantFrom(0, 1, 20),
});

/** Keeps its own books of what the effects say, and checks them after each event. */
class Witness {
  readonly waiting: Entry[] = [];
  readonly running = new Map<string, Placement>();
  readonly ended = new Map<string, string>();
  readonly down = new Set<string>();
  readonly world: World;
  readonly limits: SchedulerLimits;

  constructor(world: World) {
    this.world = world;
    this.limits = {
      ...world,
      slots: (one) => world.slots[slotOf(one)] ?? 0,
      exclusive: (key) => world.bigIsExclusive && key === 'big',
      available: (one) => !this.down.has(one.backendId),
      place: (_entry, free) => {
        const chosen = free[0];
        return chosen === undefined ? null : { ...chosen, total: 0, why: [] };
      },
    };
  }

  /** Order as the rules state it: points at this moment, then arrival. */
  inOrder(at: number): readonly Entry[] {
    const weight = { low: 10, normal: 50, high: 90 };
    const points = (one: Entry): number => weight[one.priority] + (this.world.agingPointsPerSecond * (at - one.arrivedAt)) / 1000;
    return this.waiting.map((one, turn) => ({ one, turn })).sort((a, b) => (Math.abs(points(b.one) - points(a.one)) < 1e-6 ? a.turn - b.turn : points(b.one) - points(a.one))).map(({ one }) => one);
  }

  fits(one: Candidate): boolean {
    const here = [...this.running.values()].filter((placed) => placed.nodeId === one.nodeId);
    if (this.world.globalMaxConcurrent !== null && this.running.size >= this.world.globalMaxConcurrent) return false;
    if (this.down.has(one.backendId) || here.some((placed) => this.limits.exclusive(placed.modelKey))) return false;
    if (this.limits.exclusive(one.modelKey) && here.length > 0) return false;
    return here.filter((placed) => slotOf(placed) === slotOf(one)).length < this.limits.slots(one);
  }

  /** Does the entry wait for a node to become empty? */
  waitsForNode(one: Entry, nodeId: string): boolean {
    const busy = [...this.running.values()].some((placed) => placed.nodeId === nodeId);
    return busy && one.candidates.some((place) => place.nodeId === nodeId && this.limits.exclusive(place.modelKey) && this.limits.slots(place) > 0 && !this.down.has(place.backendId));
  }

  keptFor(granted: Entry, place: Candidate, at: number): boolean {
    return this.waiting.some((one) => this.waitsForNode(one, place.nodeId) && this.isAhead(one, granted.id, at));
  }

  /** Entries that could start now, given that an exclusive one keeps its nodes for itself against those behind it. */
  couldStart(at: number): readonly string[] {
    const kept = new Set<string>();
    const able: string[] = [];
    for (const one of this.inOrder(at)) {
      if (one.candidates.some((place) => !kept.has(place.nodeId) && this.fits(place))) able.push(one.id);
      for (const { nodeId } of one.candidates) if (this.waitsForNode(one, nodeId)) kept.add(nodeId);
    }
    return able;
  }

  note(event: SchedulerEvent, effects: readonly SchedulerEffect[]): void {
    const before = this.inOrder(event.at).map((one) => one.id);
    if (event.type === 'arrive') this.waiting.push(event.entry);
    if (event.type === 'leave') {
      if (this.running.delete(event.id) || this.waiting.some((one) => one.id === event.id)) {
        this.take(event.id);
        this.ended.set(event.id, this.ended.get(event.id) ?? 'left');
      }
    }
    for (const effect of effects) {
      const one = this.take(effect.id);
      if (effect.type === 'reject') {
        this.ended.set(effect.id, effect.code);
        expect(effect.retryAfterMs).toBeGreaterThanOrEqual(1000);
        if (effect.code !== 'queue_timeout') this.checkRefusal(one, event.at);
        continue;
      }
      expect(one.candidates.map(slotOf)).toContain(slotOf(effect.placement));
      expect(this.keptFor(one, effect.placement, event.at), `${effect.id} took the node that an exclusive request waits for`).toBe(false);
      expect(this.fits(effect.placement), `${effect.id} on ${slotOf(effect.placement)} breaks a limit`).toBe(true);
      if (before.includes(one.id) && one.deadlineAt !== null) expect(event.at).toBeLessThan(one.deadlineAt);
      this.running.set(one.id, effect.placement);
      this.ended.set(one.id, 'granted');
    }
    this.checkRest(event, effects);
  }

  take(id: string): Entry {
    const index = this.waiting.findIndex((one) => one.id === id);
    const [one] = index < 0 ? [] : this.waiting.splice(index, 1);
    return one ?? entry(id, []);
  }

  checkRefusal(one: Entry, at: number): void {
    expect(one.bounded).toBe(true);
    this.waiting.push(one);
    expect(this.couldStart(at)).not.toContain(one.id);
    this.take(one.id);
  }

  checkRest(event: SchedulerEvent, effects: readonly SchedulerEffect[]): void {
    expect(this.couldStart(event.at), 'idle while work fits').toEqual([]);
    for (const one of this.waiting) {
      if (one.deadlineAt !== null) expect(event.at).toBeLessThan(one.deadlineAt);
    }
    expect(this.waiting.filter((one) => one.bounded).length).toBeLessThanOrEqual(this.world.globalMaxQueued === 0 ? 0 : this.world.globalMaxQueued + models.length - 1);
    const order = this.inOrder(event.at);
    for (const effect of effects) {
      if (effect.type !== 'grant' || event.type !== 'leave') continue;
      const granted = effect.placement;
      for (const one of order) {
        const ahead = one.candidates.some((place) => slotOf(place) === slotOf(granted)) && this.isAhead(one, effect.id, event.at);
        expect(ahead, `${effect.id} overtook ${one.id}`).toBe(false);
      }
    }
  }

  readonly known = new Map<string, Entry>();

  isAhead(one: Entry, otherId: string, at: number): boolean {
    const other = this.known.get(otherId);
    if (other === undefined) return false;
    const probe = new Witness(this.world);
    probe.waiting.push(...[one, other].sort((a, b) => Number(a.id) - Number(b.id)));
    return probe.inOrder(at)[0] === one;
  }
}

function eventOf(step: Step, index: number, at: number, witness: Witness): SchedulerEvent {
  switch (step.do) {
    case 'arrive': {
      const candidates = step.models.flatMap((model) => step.on.map((b) => candidate(b, model, nodeOf(b))));
      const one = entry(String(index), candidates, { ...step, arrivedAt: at, deadlineAt: step.patienceMs === null ? null : at + step.patienceMs });
      witness.known.set(one.id, one);
      return { type: 'arrive', at, entry: one };
    }
    case 'leave': {
      const present = [...witness.running.keys(), ...witness.waiting.map((one) => one.id), 'nobody'];
      return { type: 'leave', at, id: present[step.which % present.length] ?? 'nobody' };
    }
    case 'toggle':
      if (!witness.down.delete(step.backendId)) witness.down.add(step.backendId);
      return { type: 'fleet-changed', at };
    case 'tick':
      return { type: 'tick', at };
    default:
      return step satisfies never;
  }
}

test('never over a limit, never idle while work fits, in order, in time, nothing lost', () => {
  fc.assert(
    fc.property(anyWorld, anySteps, (world, steps) => {
      const witness = new Witness(world);
      const scheduler = createScheduler(witness.limits);
      let at = 0;
      let arrived = 0;
      steps.forEach((step, index) => {
        at += step.wait;
        const event = eventOf(step, index, at, witness);
        if (event.type === 'arrive') arrived += 1;
        witness.note(event, scheduler.dispatch(event));
        expect([scheduler.load().totalQueued, scheduler.load().totalRunning]).toEqual([witness.waiting.length, witness.running.size]);
      });
      expect(witness.ended.size + witness.waiting.length).toBe(arrived);
      for (const one of witness.waiting) expect(scheduler.position(one.id)).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test('the same events give the same effects', () => {
  fc.assert(
    fc.property(anyWorld, anySteps, (world, steps) => {
      const run = (): readonly (readonly SchedulerEffect[])[] => {
        const witness = new Witness(world);
        const scheduler = createScheduler(witness.limits);
        let at = 0;
        return steps.map((step, index) => {
          at += step.wait;
          const event = eventOf(step, index, at, witness);
          const effects = scheduler.dispatch(event);
          witness.note(event, effects);
          return effects;
        });
      };
      expect(run()).toEqual(run());
    }),
    { numRuns: 50 },
  );
});

test('a low request gets its turn though high ones never cease', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 100, max: 2000 }), (agingPointsPerSecond, serviceMs) => {
      const world: World = { slots: { 'b0/m0': 1 }, bigIsExclusive: false, globalMaxConcurrent: null, globalMaxQueued: 100, perUserMaxQueued: null, agingPointsPerSecond };
      const scheduler = createScheduler(new Witness(world).limits);
      const place = [candidate('b0', 'm0', 'n0')];
      let running = 'first';
      scheduler.dispatch({ type: 'arrive', at: 0, entry: entry(running, place) });
      scheduler.dispatch({ type: 'arrive', at: 0, entry: entry('low', place, { priority: 'low' }) });
      // 80 points lie between high and low: after that long each newcomer stands behind. One service more ends what runs.
      const boundMs = 80_000 / agingPointsPerSecond + 2 * serviceMs;
      for (let at = serviceMs; running !== 'low'; at += serviceMs) {
        expect(at).toBeLessThanOrEqual(boundMs);
        scheduler.dispatch({ type: 'arrive', at, entry: entry(`high ${at}`, place, { priority: 'high', arrivedAt: at }) });
        const [granted] = scheduler.dispatch({ type: 'leave', at, id: running });
        running = granted?.id ?? '';
      }
    }),
    { numRuns: 50 },
  );
});
