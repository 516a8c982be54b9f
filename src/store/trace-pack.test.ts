import { expect, test } from 'vitest';
import type { Trace } from '../core/trace.ts';
import { packTraces, unpackTraces } from './trace-pack.ts';
import { attemptNames, traceNames, usageNames } from './trace-text.ts';

// Lists of all members: it does not compile when one is left out.
const plain = Object.keys(traceNames).filter((name) => name !== 'usage' && name !== 'attempts');
const counts = Object.keys(usageNames);
const tries = Object.keys(attemptNames).filter((name) => name !== 'why');

/** Every member holds a value that no other has. */
function distinct(mark: string): Trace {
  const members = (names: readonly string[], prefix: string) => Object.fromEntries(names.map((name) => [name, `${mark} ${prefix} ${name}`]));
  const attempt = (number: number) => ({ ...members(tries, `attempt ${number}`), why: Array.from({ length: number }, (_, at) => ({ signal: `${mark} ${number} ${at}`, value: at, unit: 'ms' })) });
  return { ...members(plain, 'trace'), usage: members(counts, 'usage'), attempts: [attempt(0), attempt(2), attempt(1)] } as unknown as Trace;
}

test('every member comes out where it went in, one trace behind the other', () => {
  const traces = [distinct('a'), { ...distinct('b'), attempts: [] }, distinct('c')];
  expect([...unpackTraces(structuredClone(packTraces(traces)))]).toEqual(traces);
});

test('what is not known is undefined, and what is null stays null', () => {
  const bare = { requestedModel: null, usage: {}, attempts: [] } as unknown as Trace;
  const [out] = unpackTraces(packTraces([bare]));
  expect(JSON.parse(JSON.stringify(out))).toEqual({ requestedModel: null, usage: {}, attempts: [] });
});
