import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { GuardedUpload } from './guarded-upload.ts';

/** Chunks of one byte, then whatever `after` does; tells whether it was closed. */
function bodyOf(chunks: number, after: () => Promise<void> = () => Promise.resolve()) {
  const state = { closed: false, read: 0 };
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (; state.read < chunks; state.read += 1) yield new Uint8Array(1);
      await after();
    } finally {
      state.closed = true;
    }
  }
  return { state, body: body() };
}

const never = (): Promise<void> => new Promise(() => {});

test('a file passes whole, and no timer stays', async () => {
  const clock = new FakeClock();
  const upload = new GuardedUpload(bodyOf(3).body, clock, 1000);
  let bytes = 0;
  for await (const chunk of upload) bytes += chunk.length;
  expect([bytes, clock.pending, upload.failure]).toEqual([3, 0, null]);
});

test('silence ends it with 408', async () => {
  const clock = new FakeClock();
  const upload = new GuardedUpload(bodyOf(1, never).body, clock, 1000);
  const chunks = upload[Symbol.asyncIterator]();
  await chunks.next();
  const next = chunks.next();
  clock.advance(1000);
  await expect(next).rejects.toMatchObject({ status: 408 });
  expect(upload.failure).toMatchObject({ status: 408 });
  expect([upload.signal.aborted, clock.pending]).toEqual([true, 0]);
});

test('a backend that takes no more is given up, and one that waits for its end is not', async () => {
  const clock = new FakeClock();
  const upload = new GuardedUpload(bodyOf(2).body, clock, 1000);
  const chunks = upload[Symbol.asyncIterator]();
  await chunks.next();
  clock.advance(999);
  await chunks.next();
  clock.advance(1000);
  expect([upload.signal.aborted, upload.failure]).toEqual([true, expect.objectContaining({ code: 'backend_timeout' })]);
  const whole = new GuardedUpload(bodyOf(1).body, clock, 1000);
  for await (const _ of whole);
  clock.advance(1_000_000);
  expect(whole.signal.aborted).toBe(false);
});

test('a reader that stops early closes nothing; what is left is dropped up to a limit, then it is closed', async () => {
  const short = bodyOf(5);
  const upload = new GuardedUpload(short.body, new FakeClock(), 1000);
  for await (const _ of upload) break;
  await settled();
  expect(short.state.closed).toBe(false);
  await upload.drop(100);
  expect(short.state).toEqual({ closed: true, read: 5 });
  const long = bodyOf(1_000_000);
  await new GuardedUpload(long.body, new FakeClock(), 1000).drop(100);
  expect(long.state.closed).toBe(true);
  expect(long.state.read).toBeLessThan(110);
});

test('a caller that leaves is not waited for', async () => {
  const upload = new GuardedUpload(bodyOf(1, () => Promise.reject(new Error('aborted'))).body, new FakeClock(), 1000);
  await upload.drop(100);
  expect(upload.failure).toMatchObject({ code: 'cancelled' });
});
