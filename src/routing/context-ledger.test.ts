import { expect, test } from 'vitest';
import { backend } from '../../test/fakes/brain.ts';
import { ContextLedger } from './context-ledger.ts';

const reporting = (contextLength: number | null, reportedAt: number) => backend('one', { resident: contextLength === null ? [] : [{ name: 'm:latest', contextLength }], reportedAt });

test('without a word it is what the report says', () => {
  const ledger = new ContextLedger();
  expect(ledger.contextOn(reporting(8192, 5), 'm', 0)).toBe(8192);
  expect(ledger.contextOn(reporting(null, 5), 'm', 0)).toBeUndefined();
  expect(ledger.contextOn(undefined, 'm', 0)).toBeUndefined();
});

test('what was asked for holds until a later report, and as long as a request is under way', () => {
  const ledger = new ContextLedger();
  ledger.said('one', 'm', 16_384, 10);
  expect(ledger.contextOn(reporting(8192, 9), 'm', 0)).toBe(16_384);
  expect(ledger.contextOn(reporting(null, 10), 'm:latest', 0)).toBe(16_384);
  expect(ledger.contextOn(reporting(8192, 11), 'm', 1)).toBe(16_384);
  expect(ledger.contextOn(reporting(8192, 11), 'm', 0)).toBe(8192);
  expect(ledger.contextOn(reporting(null, 11), 'm', 0)).toBeUndefined();
});

test('what a request without a context led to is what its server usually takes', () => {
  const ledger = new ContextLedger();
  ledger.said('one', 'm', null, 10);
  ledger.contextOn(reporting(8192, 9), 'm', 0);
  expect(ledger.usualOn(reporting(8192, 9), 'm')).toBeUndefined();
  ledger.contextOn(reporting(4096, 11), 'm', 0);
  expect(ledger.usualOn(reporting(4096, 11), 'm')).toBe(4096);
  ledger.said('one', 'm', 16_384, 12);
  ledger.contextOn(reporting(16_384, 13), 'm', 0);
  expect(ledger.usualOn(reporting(16_384, 13), 'm')).toBe(4096);
  expect([ledger.wasAskedFor('one', 'm', 16_384), ledger.wasAskedFor('one', 'm', 4096), ledger.wasAskedFor('two', 'm', 16_384)]).toEqual([true, false, false]);
});

test('a model may bring a context of its own', () => {
  const state = backend('one', { models: [{ name: 'm:latest', show: { parameters: 'stop "<end>"\nnum_ctx                        32768' } }] });
  expect(new ContextLedger().usualOn(state, 'm')).toBe(32_768);
});
