import { expect, test } from 'vitest';
import type { Trace } from '../core/trace.ts';
import { attemptNames, readTrace, traceNames, usageNames, writeTrace } from './trace-text.ts';

/** Every member holds a value that no other has. */
function distinct(names: Readonly<Record<string, string>>, mark: string): Record<string, unknown> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, `${mark} ${name}`]));
}

test('every member comes back as it was written', () => {
  const why = [{ signal: 'load', value: 1.5, unit: 'ms' }, { signal: 'wait', value: -2, unit: 'points' }];
  const attempts = [{ ...distinct(attemptNames, 'first'), why: [], considered: [{ backendId: 'b', model: 'm', why }] }, { ...distinct(attemptNames, 'second'), why }];
  const trace = { ...distinct(traceNames, 'trace'), usage: distinct(usageNames, 'usage'), attempts } as unknown as Trace;
  expect(readTrace(writeTrace(trace))).toEqual(trace);
});

test('what is not known is left out, and what is null stays null', () => {
  const bare = { requestId: 'x', requestedModel: null, servedModel: undefined, usage: { loadMs: undefined }, attempts: [{ backendId: 'b', error: undefined, why: [] }] } as unknown as Trace;
  const back = readTrace(writeTrace(bare));
  expect([Object.keys(back).sort(), back.requestedModel, Object.keys(back.usage), Object.keys(back.attempts[0] ?? {}).sort()]).toEqual([['attempts', 'requestId', 'requestedModel', 'usage'], null, [], ['backendId', 'why']]);
});

test('no two members share a name in a text', () => {
  for (const names of [traceNames, usageNames, attemptNames]) expect(new Set(Object.values(names)).size).toBe(Object.keys(names).length);
});

test('traces of earlier versions, written with the members\' own names, are read', () => {
  const earlier = { requestId: 'req_1', principalId: 'p', requestedModel: 'm', usage: { promptTokens: 3 }, attempts: [{ backendId: 'b', model: 'm', why: [{ signal: 's', value: 1, unit: 'ms' }] }], rewrites: [] };
  expect(readTrace(JSON.stringify(earlier))).toEqual(earlier);
});

test('a text of a later version is read without what this one does not know', () => {
  const text = JSON.parse(writeTrace({ requestId: 'req_1', requestedModel: null, usage: {}, attempts: [] } as unknown as Trace)) as object;
  expect(readTrace(JSON.stringify({ ...text, zz: 'new' }))).toEqual({ requestId: 'req_1', requestedModel: null, usage: {}, attempts: [] });
});
