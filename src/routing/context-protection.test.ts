import { expect, test } from 'vitest';
import { type ContextFacts, type ContextMode, type ContextSent, contextSent, reloadsByAccident } from './context-protection.ts';

test.each<[string, ContextMode, ContextFacts, ContextSent]>([
  ['nothing in memory: as the caller wrote it', 'pin', { asked: 8192 }, undefined],
  ['nothing in memory and nothing named: what was set', 'pin', { preset: 16_384 }, 16_384],
  ['less than there is', 'pin', { asked: 2048, resident: 8192 }, 8192],
  ['as much as there is', 'pin', { asked: 8192, resident: 8192, usual: 4096 }, undefined],
  ['more than there is loads it once', 'pin', { asked: 16_384, resident: 8192 }, undefined],
  ['none, and what the server would take is not known', 'pin', { resident: 8192 }, 8192],
  ['none, and the server would take another', 'pin', { resident: 8192, usual: 4096 }, 8192],
  ['none, and the server would take the same', 'pin', { resident: 4096, usual: 4096 }, undefined],
  ['a setting acts on a load, and takes nothing away', 'pin', { preset: 4096, resident: 8192, usual: 8192 }, undefined],
  ['a setting that is more than there is', 'pin', { preset: 16_384, resident: 8192 }, 16_384],
  ['strip, less', 'strip', { asked: 2048, resident: 8192 }, null],
  ['strip, the same', 'strip', { asked: 8192, resident: 8192 }, null],
  ['strip, more', 'strip', { asked: 16_384, resident: 8192 }, undefined],
  ['strip, none', 'strip', { resident: 8192, usual: 4096 }, undefined],
  ['warn', 'warn', { asked: 2048, resident: 8192 }, undefined],
  ['passthrough', 'passthrough', { asked: 2048, resident: 8192 }, undefined],
  ['passthrough, a setting', 'passthrough', { preset: 4096, resident: 8192 }, 4096],
])('%s', (_what, mode, facts, expected) => {
  expect(contextSent(mode, facts)).toBe(expected);
});

test.each<[ContextFacts, boolean]>([
  [{ asked: 2048, resident: 8192 }, true], [{ asked: 16_384, resident: 8192 }, false], [{ asked: 2048 }, false],
  [{ resident: 8192, usual: 4096 }, true], [{ resident: 4096, usual: 4096 }, false], [{ resident: 8192 }, false],
])('%j reloads by accident: %s', (facts, expected) => {
  expect(reloadsByAccident(facts)).toBe(expected);
});
