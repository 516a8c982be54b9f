/** Milliseconds worked out by hand. */
import { expect, test } from 'vitest';
import { backend, candidate } from '../../test/fakes/brain.ts';
import { signal as affinity } from './affinity.ts';
import { signal as loadTime } from './load-time.ts';
import { signal as oneLoad } from './one-load.ts';
import type { SignalView } from './signal.ts';
import { signal as waitTime } from './wait-time.ts';

const view: SignalView = { backend: backend('a'), resident: null, speed: {}, runningModel: 0, warmElsewhere: false, readTokens: 0, running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0, slots: 1, promptTokens: 0 };

test.each<[string, Partial<SignalView>, number]>([
  ['in memory', { resident: { name: 'm' }, speed: { loadMs: 9000 } }, 0],
  ['learned', { speed: { loadMs: 9000 }, sizeBytes: 3e9 }, 9000],
  ['3 GB at 1.5 GB/s', { sizeBytes: 3e9 }, 2000],
  ['nothing known', {}, 3000],
  ['a server that cannot say', { resident: 'unknown', sizeBytes: 3e9 }, 1000],
  ['on its way, half of it on average', { speed: { loadMs: 9000 }, runningModel: 2 }, 4500],
])('load-time, %s', (_what, more, expected) => {
  expect(loadTime.term(candidate('a'), { ...view, ...more })).toBe(expected);
});

test.each<[string, Partial<SignalView>, number]>([
  ['idle and nothing to read', {}, 0],
  ['500 tokens to read at the usual 500 a second', { promptTokens: 500 }, 1000],
  ['the same in front, and 30 to write at the usual 30 a second', { pendingPromptTokens: 500, pendingCompletionTokens: 30 }, 2000],
  ['two slots share what is in front, not the own prompt', { pendingCompletionTokens: 60, slots: 2, promptTokens: 500 }, 2000],
  ['learned speeds', { pendingPromptTokens: 1000, pendingCompletionTokens: 100, speed: { promptTokensPerSecond: 2000, completionTokensPerSecond: 50 } }, 2500],
])('wait-time, %s', (_what, more, expected) => {
  expect(waitTime.term(candidate('a'), { ...view, ...more })).toBe(expected);
});

test.each<[string, Partial<SignalView>, number]>([
  ['nothing was read there', { resident: { name: 'm' }, promptTokens: 500 }, 0],
  ['300 of 500 tokens, at the usual 500 a second', { resident: { name: 'm' }, promptTokens: 500, readTokens: 300 }, -600],
  ['never more than the prompt itself', { resident: { name: 'm' }, promptTokens: 500, readTokens: 9000 }, -1000],
  ['at the learned speed', { resident: { name: 'm' }, promptTokens: 500, readTokens: 300, speed: { promptTokensPerSecond: 1000 } }, -300],
  ['where the model is gone the prefix is gone', { promptTokens: 500, readTokens: 300 }, 0],
  ['a server that cannot say is believed', { resident: 'unknown', promptTokens: 500, readTokens: 300 }, -600],
])('affinity, %s', (_what, more, expected) => {
  expect(affinity.term(candidate('a'), { ...view, ...more })).toBe(expected);
});

test.each<[string, Partial<SignalView>, boolean]>([
  ['cold here, warm elsewhere', { warmElsewhere: true }, true],
  ['cold everywhere', {}, false],
  ['being loaded here as well', { warmElsewhere: true, runningModel: 1 }, false],
  ['in memory here as well', { warmElsewhere: true, resident: { name: 'm' } }, false],
  ['a server that cannot say', { warmElsewhere: true, resident: 'unknown' }, false],
])('one-load, %s', (_what, more, vetoed) => {
  expect(typeof oneLoad.term(candidate('a'), { ...view, ...more }) !== 'number').toBe(vetoed);
});
