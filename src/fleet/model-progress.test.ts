import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ByteSource, UpstreamAnswer } from '../backends/backend.ts';
import { RouterError } from '../core/errors.ts';
import { interleaved, namedProgress, type ProgressEnd, relayProgress } from './model-progress.ts';

const progress = '{"status":"pulling manifest"}\n{"status":"pulling 0a1b","total":9007199254740991,"completed":5}\n';
const success = '{"status":"success"}\n';

/** The text in these pieces, then its end or a failure. */
function answerOf(pieces: readonly Uint8Array[], failure?: RouterError): UpstreamAnswer {
  const left = [...pieces];
  const read: ByteSource['read'] = () => {
    const next = left.shift();
    if (next === undefined && failure !== undefined) throw failure;
    return next === undefined ? null : [next];
  };
  return { status: 200, contentType: 'application/x-ndjson', body: { read } };
}

/** Cut at these places. */
function cutAt(text: string, places: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length)).filter((piece) => piece.length > 0);
}

async function relay(pieces: readonly Uint8Array[], failure?: RouterError) {
  let end: ProgressEnd | null = null;
  const bytes: Uint8Array[] = [];
  for await (const chunk of relayProgress('a', answerOf(pieces, failure), [], (ended) => (end = ended))) bytes.push(chunk);
  return { text: Buffer.concat(bytes).toString('utf8'), end: end as ProgressEnd | null };
}

test('a relay is byte for byte what the backend said, however it was cut', async () => {
  const told = `${progress}${success}`;
  await fc.assert(fc.asyncProperty(fc.array(fc.nat(200)), async (places) => {
    expect(await relay(cutAt(told, places))).toEqual({ text: told, end: { ok: true } });
  }));
});

test('an error of the backend passes as it is, with nothing after it', async () => {
  const told = `${progress}{"error":"pull model manifest: file does not exist"}\n`;
  expect(await relay(cutAt(told, [10]))).toEqual({ text: told, end: { ok: false, error: 'pull model manifest: file does not exist' } });
});

test.each([
  ['breaks', progress, new RouterError('backend_protocol', 'Backend a broke off before its answer was complete.'), /broke off/],
  ['ends cleanly in the middle', progress, undefined, /ended before it was done/],
  ['ends within a line', `${progress}{"status":"pul`, undefined, /ended before it was done/],
  ['breaks after the success', `${progress}${success}`, new RouterError('backend_protocol', 'It broke.'), /broke/],
])('a stream that %s ends with an error line of its own (ruling 11)', async (_name, told, failure, words) => {
  const { text, end } = await relay([Buffer.from(told)], failure);
  expect(text.startsWith(told)).toBe(true);
  const last = text.slice(told.length).trim();
  expect(text.endsWith(`\n${last}\n`)).toBe(true);
  expect(JSON.parse(last)).toEqual({ error: expect.stringMatching(words), code: 'stream_interrupted' });
  expect(end?.ok).toBe(false);
});

test('when the caller has left nothing more is told', async () => {
  await expect(relay([Buffer.from(progress)], new RouterError('cancelled', 'gone'))).rejects.toMatchObject({ code: 'cancelled' });
});

test('each line of several names its backend; an error is for the end', async () => {
  const lines: string[] = [];
  let end: ProgressEnd | null = null;
  for await (const line of namedProgress('b', answerOf(cutAt(`${progress}{"error":"no space left"}\n`, [7, 44])), (ended) => (end = ended))) lines.push(line);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { status: 'pulling manifest', backend: 'b' },
    { status: 'pulling 0a1b', total: 9007199254740991, completed: 5, backend: 'b' },
  ]);
  expect(end).toEqual({ ok: false, error: 'no space left' });
});

async function* slowly(lines: readonly string[], read: string[]): AsyncGenerator<string> {
  for (const line of lines) {
    read.push(line);
    yield line;
  }
}

test('lines of several sources keep their order, and nobody reads ahead of the caller', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.string()), { maxLength: 4 }), async (sources) => {
    const named = sources.map((lines, index) => lines.map((line) => `${index}${line}`));
    const read: string[] = [];
    const got: string[] = [];
    for await (const line of interleaved(named.map((lines) => slowly(lines, read)))) {
      got.push(line);
      expect(read.length - got.length).toBeLessThanOrEqual(named.length);
    }
    for (const [index, lines] of named.entries()) expect(got.filter((line) => line.startsWith(String(index)))).toEqual(lines);
    expect(got).toHaveLength(named.flat().length);
  }));
});
