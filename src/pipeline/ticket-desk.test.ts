/** What becomes of a request that waits, beyond what the scheduler decides. */
import { expect, test } from 'vitest';
import { candidate, entry } from '../../test/fakes/brain.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { createScheduler } from '../routing/scheduler.ts';
import { TicketDesk } from './ticket-desk.ts';

function desk() {
  const clock = new FakeClock(0);
  const granted: string[] = [];
  const scheduler = createScheduler({
    globalMaxConcurrent: null,
    globalMaxQueued: 10,
    perUserMaxQueued: null,
    agingPointsPerSecond: 1,
    slots: () => 1,
    exclusive: () => false,
    available: () => true,
    place: (_entry, [first]) => (first === undefined ? null : { ...first, total: 0, why: [] }),
  });
  return { clock, granted, desk: new TicketDesk(scheduler, clock, (one, placement) => granted.push(`${one.id} on ${placement.backendId}`)) };
}

const never = new AbortController().signal;
const onA = [candidate('a')];

test('whoever gets a ticket is told of before, on arrival and after a wait', async () => {
  const bed = desk();
  const first = await bed.desk.acquire(entry('1', onA), never);
  const second = bed.desk.acquire(entry('2', onA), never);
  expect(bed.granted).toEqual(['1 on a']);
  first?.release();
  expect((await second)?.id).toBe('2');
  expect(bed.granted).toEqual(['1 on a', '2 on a']);
});

test('a request that gives up when its deadline comes gives up; one that would give up later is told that it is too late', async () => {
  const bed = desk();
  await bed.desk.acquire(entry('1', onA), never);
  const both = bed.desk.acquire(entry('2', onA, { deadlineAt: 40 }), never, 40);
  const later = Promise.resolve(bed.desk.acquire(entry('3', onA, { deadlineAt: 40 }), never, 60)).catch((thrown: unknown) => thrown);
  const none = Promise.resolve(bed.desk.acquire(entry('4', onA, { deadlineAt: 0 }), never, 0));
  await bed.clock.advanceAsync(40);
  expect(await both).toBeNull();
  expect(await none).toBeNull();
  expect(await later).toMatchObject({ code: 'queue_timeout' });
  expect(bed.desk.load().totalQueued).toBe(0);
  expect(bed.clock.pending).toBe(0);
});
