import { expect, test } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import type { FleetView } from '../core/fleet.ts';
import { mostRoom, type Room, roomOn } from './model-room.ts';

const gib = 1024 ** 3;

function room(backendId: string, more: Partial<Room> = {}): Room {
  return { backendId, told: true, hasModel: false, storedBytes: 0, residentBytes: 0, priority: 0, ...more };
}

test('the most free GPU memory wins where it is known of all', () => {
  const choice = mostRoom([room('a', { freeBytes: 4 * gib }), room('b', { freeBytes: 20 * gib, storedBytes: 900 * gib })]);
  expect(choice).toEqual({ backendId: 'b', reason: 'most free GPU memory, 20.0 GiB' });
});

test('where it is unknown of one, the one that stores least wins', () => {
  const choice = mostRoom([room('a', { freeBytes: 20 * gib, storedBytes: 9 * gib }), room('b', { storedBytes: 3 * gib })]);
  expect(choice).toEqual({ backendId: 'b', reason: 'least stored, 3.0 GiB of models' });
});

test('a model that is there already needs no room', () => {
  const rooms = [room('a', { storedBytes: gib }), room('b', { storedBytes: 99 * gib, hasModel: true })];
  expect(mostRoom(rooms)).toEqual({ backendId: 'b', reason: 'has it already' });
});

test('ties go to what has least in memory, then to priority, then to order', () => {
  expect(mostRoom([room('a', { residentBytes: 2 }), room('b', { residentBytes: 1 })])?.backendId).toBe('b');
  expect(mostRoom([room('a'), room('b', { priority: 1 })])?.backendId).toBe('b');
  expect(mostRoom([room('a'), room('b')])?.backendId).toBe('a');
});

test('a backend that has not told what it has does not win by that', () => {
  expect(mostRoom([room('a', { told: false }), room('b', { storedBytes: gib }), room('c', { storedBytes: 2 * gib })])?.backendId).toBe('b');
  expect(mostRoom([])).toBeNull();
});

test('GPU memory is that of the router\'s own machine; a configured size has the loaded models taken off', () => {
  const here = backend('here', { nodeId: 'home', models: [{ name: 'm', sizeBytes: 5 * gib }], resident: [{ name: 'm', vramBytes: 2 * gib }] });
  const there = backend('there', { models: [{ name: 'm', sizeBytes: gib }] });
  const measured: FleetView = { ...fleet([here, there]), gpu: { provider: 'nvidia', takenAt: 0, gpus: [{ index: 0, vramTotalMb: 16 * 1024, vramFreeMb: 10 * 1024 }] } };
  expect(roomOn(here, measured, 'home', true)).toMatchObject({ freeBytes: 10 * gib, storedBytes: 5 * gib, hasModel: true });
  expect(roomOn(there, measured, 'home', false)).not.toHaveProperty('freeBytes');
  const configured: FleetView = { ...measured, gpu: { provider: 'static', takenAt: 0, gpus: [{ index: 0, vramTotalMb: 16 * 1024, vramFreeMb: 16 * 1024 }] } };
  expect(roomOn(here, configured, 'home', false).freeBytes).toBe(14 * gib);
});
