import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/fakes/clock.ts';
import { MediaShelf } from './media-shelf.ts';
import type { MediaHost, MediaTool, PictureOrder } from './media.ts';

const order = { model: 'painter', text: 'a cat' } as unknown as PictureOrder;

function shelfWith(paint: NonNullable<MediaTool['paint']>): { readonly shelf: MediaShelf; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const tool: MediaTool = { name: 'tool', find: () => Promise.resolve([{ name: 'painter', capability: 'image' }]), paint };
  return { shelf: new MediaShelf({ tools: [tool], host: {} as MediaHost, clock, imageMs: 5_000 }), clock };
}

/** Works until its signal says otherwise. */
const untilAborted = (_order: unknown, _host: unknown, signal: AbortSignal): Promise<Buffer> => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What other signals a signal would tell of its end, by whatever list the platform keeps. */
function heldBy(signal: AbortSignal): number {
  return Object.getOwnPropertySymbols(signal).reduce((sum, name) => {
    const held = (signal as unknown as Readonly<Record<symbol, { readonly size?: unknown } | null | undefined>>)[name];
    return sum + (typeof held?.size === 'number' ? held.size : 0);
  }, 0);
}

test('a hundred pictures of one connection leave no more behind on its signal than one does', async () => {
  const { shelf } = shelfWith(() => Promise.resolve(Buffer.from('x')));
  const { signal } = new AbortController();
  await shelf.look();
  await shelf.paint(order, signal);
  const one = heldBy(signal);
  for (let count = 0; count < 100; count += 1) await shelf.paint(order, signal);
  expect(heldBy(signal)).toBe(one);
});

test('a picture ends when its caller leaves, when its time is up, and when the machine stops', async () => {
  const { shelf, clock } = shelfWith(untilAborted);
  await shelf.look();
  const caller = new AbortController();
  const left = shelf.paint(order, caller.signal);
  await settled();
  caller.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  const late = shelf.paint(order, new AbortController().signal);
  await settled();
  clock.advance(5_000);
  await expect(late).rejects.toMatchObject({ code: 'backend_timeout' });
  const stopped = shelf.paint(order, new AbortController().signal);
  const waiting = shelf.paint(order, new AbortController().signal);
  await settled();
  shelf.stop();
  for (const picture of [stopped, waiting, shelf.paint(order, new AbortController().signal)]) await expect(picture).rejects.toMatchObject({ code: 'shutting_down' });
});
