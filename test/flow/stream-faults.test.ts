/** Backends that break, over every pair of a caller's API and theirs: in the middle of a stream, and before anything was said. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Pool } from 'undici';
import { kits } from '../conformance/dialect-kits.ts';
import type { Kit } from '../conformance/kits/kit.ts';
import { wires } from '../fakes/answer-wires.ts';
import { callers, pairs } from '../fakes/caller-requests.ts';
import { type CutAnswer, type CutServer, type Ending, speakerOf, startCutServer } from '../fakes/cut-server.ts';
import type { Random, Said } from '../fakes/random-answers.ts';
import { faultsOf, type Json, objectIn, payloadsIn, until } from '../support/flow-bed.ts';
import { startTestRouter, type TestRouter } from '../support/test-router.ts';

function kitOf(dialect: string): Kit {
  const kit = kits[dialect];
  if (!kit) throw new Error(`There is no kit for ${dialect}.`);
  return kit;
}

/** How long the router waits for the broken backend's first word, or for the next one; so that no other case is hurried. */
const patience = {
  usual: { connectMs: 5_000, firstByteMs: 8_000, idleMs: 8_000, totalMs: 0 },
  'short-first': { connectMs: 5_000, firstByteMs: 100, idleMs: 8_000, totalMs: 0 },
  'short-idle': { connectMs: 5_000, firstByteMs: 8_000, idleMs: 50, totalMs: 0 },
} as const;

type Patience = keyof typeof patience;

/** `spare` is served by a second backend too, which works. */
interface Place {
  readonly patience?: Patience;
  readonly spare?: boolean;
}

const modelFor = (dialect: string, { patience: how = 'usual', spare }: Place): string => `${dialect}-${how}${spare ? '-spare' : ''}`;

let server: CutServer;
let router: TestRouter;
let pool: Pool;
/** What the broken backend answers, by the case that the request names. */
const broken = new Map<string, () => CutAnswer | string | null>();

beforeAll(async () => {
  server = await startCutServer((path, body) => {
    const dialect = path.split('/')[2] ?? '';
    if (path.startsWith('/broken')) return broken.get(/case-\d+/.exec(body)?.[0] ?? '')?.() ?? null;
    return whole(dialect, /"stream":true/.test(body));
  });
  // Nothing is to be left alone for what it did in an earlier case.
  router = await startTestRouter({ backends: [], router: { placement: 'least-busy', breaker: { failures: 1_000_000 } } });
  const ways = Object.keys(patience) as Patience[];
  for (const dialect of Object.keys(wires)) {
    for (const how of ways) {
      const models = [modelFor(dialect, { patience: how }), modelFor(dialect, { patience: how, spare: true })];
      router.addBackend(speakerOf(dialect, models, { id: `${dialect}.${how}`, url: `${server.url}/broken/${dialect}`, priority: 100, timeouts: patience[how] }));
    }
    router.addBackend(speakerOf(dialect, ways.map((how) => modelFor(dialect, { patience: how, spare: true })), { id: `${dialect}.spare`, url: `${server.url}/spare/${dialect}` }));
  }
  await until(() => router.fleet.view().backends.filter((backend) => backend.status === 'up').length === 4 * Object.keys(wires).length);
  pool = new Pool(router.url, { connections: 64 });
});

afterAll(async () => {
  await pool.destroy();
  await server.close();
  await router.stop();
});

const said: Said = {
  segments: ['One ', 'twö ', '🐢 ', 'four ', 'five ', 'six.'].map((text) => ({ type: 'text', text })),
  end: 'stop', promptTokens: 7, cachedTokens: 0, completionTokens: 6,
};
const calling: Said = { ...said, end: 'toolCalls', segments: [...said.segments.slice(0, 2), { type: 'call', id: 'call_x', name: 'weather', text: '{"city":"Łódź","days":[1,2,3],"units":"metric"}' }] };

/** One frame a segment, in the most common way. */
const plain: Random = { fraction: () => 0.5, chance: (probability) => probability >= 0.5, integer: (_least, most) => most, pick: (values) => values.at(-1) as (typeof values)[number] };

function wireOf(dialect: string, answer: Said = said) {
  const wire = wires[dialect]?.(answer, plain);
  if (!wire) throw new Error(`Nobody writes ${dialect}.`);
  return wire;
}

function whole(dialect: string, stream: boolean): CutAnswer {
  const wire = wireOf(dialect);
  return stream ? { contentType: wire.contentType, packets: [{ bytes: Buffer.from(wire.stream.join('')) }] } : { contentType: 'application/json', packets: [{ bytes: Buffer.from(wire.whole) }] };
}

const failure = 'the model runner has stopped';

/** A failure in the words of each API's servers: in a stream, and as the body of an answer. */
const failures: Readonly<Record<string, { readonly event: string; readonly body: string }>> = {
  ...Object.fromEntries(['openai-chat', 'openai-completions'].map((id) => [id, { event: `data: {"error":{"message":"${failure}","type":"server_error","code":500}}\n\n`, body: `{"error":{"message":"${failure}","type":"server_error","param":null,"code":null}}` }])),
  'openai-responses': {
    event: `event: error\ndata: {"type":"error","code":"server_error","message":"${failure}","param":null,"sequence_number":9}\n\n`,
    body: `{"error":{"message":"${failure}","type":"server_error","param":null,"code":null}}`,
  },
  ...Object.fromEntries(['ollama-chat', 'ollama-generate'].map((id) => [id, { event: `{"error":"${failure}"}\n`, body: `{"error":"${failure}"}` }])),
  'anthropic-messages': {
    event: `event: error\ndata: {"type":"error","error":{"type":"api_error","message":"${failure}"}}\n\n`,
    body: `{"type":"error","error":{"type":"api_error","message":"${failure}"},"request_id":"req_1"}`,
  },
};

interface Told {
  readonly message: unknown;
  readonly code: unknown;
  readonly requestId: unknown;
}

/** An error in the shape of the caller's API, and nothing else. */
function readError(dialect: string, value: Json): Told {
  const { error } = value;
  if (dialect.startsWith('ollama')) {
    expect(error).toBeTypeOf('string');
    return { message: error, code: value['code'], requestId: value['request_id'] };
  }
  const { message, type, code, request_id: requestId, details } = (error ?? {}) as Json;
  expect([typeof message, typeof type]).toEqual(['string', 'string']);
  if (dialect !== 'anthropic-messages') return { message, code, requestId };
  expect(value['type']).toBe('error');
  return { message, code: (details as Json | undefined)?.['error_code'], requestId: value['request_id'] };
}

let cases = 0;

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** `begun` is called when something of the answer has come. */
async function send(caller: string, backend: string, stream: boolean, place: Place, answer: (() => CutAnswer | string | null) | null, begun = (): void => {}): Promise<Answered> {
  const name = `case-${cases++}`;
  if (answer) broken.set(name, answer);
  const request = callers[caller]?.({ model: modelFor(backend, place), text: name, stream, raw: kitOf(backend).raw === true });
  const { statusCode: status, headers, body } = await pool.request({ path: request?.path ?? '', method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request?.body) });
  let text = '';
  for await (const piece of body as AsyncIterable<Buffer>) {
    text += piece.toString('latin1');
    if (/one /i.test(text)) begun();
  }
  return { status, headers, text: Buffer.from(text, 'latin1').toString() };
}

const noLine = '<html>502 Bad Gateway</html>';

interface MiddleFault {
  readonly patience?: Patience;
  /** What is sent instead of the rest, given the frames that follow. */
  readonly rest?: (frames: readonly string[], backend: string) => Buffer;
  readonly ending: Ending;
  readonly message?: RegExp;
  /** The backend told of its failure itself; a caller of the same API is given its words. */
  readonly ownWords?: boolean;
}

const inTheMiddle: Readonly<Record<string, MiddleFault>> = {
  'a reset connection': { ending: 'reset' },
  'a connection that closes': { ending: 'close' },
  'bytes that are not HTTP': { ending: 'garbage' },
  'an end without a word': { ending: 'end' },
  'half of a frame, then the end': { rest: ([frame = '']) => Buffer.from(frame).subarray(0, frame.length / 2), ending: 'end' },
  'a frame cut within a character, then a reset': { rest: ([frame = '']) => Buffer.concat([Buffer.from(frame.trimEnd().slice(0, -4)), Buffer.from('🐢').subarray(0, 2)]), ending: 'reset' },
  'lines that are no such stream': { rest: () => Buffer.from(`${noLine}\n\n`), ending: 'end' },
  'an error in its own words': { rest: (_frames, backend) => Buffer.from(failures[backend]?.event ?? ''), ending: 'end', ownWords: true },
  'an error in its own words, and silence': { rest: (_frames, backend) => Buffer.from(failures[backend]?.event ?? ''), ending: 'silence', ownWords: true },
  silence: { patience: 'short-idle', ending: 'silence', message: /silent.*50 ms/ },
};

/** Nothing runs, nothing waits, no connection is left, and the router did nothing that is its own fault. */
async function expectAtRest(): Promise<void> {
  await until(() => router.service.load().totalRunning === 0 && router.service.load().totalQueued === 0 && server.open === 0);
  expect(faultsOf(router)).toEqual([]);
}

/** How many frames come: up to the middle of the text, or to the arguments of the call. */
function breakingPoint(frames: readonly string[], answer: Said): number {
  if (answer !== calling) return Math.floor(frames.length / 2);
  const called = frames.findIndex((frame) => frame.includes('weather'));
  return frames[called]?.includes('metric') === true ? called : called + 1;
}

async function breakInTheMiddle(caller: string, backend: string, answer: Said, name: string, fault: MiddleFault): Promise<void> {
  const at = `${caller} from ${backend}, ${name}`;
  const { stream: frames, contentType } = wireOf(backend, answer);
  const shown = breakingPoint(frames, answer);
  const before = frames.slice(0, shown).join('');
  const rest = fault.rest?.(frames.slice(shown), backend);
  let release = (): void => {};
  const begun = new Promise<void>((resolve) => (release = resolve));
  const packets = [{ bytes: Buffer.from(before) }, { bytes: rest ?? Buffer.alloc(0), after: begun }];
  const { status, headers, text } = await send(caller, backend, true, { patience: fault.patience }, () => ({ contentType, packets, ending: fault.ending }), release);
  expect(status, at).toBe(200);
  const kit = kitOf(caller);
  // A caller of the same API gets what cannot be read, too; the error stands apart from it.
  const readable = text.replace(`${noLine}\n`, '');
  expect(text.includes(noLine), at).toBe(caller === backend && rest?.includes(noLine) === true);
  expect(kit.looksComplete(readable), `${at}: ${text}`).toBe(false);
  expect(kit.readStreamError(readable), `${at}: ${text}`).not.toBeNull();
  const values = payloadsIn(readable).filter((payload) => payload.startsWith('{')).map(objectIn);
  const last = values.at(-1) ?? {};
  expect(values.filter((value) => 'error' in value || value['type'] === 'error'), at).toEqual([last]);
  if (caller === backend) expect(text.startsWith(before), at).toBe(true);
  if (fault.ownWords) expect(kit.readStreamError(readable), at).toContain(failure);
  if (fault.ownWords && caller === backend) expect(text, at).toBe(before + String(rest));
  else expect(readError(caller, last), at).toEqual({ message: expect.stringMatching(fault.message ?? /./), code: 'stream_interrupted', requestId: headers['x-oar-request-id'] });
  // No call is given to a caller whose arguments were not all there.
  if (answer === calling && caller !== backend) expect(text, at).not.toContain('weather');
}

test.each(pairs)('%s from %s: what breaks in the middle of a stream never looks complete, and says so in the caller\'s words', async (caller, backend) => {
  const callless = [caller, backend].some((id) => kitOf(id).cannotAnswer?.calls !== undefined);
  const answers = callless ? [said] : [said, calling];
  await Promise.all(answers.flatMap((answer) => Object.entries(inTheMiddle).map(([name, fault]) => breakInTheMiddle(caller, backend, answer, name, fault))));
  await expectAtRest();
});

interface EarlyFault {
  readonly patience?: Patience;
  readonly answer: (backend: string, stream: boolean) => CutAnswer | string | null;
  /** Absent: for streams and whole answers alike. */
  readonly stream?: boolean;
  readonly status: number;
  readonly code: string;
  readonly message?: RegExp;
  /** Has a caller of the same API been given what came, so that nothing can be healed? */
  readonly shown?: (backend: string) => boolean;
}

const contentTypeOf = (backend: string, stream: boolean): string => (stream ? wireOf(backend).contentType : 'application/json');
const only = (text: (backend: string, stream: boolean) => string | Buffer, ending: Ending = 'end') => (backend: string, stream: boolean): CutAnswer =>
  ({ contentType: contentTypeOf(backend, stream), packets: [{ bytes: Buffer.from(text(backend, stream)) }], ending });

/** What comes before the first word. */
function preamble(backend: string): string {
  const { stream } = wireOf(backend);
  return stream.slice(0, stream.findIndex((frame) => frame.includes('One'))).join('');
}

/** Relayed at once. */
const hasPreamble = (backend: string): boolean => preamble(backend) !== '';

const early: Readonly<Record<string, EarlyFault>> = {
  'a connection that closes': { answer: () => null, status: 502, code: 'backend_unreachable' },
  'something that is not HTTP': { answer: () => 'SSH-2.0-OpenSSH_9.2\r\n', status: 502, code: 'backend_protocol' },
  'a head, then a reset': { answer: only(() => '', 'reset'), status: 502, code: 'backend_protocol' },
  'a head, then bytes that are not HTTP': { answer: only(() => '', 'garbage'), status: 502, code: 'backend_protocol' },
  'a head and nothing': { answer: only(() => ''), status: 502, code: 'backend_protocol' },
  'a head, then silence': { patience: 'short-first', answer: only(() => '', 'silence'), status: 504, code: 'backend_timeout' },
  'half of the first word, then the end': { answer: only((backend, stream) => (stream ? preamble(backend) + String(wireOf(backend).stream.find((frame) => frame.includes('One'))).slice(0, 40) : wireOf(backend).whole.slice(0, 40))), status: 502, code: 'backend_protocol', shown: hasPreamble },
  'half of the first word, then a reset': { answer: only((backend, stream) => (stream ? preamble(backend) : '') + wireOf(backend).whole.slice(0, 40), 'reset'), status: 502, code: 'backend_protocol', shown: hasPreamble },
  'a page of a web server': { answer: only(() => `${noLine}\n\n`), status: 502, code: 'backend_protocol' },
  'an error with status 200': { answer: only((backend, stream) => failures[backend]?.[stream ? 'event' : 'body'] ?? ''), status: 502, code: 'backend_failed', message: new RegExp(failure) },
  'an error with status 500': { answer: (backend) => ({ status: 500, contentType: 'application/json', packets: [{ bytes: Buffer.from(failures[backend]?.body ?? '') }] }), status: 502, code: 'backend_failed', message: new RegExp(failure) },
  'the first event of a message, then the end': { stream: true, answer: only((backend) => preamble(backend) && String(wireOf(backend).stream[0])), status: 502, code: 'backend_protocol', shown: (backend) => hasPreamble(backend) && backend !== 'anthropic-messages' },
  'the preamble of a stream, then the end': { stream: true, answer: only(preamble), status: 502, code: 'backend_protocol', shown: hasPreamble },
};

type EarlyCase = readonly [at: string, stream: boolean, fault: EarlyFault];

async function expectError(caller: string, backend: string, [at, stream, fault]: EarlyCase): Promise<void> {
  const { status, headers, text } = await send(caller, backend, stream, { patience: fault.patience }, () => fault.answer(backend, stream));
  expect([status, headers['content-type']], `${at}: ${text}`).toEqual([fault.status, 'application/json; charset=utf-8']);
  const told = readError(caller, objectIn(text));
  expect(told, at).toMatchObject({ code: fault.code, requestId: headers['x-oar-request-id'] });
  if (fault.message) expect(told.message, at).toMatch(fault.message);
}

async function expectHealed(caller: string, backend: string, [at, stream, fault]: EarlyCase): Promise<void> {
  const { status, headers, text } = await send(caller, backend, stream, { patience: fault.patience, spare: true }, () => fault.answer(backend, stream));
  expect([status, headers['x-oar-attempts'], headers['x-oar-backend']], `${at}: ${text}`).toEqual([200, '2', `${backend}.spare`]);
  const sent = wireOf(backend);
  if (caller === backend) expect(text, at).toBe(stream ? sent.stream.join('') : sent.whole);
  else expect((stream ? kitOf(caller).readStream(text) : kitOf(caller).readBody(text)).text, at).toBe('One twö 🐢 four five six.');
}

test.each(pairs)('%s from %s: what breaks before the first word is a clean error, and nobody notices it where another backend works', async (caller, backend) => {
  const all = Object.entries(early).flatMap(([name, fault]) => [true, false].map((stream): EarlyCase => [`${caller} from ${backend}, ${stream ? 'streamed' : 'whole'}: ${name}`, stream, fault]));
  const here = all.filter(([, stream, fault]) => (fault.stream ?? stream) === stream && !(caller === backend && stream && fault.shown?.(backend) === true));
  await Promise.all(here.map((one) => expectError(caller, backend, one)));
  // One after the other, so that the broken backend always is as free as the other one, and asked first.
  for (const one of here) await expectHealed(caller, backend, one);
  await expectAtRest();
});
