import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { FakeListener } from '../../test/fakes/listener.ts';
import { OpenStreams } from './event-stream.ts';
import { UsageFeed } from './usage-feed.ts';

function bed() {
  const clock = new FakeClock();
  const state = { mark: 0, value: 0, looks: 0 };
  const streams = new OpenStreams(clock);
  const view = (): unknown => {
    state.looks += 1;
    return { value: state.value };
  };
  const feed = new UsageFeed(clock, streams, { marks: () => [state.mark], view });
  const change = (value: number): void => void Object.assign(state, { mark: state.mark + 1, value });
  const join = (): FakeListener => {
    const listener = new FakeListener();
    feed.join(listener.exchange());
    return listener;
  };
  return { clock, state, change, join };
}

const values = (listener: FakeListener): number[] => listener.written.filter((text) => text.startsWith('data: ')).map((text) => JSON.parse(text.slice(6)).value);

test('the first event comes at once, changes within 100 ms come as one, and what is as before is not said again', () => {
  const { clock, change, join } = bed();
  const listener = join();
  expect(values(listener)).toEqual([0]);
  for (let value = 1; value <= 50; value += 1) {
    change(value);
    clock.advance(2);
  }
  expect(values(listener)).toEqual([0, 50]);
  change(50);
  clock.advance(1_000);
  expect(values(listener)).toEqual([0, 50]);
  change(7);
  clock.advance(100);
  expect(values(listener)).toEqual([0, 50, 7]);
});

test('who joins later gets what holds then, and the others no more often for it', () => {
  const { clock, change, join } = bed();
  const first = join();
  change(1);
  const second = join();
  expect([values(first), values(second)]).toEqual([[0], [1]]);
  clock.advance(100);
  change(2);
  clock.advance(100);
  expect([values(first), values(second)]).toEqual([[0, 1, 2], [1, 2]]);
});

test('nothing is looked at while nobody listens', () => {
  const { clock, state, change, join } = bed();
  const listener = join();
  listener.leave();
  const before = state.looks;
  change(1);
  clock.advance(60_000);
  expect(state.looks).toBe(before);
  expect(clock.pending).toBe(0);
  expect(values(join())).toEqual([1]);
});
