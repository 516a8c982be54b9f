/** What becomes of a body that nobody reads: a refused caller who still sends is heard out for a while, so that the answer reaches them. */
import type { IncomingMessage } from 'node:http';
import type { SlowBodies } from './slow-bodies.ts';

const graceMs = 30_000;
const graceBytes = 16 * 1024 ** 2;

/** Will there be a body? */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Reads on and forgets; whoever sends more than that, or for longer, is cut off. */
export function dropBody(request: IncomingMessage, slow: Pick<SlowBodies, 'begun'>): void {
  let left = graceBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  limitBody(request, slow, graceMs);
}

/** For addresses that take no body: what comes all the same must have come within the time, as any other. */
export function limitBody(request: IncomingMessage, slow: Pick<SlowBodies, 'begun'>, withinMs?: number): void {
  const { socket } = request;
  const ended = slow.begun(() => request.destroy(), withinMs);
  const over = (): void => {
    ended();
    request.off('close', over);
    socket.off('close', over);
  };
  request.once('close', over);
  // A request that was answered before it had ended is not told when its connection breaks.
  socket.once('close', over);
}
