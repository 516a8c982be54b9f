/** A backend that answers with given bytes, packet by packet, and ends as it is told: for bytes cut anywhere and connections that break. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BackendKind, BackendSettings, Timeouts } from '../../src/backends/backend.ts';
import { readUpstreamError } from '../../src/backends/read-upstream-error.ts';
import type { PlannedBackend } from '../../src/app/backend-plan.ts';
import type { Random } from './random-answers.ts';

export interface Packet {
  readonly bytes: Uint8Array;
  /** What comes before it: nothing, so many milliseconds (0: a turn of the event loop), or something that happens. */
  readonly after?: number | Promise<void>;
}

/** How it goes on behind the last packet: it ends; the connection closes within the body, or is reset; bytes that are not HTTP; silence. */
export type Ending = 'end' | 'close' | 'reset' | 'garbage' | 'silence';

export interface CutAnswer {
  readonly status?: number;
  readonly contentType: string;
  readonly packets: readonly Packet[];
  readonly ending?: Ending;
}

export interface CutServer {
  readonly url: string;
  /** Requests so far. */
  readonly received: number;
  /** Answers that are neither complete nor given up. */
  readonly open: number;
  close(): Promise<void>;
}

/** `answer` is given path and body of each request. A text is all that comes, without HTTP, and null nothing but the end. */
export async function startCutServer(answer: (path: string, body: string) => CutAnswer | string | null): Promise<CutServer> {
  let received = 0;
  let open = 0;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('error', () => {});
    response.once('close', () => (open -= 1));
    open += 1;
    request.on('end', () => {
      received += 1;
      const given = answer(request.url ?? '/', Buffer.concat(pieces).toString());
      if (given === null) response.socket?.destroy();
      else if (typeof given === 'string') response.socket?.end(given);
      else void play(given, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return received;
    },
    get open() {
      return open;
    },
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function play({ status, contentType, packets, ending }: CutAnswer, response: ServerResponse): Promise<void> {
  response.writeHead(status ?? 200, { 'content-type': contentType });
  if (ending === 'silence') response.flushHeaders();
  for (const { bytes, after } of packets) {
    if (typeof after === 'number') await new Promise((resolve) => (after === 0 ? setImmediate(resolve) : setTimeout(resolve, after)));
    else if (after !== undefined) await after;
    if (response.destroyed) return;
    response.write(bytes);
  }
  const { socket } = response;
  if (ending === 'silence') return;
  if (ending === undefined || ending === 'end') response.end();
  // What was written last is on its way before the connection breaks.
  else if (ending === 'garbage') socket?.write('zz\r\nthis is no chunk\r\n', () => socket.end());
  else response.write('', () => setImmediate(() => (ending === 'reset' ? socket?.resetAndDestroy() : socket?.destroy())));
}

/** The bytes cut anywhere: not at all, at a few places, at many, or at each byte of a stretch; with and without pauses. */
export function cutAnywhere(bytes: Buffer, random: Random): readonly Packet[] {
  const most = Math.max(1, Math.ceil(bytes.length / random.pick([1, 2, 4, 12])));
  const stretch = random.chance(0.25) ? random.integer(0, bytes.length) : bytes.length;
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; ) {
    const fine = at >= stretch && at < stretch + stretchBytes;
    const length = fine ? 1 : Math.min(random.integer(1, most), at < stretch ? stretch - at : most);
    const pause = random.fraction();
    packets.push({ bytes: bytes.subarray(at, at + length), ...(pause < 0.6 ? {} : { after: pause < 0.95 ? 0 : random.integer(0, 2) }) });
    at += length;
  }
  return packets;
}

const stretchBytes = 50;

const patient: Timeouts = { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 0 };

/** The server as a backend that speaks one dialect alone. */
export function speakerOf(dialect: string, models: readonly string[], settings: Partial<BackendSettings> & Pick<BackendSettings, 'id' | 'url'>): PlannedBackend {
  const kind: BackendKind = {
    kind: 'cut',
    label: 'Cut',
    speaks: [dialect],
    usualAddresses: [],
    urlFor: ({ url }, path) => `${url}${path}`,
    detect: () => Promise.resolve(false),
    probe: () => Promise.resolve({ models: models.map((name) => ({ name, capabilities: ['chat', 'tools', 'thinking'], contextLength: 1_000_000 })), resident: null }),
    readError: readUpstreamError,
  };
  return { kind, settings: { kind: 'cut', priority: 0, tags: [], models, timeouts: patient, maxConcurrent: 256, ...settings } };
}
