/** The ledger of slots, at the place where requests take and give them: whatever becomes of a request, its slot is counted once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backend, candidate, entry, fleet } from '../../test/fakes/brain.ts';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import type { BackendState } from '../core/fleet.ts';
import type { Candidate, Ticket } from '../core/placement.ts';
import { createPlace } from '../routing/place.ts';
import type { SchedulerLimits } from '../routing/routing.ts';
import { createScheduler } from '../routing/scheduler.ts';
import { signals } from '../signals/index.gen.ts';
import { isLeftAlone, restOf } from '../util/left-alone.ts';
import { TicketDesk } from './ticket-desk.ts';

const ids = ['a', 'b', 'c'] as const;
const models = ['m', 'n'] as const;

/** How each try of a request ends, and when; `abort` and `give-up` may come while it waits. */
interface Try {
  readonly ends: 'success' | 'error' | 'abort' | 'timeout';
  readonly afterMs: number;
}

type Step =
  | { readonly do: 'arrive'; readonly model: (typeof models)[number]; readonly tries: readonly Try[]; readonly patienceMs: number | null; readonly giveUpMs: number | null; readonly leavesAfterMs: number | null; readonly priority: 'low' | 'normal' | 'high' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'fleet'; readonly id: (typeof ids)[number]; readonly becomes: 'down' | 'up' | 'open' | 'half-open' | 'rests' | 'tried' };

const aTry: fc.Arbitrary<Try> = fc.record({ ends: fc.constantFrom('success', 'success', 'error', 'abort', 'timeout'), afterMs: fc.nat(3000) });
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      model: fc.constantFrom(...models),
      tries: fc.array(aTry, { minLength: 1, maxLength: 4 }),
      patienceMs: fc.option(fc.nat(6000)),
      giveUpMs: fc.option(fc.nat(2000), { freq: 3 }),
      leavesAfterMs: fc.option(fc.nat(4000), { freq: 2 }),
      priority: fc.constantFrom('low', 'normal', 'high'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(2500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fleet' as const), id: fc.constantFrom(...ids), becomes: fc.constantFrom('down', 'up', 'open', 'half-open', 'rests', 'tried') }) },
);

interface World {
  readonly slots: Readonly<Record<string, number>>;
  readonly globalMaxConcurrent: number | null;
  readonly globalMaxQueued: number;
  readonly exclusiveN: boolean;
  readonly policy: 'adaptive' | 'least-busy';
}

const aWorld: fc.Arbitrary<World> = fc.record({
  slots: fc.tuple(...ids.flatMap((id) => models.map((model) => fc.integer({ min: 1, max: 3 }).map((slots) => [`${id}/${model}`, slots] as const)))).map((pairs) => Object.fromEntries(pairs)),
  globalMaxConcurrent: fc.option(fc.integer({ min: 1, max: 5 })),
  globalMaxQueued: fc.nat(12),
  exclusiveN: fc.boolean(),
  policy: fc.constantFrom('adaptive', 'least-busy'),
});

class Bed {
  readonly clock = new FakeClock(0);
  readonly desk: TicketDesk;
  readonly world: World;
  /** Tickets that are held, and how many requests wait for one, by the requests' own books. */
  readonly held = new Map<Ticket, { readonly trial: boolean; readonly modelTrial: boolean }>();
  waiting = 0;
  ended = 0;
  arrived = 0;
  #backends = new Map<string, BackendState>(ids.map((id) => [id, backend(id, { models: [...models] })]));
  readonly #running: (place: Candidate) => number;

  constructor(world: World) {
    this.world = world;
    const view = () => fleet([...this.#backends.values()]);
    const limits: SchedulerLimits = {
      ...world,
      perUserMaxQueued: null,
      agingPointsPerSecond: 1,
      slots: (one) => world.slots[`${one.backendId}/${one.modelKey}`] ?? 0,
      exclusive: (key) => world.exclusiveN && key === 'n',
      available: ({ backendId, modelKey }) => this.stateOf(backendId).status !== 'down' && !isLeftAlone(this.stateOf(backendId), modelKey),
      trial: ({ backendId }) => this.stateOf(backendId).breaker === 'half-open',
      modelTrial: ({ backendId, modelKey }) => restOf(this.stateOf(backendId), modelKey) === 'half-open',
      place: (one, free, at) => place(one, free, at),
    };
    const scheduler = createScheduler(limits);
    this.#running = (one) => scheduler.running(one);
    const place = createPlace({ policy: world.policy, signals, fleet: view, work: (id) => scheduler.work(id), slots: limits.slots, running: this.#running, queued: (key) => scheduler.load().queued(key), available: limits.available });
    this.desk = new TicketDesk(scheduler, this.clock);
  }

  stateOf(id: string): BackendState {
    return this.#backends.get(id) ?? backend(id);
  }

  become(id: string, more: Partial<BackendState>): void {
    const { breaker: _breaker, resting: _resting, ...state } = this.stateOf(id);
    this.#backends.set(id, { ...state, ...more });
    this.desk.fleetChanged();
  }

  async request({ model, tries, patienceMs, giveUpMs, leavesAfterMs, priority }: Extract<Step, { do: 'arrive' }>): Promise<void> {
    const caller = new AbortController();
    const id = String(this.arrived++);
    if (leavesAfterMs !== null) this.clock.after(leavesAfterMs, () => caller.abort());
    let places: readonly Candidate[] = ids.map((one) => candidate(one, model));
    for (const [index, one] of tries.entries()) {
      const now = this.clock.now();
      const ticket = await this.#acquire(entry(id, places, { priority, arrivedAt: now, deadlineAt: patienceMs === null ? null : now + patienceMs, bounded: index === 0 }), caller, giveUpMs);
      if (ticket === null) break;
      const outcome = await this.#run(ticket, one, caller);
      places = places.filter((place) => place.backendId !== ticket.placement.backendId);
      if ((outcome !== 'error' && outcome !== 'timeout') || places.length === 0) break;
    }
    this.ended += 1;
  }

  async #acquire(one: Parameters<TicketDesk['acquire']>[0], caller: AbortController, giveUpMs: number | null): Promise<Ticket | null> {
    this.waiting += 1;
    try {
      return await this.desk.acquire(one, caller.signal, giveUpMs);
    } catch {
      return null;
    } finally {
      this.waiting -= 1;
    }
  }

  async #run(ticket: Ticket, { ends, afterMs }: Try, caller: AbortController): Promise<Try['ends']> {
    const { backendId, modelKey } = ticket.placement;
    this.held.set(ticket, { trial: this.stateOf(backendId).breaker === 'half-open', modelTrial: restOf(this.stateOf(backendId), modelKey) === 'half-open' });
    try {
      await new Promise<void>((resolve) => {
        this.clock.after(afterMs, resolve);
        caller.signal.addEventListener('abort', () => resolve());
      });
      if (ends === 'abort') caller.abort();
      return caller.signal.aborted ? 'abort' : ends;
    } finally {
      this.held.delete(ticket);
      ticket.release();
      // Whoever ends twice gives back once, also when the request has another ticket by then.
      if (afterMs % 2 === 0) this.clock.after(afterMs / 2, () => ticket.release());
    }
  }

  check(): void {
    const load = this.desk.load();
    expect([load.totalRunning, load.totalQueued]).toEqual([this.held.size, this.waiting]);
    if (this.world.globalMaxConcurrent !== null) expect(load.totalRunning).toBeLessThanOrEqual(this.world.globalMaxConcurrent);
    const placed = [...this.held.keys()].map(({ placement }) => placement);
    for (const id of ids) {
      const here = placed.filter((one) => one.backendId === id);
      for (const model of models) {
        const count = here.filter((one) => one.modelKey === model).length;
        expect(this.#running(candidate(id, model))).toBe(count);
        expect(count).toBeLessThanOrEqual(this.world.slots[`${id}/${model}`] ?? 0);
      }
      if (this.world.exclusiveN && here.some((one) => one.modelKey === 'n')) expect(here).toHaveLength(1);
      const tickets = [...this.held].filter(([{ placement }]) => placement.backendId === id);
      if (this.stateOf(id).breaker === 'half-open') expect(tickets.filter(([, { trial }]) => trial).length).toBeLessThanOrEqual(1);
      if (restOf(this.stateOf(id), restingModel) === 'half-open') expect(tickets.filter(([, { modelTrial }]) => modelTrial).length).toBeLessThanOrEqual(1);
    }
  }
}

const restingModel = 'm';
const becoming: Readonly<Record<Extract<Step, { do: 'fleet' }>['becomes'], Partial<BackendState>>> = {
  down: { status: 'down' },
  up: { status: 'up' },
  open: { status: 'up', breaker: 'open' },
  'half-open': { status: 'up', breaker: 'half-open' },
  rests: { status: 'up', resting: { [restingModel]: 'open' } },
  tried: { status: 'up', resting: { [restingModel]: 'half-open' } },
};

async function play(bed: Bed, step: Step): Promise<void> {
  switch (step.do) {
    case 'arrive':
      void bed.request(step);
      break;
    case 'pass':
      await bed.clock.advanceAsync(step.ms);
      break;
    case 'fleet':
      bed.become(step.id, becoming[step.becomes]);
      break;
    default:
      step satisfies never;
  }
  await settled();
}

test('after success, error, abort, timeout and retry the counters are the requests that run, at every step, and nothing in the end', async () => {
  await fc.assert(
    fc.asyncProperty(aWorld, fc.array(aStep, { minLength: 5, maxLength: 60, size: 'max' }), async (world, steps) => {
      const bed = new Bed(world);
      for (const step of steps) {
        await play(bed, step);
        bed.check();
      }
      for (const id of ids) bed.become(id, { status: 'up' });
      for (let second = 0; second < 400 && bed.ended < bed.arrived; second += 1) await bed.clock.advanceAsync(1000);
      expect(bed.ended).toBe(bed.arrived);
      bed.check();
      expect([bed.desk.load().totalRunning, bed.desk.load().totalQueued]).toEqual([0, 0]);
    }),
    { numRuns: 100 },
  );
});
