import { expect, test, vi } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import { type AdvisingSources, createAdvising } from './advising.ts';

function bed() {
  const clock = new FakeClock();
  const figures = vi.fn<AdvisingSources['store']['figures']>(() => Promise.resolve([]));
  const flush = vi.fn(() => Promise.resolve());
  const list = () => Promise.resolve({ traces: [], next: null });
  const view = { ...fleet([backend('a')]), nodes: [nodeState('a', nodeReport('a'))] };
  return { clock, figures, flush, advise: createAdvising({ clock, store: { figures, list }, flush, fleet: () => view }) };
}

test('advice is kept for five minutes, and made anew when asked', async () => {
  const { clock, figures, flush, advise } = bed();
  const first = await advise(false);
  clock.advance(299_000);
  expect(await advise(false)).toBe(first);
  expect(figures).toHaveBeenCalledTimes(1);
  const anew = await advise(true);
  expect(anew).not.toBe(first);
  expect(await advise(false)).toBe(anew);
  clock.advance(301_000);
  expect(await advise(false)).not.toBe(anew);
  expect([figures.mock.calls.length, flush.mock.calls.length]).toEqual([3, 3]);
});

test('those who ask meanwhile wait for the same work, and what failed is tried again', async () => {
  const { figures, advise } = bed();
  figures.mockRejectedValueOnce(new Error('locked'));
  const both = await Promise.allSettled([advise(true), advise(false)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(figures).toHaveBeenCalledTimes(1);
  expect(await advise(false)).toMatchObject({ nodes: [{ node_id: 'a' }] });
});
