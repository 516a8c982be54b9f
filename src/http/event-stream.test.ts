import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { FakeListener } from '../../test/fakes/listener.ts';
import { OpenStreams } from './event-stream.ts';

function bed() {
  const clock = new FakeClock();
  const streams = new OpenStreams(clock);
  const closed: string[] = [];
  const listen = (name: string) => {
    const listener = new FakeListener();
    return { listener, stream: streams.open(listener.exchange(), () => void closed.push(name)) };
  };
  return { clock, streams, closed, listen };
}

test('a stream is told what it is, gets its events, and a comment every 15 s', () => {
  const { clock, listen } = bed();
  const { listener, stream } = listen('a');
  expect([listener.status, listener.headers]).toEqual([200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }]);
  stream.send('{"a":1}');
  clock.advance(14_999);
  expect(listener.written).toEqual(['data: {"a":1}\n\n']);
  clock.advance(30_001);
  expect(listener.written.slice(1)).toEqual([': still here\n\n', ': still here\n\n', ': still here\n\n']);
});

test('who reads slowly holds nobody up, and gets the latest when he is ready', async () => {
  const { clock, listen } = bed();
  const slow = listen('slow');
  const quick = listen('quick');
  slow.listener.slow = true;
  for (let number = 1; number <= 1_000; number += 1) for (const { stream } of [slow, quick]) stream.send(String(number));
  clock.advance(15_000);
  expect(slow.listener.written).toEqual(['data: 1\n\n']);
  expect(quick.listener.written).toHaveLength(1_001);
  slow.listener.drain();
  await settled();
  expect(slow.listener.written).toEqual(['data: 1\n\n', 'data: 1000\n\n']);
});

test('who leaves is forgotten, and when all have left no timer is set again', () => {
  const { clock, closed, listen } = bed();
  const first = listen('first');
  const second = listen('second');
  first.listener.leave();
  first.stream.send('late');
  expect(closed).toEqual(['first']);
  expect(first.listener.written).toEqual([]);
  second.listener.leave();
  clock.advance(15_000);
  expect(clock.pending).toBe(0);
  const third = listen('third');
  clock.advance(15_000);
  expect(third.listener.written).toHaveLength(1);
});

test('whoever would not be let in any more hears nothing from the next heartbeat on, and the others listen on', () => {
  const { clock, streams, closed, listen } = bed();
  let allowed = true;
  const revoked = new FakeListener();
  const stream = streams.open(revoked.exchange('GET', (at) => allowed || at < 15_000), () => void closed.push('revoked'));
  const { listener: other } = listen('other');
  clock.advance(15_000);
  allowed = false;
  clock.advance(15_000);
  stream.send('late');
  expect([revoked.written, revoked.ending, closed]).toEqual([[': still here\n\n'], 'ended', ['revoked']]);
  expect([other.written.length, other.ending]).toEqual([2, 'open']);
});

test('at the end all are closed, those who do not read by force, and nobody is taken any more', () => {
  const { clock, streams, closed, listen } = bed();
  const { listener: reading } = listen('reading');
  const { listener: stuck, stream } = listen('stuck');
  stuck.slow = true;
  stream.send('1');
  streams.end();
  expect([reading.ending, stuck.ending]).toEqual(['ended', 'destroyed']);
  expect(closed).toEqual(['reading', 'stuck']);
  reading.leave();
  expect(closed).toHaveLength(2);
  expect(clock.pending).toBe(0);
  expect(() => listen('late')).toThrow(expect.objectContaining({ code: 'shutting_down' }));
});

test('only GET opens one', () => {
  const { streams } = bed();
  expect(() => streams.open(new FakeListener().exchange('HEAD'), () => {})).toThrow(expect.objectContaining({ code: 'method_not_allowed' }));
});
