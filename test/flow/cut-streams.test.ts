/**
 * A thousand streams through every pair of a caller's API and a backend's, each answer made up from a number, its bytes cut
 * anywhere and delayed: streamed or whole, what the caller reads is what the backend said. A failure names its number.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pool } from 'undici';
import { kits } from '../conformance/dialect-kits.ts';
import type { Answer, Json, Kit } from '../conformance/kits/kit.ts';
import { wires } from '../fakes/answer-wires.ts';
import { callers, idsIn, pairs, refusedPairs } from '../fakes/caller-requests.ts';
import { cutAnywhere, type CutServer, speakerOf, startCutServer } from '../fakes/cut-server.ts';
import { type Random, randomAnswer, type Said, seeded } from '../fakes/random-answers.ts';
import { faultsOf, until } from '../support/flow-bed.ts';
import { startTestRouter, type TestRouter } from '../support/test-router.ts';

const streamsPerPair = 1_000;
/** How many streams say the same, each cut and written in another way; one request that is not streamed goes with them. */
const streamsPerAnswer = 10;
const atOnce = 32;

function kitOf(dialect: string): Kit {
  const kit = kits[dialect];
  if (!kit) throw new Error(`There is no kit for ${dialect}.`);
  return kit;
}

interface Exchange {
  readonly said: Said;
  /** How the wire is written and cut. */
  readonly habits: Random;
  readonly dialect: string;
  readonly stream: boolean;
  /** What the backend was made to send. */
  sent: Buffer;
}

const exchanges = new Map<string, Exchange>();
let server: CutServer;
let router: TestRouter;
let pool: Pool;

beforeAll(async () => {
  server = await startCutServer((_path, body) => {
    const exchange = exchanges.get(/case-\d+/.exec(body)?.[0] ?? '');
    const wire = exchange && wires[exchange.dialect]?.(exchange.said, exchange.habits);
    if (!exchange || !wire) return null;
    exchange.sent = Buffer.from(exchange.stream ? wire.stream.join('') : wire.whole);
    return { contentType: exchange.stream ? wire.contentType : 'application/json', packets: cutAnywhere(exchange.sent, exchange.habits) };
  });
  router = await startTestRouter({ backends: [] });
  for (const dialect of Object.keys(wires)) router.addBackend(speakerOf(dialect, [dialect], { id: dialect, url: server.url }));
  await until(() => router.fleet.view().backends.filter((backend) => backend.status === 'up').length === Object.keys(wires).length);
  pool = new Pool(router.url, { connections: atOnce });
});

afterAll(async () => {
  await pool.destroy();
  await server.close();
  await router.stop();
});

/** What a caller of the one API can read of an answer of the other. */
function expectedOf(said: Said, caller: Kit, backend: Kit, dialect: string): Answer {
  const texts = (type: string): string => said.segments.map((segment) => (segment.type === type ? segment.text : '')).join('');
  const end = backend.stops[said.end] === backend.stops.stop && said.end === 'contentFilter' ? 'stop' : said.end;
  const saysCached = dialect === 'anthropic-messages' && !backend.decides.includes('num_ctx');
  return {
    text: texts('text'),
    reasoning: caller.cannotAnswer?.reasoning === undefined ? texts('reasoning') : '',
    calls: said.segments.flatMap((segment) => (segment.type === 'call' ? [{ name: segment.name, arguments: JSON.parse(segment.text || '{}') as unknown }] : [])),
    end: caller.stops[end],
    // The API counts what was found in a cache beside the rest.
    promptTokens: said.promptTokens - (saysCached ? said.cachedTokens : 0),
    completionTokens: said.completionTokens,
    logprobs: [],
  };
}

let cases = 0;

/** One request; null when the caller read what the backend said, else what was wrong. */
async function tell(said: Said, habits: Random, caller: string, backend: string, stream: boolean): Promise<string | null> {
  const name = `case-${cases++}`;
  const exchange: Exchange = { said, habits, dialect: backend, stream, sent: Buffer.alloc(0) };
  exchanges.set(name, exchange);
  const { path, body } = callers[caller]?.({ model: backend, text: `${name} żółw`, stream, raw: kitOf(backend).raw === true }) ?? { path: '', body: {} };
  const response = await pool.request({ path, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const bytes = Buffer.from(await response.body.arrayBuffer());
  exchanges.delete(name);
  if (response.statusCode !== 200) return `status ${response.statusCode}: ${bytes.toString()}`;
  // Of the same API it passes byte for byte.
  if (caller === backend) return bytes.equals(exchange.sent) ? null : `sent\n${exchange.sent.toString()}\nread\n${bytes.toString()}`;
  return compare(bytes.toString(), exchange, caller);
}

function compare(text: string, { said, dialect, stream, sent }: Exchange, caller: string): string | null {
  const kit = kitOf(caller);
  const wanted = { ...expectedOf(said, kit, kitOf(dialect), caller), ids: said.segments.flatMap((segment) => (segment.type === 'call' ? [segment.id] : [])) };
  let read: Json = null;
  try {
    read = { ...(stream ? kit.readStream(text) : kit.readBody(text)), ids: idsIn(text) };
  } catch (error) {
    read = String(error);
  }
  if (JSON.stringify(read) === JSON.stringify(wanted)) return null;
  return `wanted ${JSON.stringify(wanted)}\nread   ${JSON.stringify(read)}\nsent\n${sent.toString()}\ngot\n${text}`;
}

/** Runs so many at once; resolves with what the first failure says, null when there is none. */
async function inTurns(count: number, run: (position: number) => Promise<string | null>): Promise<string | null> {
  let next = 0;
  let failure: string | null = null;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (next < count && failure === null) failure = (await run(next++)) ?? failure;
  }));
  return failure;
}

async function counted(): Promise<number> {
  const { breakdown } = (await (await router.get('/api/token_counts')).json()) as { breakdown: { total_tokens: number }[] };
  return breakdown.reduce((sum, row) => sum + row.total_tokens, 0);
}

test.each(pairs)('%s from %s: what the backend said is what the caller reads, however its bytes came', async (caller, backend) => {
  const pair = pairs.findIndex(([one, other]) => one === caller && other === backend);
  const carries = { reasoning: kitOf(backend).cannotAnswer?.reasoning === undefined, calls: (kitOf(caller).cannotAnswer?.calls ?? kitOf(backend).cannotAnswer?.calls) === undefined };
  const before = await counted();
  let used = 0;
  const perAnswer = streamsPerAnswer + 1;
  const failure = await inTurns((streamsPerPair / streamsPerAnswer) * perAnswer, async (position) => {
    const seed = pair * 1_000_000 + position;
    const said = randomAnswer(seeded(pair * 1_000_000 + Math.floor(position / perAnswer)), carries);
    used += said.promptTokens + said.completionTokens;
    const stream = position % perAnswer !== 0;
    const wrong = await tell(said, seeded(-seed - 1), caller, backend, stream);
    return wrong && `${stream ? 'streamed' : 'whole'}, seed ${seed}: ${wrong.slice(0, 20_000)}`;
  });
  expect(failure).toBeNull();
  expect((await counted()) - before).toBe(used);
  expect(router.service.load()).toMatchObject({ totalRunning: 0, totalQueued: 0 });
  expect(faultsOf(router)).toEqual([]);
}, 60_000);

test.each(refusedPairs)('%s from %s: %s', async (caller, backend, why) => {
  expect(why).toMatch(/^[A-Z].*\.$/);
  const { path, body } = callers[caller]?.({ model: backend, text: 'Hello', stream: true, raw: false }) ?? { path: '', body: {} };
  const before = server.received;
  const response = await router.post(path, body);
  expect([400, 501]).toContain(response.status);
  expect(JSON.stringify(await response.json())).toContain('"error"');
  expect(server.received).toBe(before);
});
