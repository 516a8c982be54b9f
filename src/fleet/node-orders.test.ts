import { expect, test } from 'vitest';
import type { NodeCapacity } from '../core/node.ts';
import { CapacityOrders } from './capacity-orders.ts';
import { RestartOrders } from './restart-orders.ts';

const minute = 60_000;

/** Looks every five seconds, and tells when a restart was ordered. */
function ordersFor(orders: RestartOrders, from: number, to: number, dead: (at: number) => boolean): number[] {
  const ordered: number[] = [];
  for (let at = from; at <= to; at += 5000) if (orders.look('a', dead(at), at) !== null) ordered.push(at);
  return ordered;
}

test('a dead Ollama is restarted once after ten seconds, and never in a loop', () => {
  const orders = new RestartOrders();
  expect(ordersFor(orders, 0, 24 * 60 * minute, () => true)).toEqual([10_000]);
});

test('one that dies again soon after is left alone for half an hour', () => {
  const orders = new RestartOrders();
  // Dead for a minute, alive for a minute, all day long.
  const ordered = ordersFor(orders, 0, 3 * 60 * minute, (at) => at % (2 * minute) < minute);
  expect(ordered[0]).toBe(10_000);
  for (const [index, at] of ordered.entries()) if (index > 0) expect(at - (ordered[index - 1] ?? 0)).toBeGreaterThanOrEqual(30 * minute);
  expect(ordered.length).toBeGreaterThan(3);
});

test('one that was away for a moment is not restarted', () => {
  const orders = new RestartOrders();
  expect(ordersFor(orders, 0, 60 * minute, (at) => at % 15_000 === 0)).toEqual([]);
});

const capacity: NodeCapacity = { mode: 'full', availability: 1, reason: '', overridden: false, confidence: 0, daysObserved: 0 };

test('an order is told until it is followed, three times at most, and not when its time is over', () => {
  const orders = new CapacityOrders();
  const paused = { type: 'capacity_override', mode: 'paused', until: 100 } as const;
  orders.give('a', paused);
  expect(orders.next('b', capacity, 0)).toBeNull();
  expect([orders.next('a', capacity, 0), orders.next('a', { ...capacity, mode: 'paused', overridden: true }, 1), orders.next('a', capacity, 2)]).toEqual([paused, null, null]);
  orders.give('a', paused);
  expect([0, 1, 2, 3].map((at) => orders.next('a', undefined, at))).toEqual([paused, paused, paused, null]);
  orders.give('a', paused);
  expect(orders.next('a', capacity, 100)).toBeNull();
  orders.give('a', { type: 'capacity_override', mode: 'auto', until: null });
  expect([orders.next('a', capacity, 0)?.type, orders.next('a', capacity, 1)]).toEqual(['capacity_override', null]);
});
