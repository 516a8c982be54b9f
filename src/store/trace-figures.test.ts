/** What stores of older versions hold can be read. */
import { expect, test } from 'vitest';
import { traceOf } from '../../test/fakes/traces.ts';
import { addSum, emptySum, readSum, sumsOf, writeSum } from './trace-figures.ts';

test('a sum without the speed of answers is read, and goes on counting', () => {
  const [first] = sumsOf([traceOf('req_a', { stream: true, firstPartMs: 100, totalMs: 1_100, usage: { completionTokens: 50 } })]);
  const sum = first?.sum ?? emptySum();
  const older = readSum(JSON.stringify((JSON.parse(writeSum(sum)) as number[]).slice(0, -2)));
  expect(older).toEqual({ ...sum, counts: { ...sum.counts, generatingMs: 0, generatedTokens: 0 } });
  addSum(older, readSum(writeSum(sum)));
  expect(older.counts).toMatchObject({ requests: 2, generatingMs: 1_000, generatedTokens: 50 });
});
