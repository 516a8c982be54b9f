/** Tens of thousands of requests of all kinds through one router: its memory stays flat, and nothing is left over. Needs a build. */
import { afterEach, expect, test } from 'vitest';
import { Pool } from 'undici';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, newFolder, plainConfig, RouterProcess } from '../support/router-process.ts';

const total = process.env['OAR_TEST_LONG'] === 'full' ? 100_000 : 20_000;
const callers = 24;
/** What the garbage collector may leave lying about between two readings. */
const slackMb = 24;
const mostMb = 256;

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

const names = ['small:1b', 'broken:1b', 'cut:1b', 'slow:1b'];

interface Kind {
  readonly share: number;
  readonly path: string;
  readonly body: Record<string, unknown> | string;
  /** Statuses that are right; none: the caller leaves in the middle. */
  readonly right: readonly number[];
}

const messages = [{ role: 'user', content: 'Hello there, how are you today?' }];
/** A model that fails again and again rests: who wants it does not wait for it here, or all would in the end. */
const hurried = { mode: 'sync', maxQueueTimeMs: 20 };
const kinds: readonly Kind[] = [
  { share: 40, path: '/v1/chat/completions', body: { model: 'small:1b', messages }, right: [200] },
  { share: 15, path: '/v1/chat/completions', body: { model: 'small:1b', messages, stream: true }, right: [200] },
  { share: 10, path: '/api/chat', body: { model: 'small:1b', messages, stream: false }, right: [200] },
  { share: 8, path: '/v1/chat/completions', body: { messages }, right: [200] },
  { share: 7, path: '/v1/chat/completions', body: { model: 'broken:1b', messages, router: hurried }, right: [502, 503] },
  { share: 6, path: '/v1/chat/completions', body: { model: 'cut:1b', messages, stream: true, router: hurried }, right: [200, 503] },
  { share: 4, path: '/v1/chat/completions', body: { model: 'unknown:1b', messages }, right: [404] },
  { share: 3, path: '/v1/chat/completions', body: '{"messages": [', right: [400] },
  { share: 3, path: '/v1/nothing', body: {}, right: [404] },
  { share: 4, path: '/v1/chat/completions', body: { model: 'slow:1b', messages, stream: true }, right: [] },
];

/** Every hundred requests hold the kinds by their shares, well mixed. */
const hundred = kinds.flatMap((kind) => Array.from({ length: kind.share }, (_, index) => ({ kind, at: (index + 0.5) / kind.share }))).sort((a, b) => a.at - b.at);

async function send(pool: Pool, { path, body, right }: Kind): Promise<number | null> {
  const leave = new AbortController();
  const { statusCode, body: answer } = await pool.request({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body), signal: leave.signal });
  if (right.length === 0) {
    answer.on('error', () => {});
    leave.abort();
    return null;
  }
  await answer.dump({ limit: 1_000_000 });
  return statusCode;
}

test(`${total} requests with errors and leaving callers: memory flat, nothing left running`, async () => {
  backend = await startFakeBackend({ models: names, record: false });
  backend.script('small:1b', { chunks: ['Very ', 'well, ', 'thank ', 'you.'] });
  backend.script('broken:1b', { status: 500 });
  backend.script('cut:1b', { chunks: ['one ', 'two ', 'three ', 'four'], fault: 'cut' });
  backend.script('slow:1b', { chunks: ['one '], fault: 'stall' });
  const folder = newFolder();
  const router = await RouterProcess.serve(configFile(plainConfig(backend.url, folder, { models: names.map((name) => ({ name, maxConcurrent: 64 })), routes: { unknown: ['small:1b'] }, router: { breaker: { openMs: 20 } } }), folder), { quiet: true });
  const pool = new Pool(router.url, { connections: callers });
  const wrong = new Map<string, number>();
  const memory: number[] = [];
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < total) {
      const { kind } = hundred[sent % hundred.length] ?? { kind: kinds[0] as Kind };
      sent += 1;
      if (sent % (total / 20) === 0) memory.push(router.memoryMb() ?? 0);
      const status = await send(pool, kind);
      if (status === null || kind.right.includes(status)) continue;
      const what = `${status} of ${JSON.stringify(kind.body).slice(0, 60)}`;
      wrong.set(what, (wrong.get(what) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  await pool.close();
  expect([...wrong]).toEqual([]);
  const queues = async (): Promise<unknown> => {
    const { globalQueued, globalRunning } = ((await router.json('/v1/router/runtime')) as { queues: Record<string, number> }).queues;
    return { globalQueued, globalRunning };
  };
  await expect.poll(queues, { timeout: 10_000 }).toEqual({ globalQueued: 0, globalRunning: 0 });
  expect(backend.received).toBeGreaterThan(total * 0.7);
  if (router.memoryMb() !== null) {
    // The first quarter warms up: caches fill, code is compiled.
    const early = Math.max(...memory.slice(4, 8));
    const late = Math.min(...memory.slice(-4));
    console.log(`memory over ${total} requests, MiB: ${memory.map(Math.round).join(' ')}`);
    expect(late).toBeLessThan(early + slackMb);
    expect(Math.max(...memory)).toBeLessThan(mostMb);
  }
  expect((await router.stop()).code).toBe(0);
});
