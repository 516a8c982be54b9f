import { expect, test } from 'vitest';
import { chat } from '../../test/fakes/brain.ts';
import { raisedLimit } from './thinking-budget.ts';

const usual = { factor: 4, minTokens: 1024 };

test.each([[100, 1024], [256, 1024], [500, 2000], [8000, 32_000]])('a limit of %i becomes %i for a model that thinks', (maxTokens, expected) => {
  expect(raisedLimit(chat('x', { sampling: { maxTokens } }), true, usual, undefined)).toBe(expected);
});

test.each([
  ['a model that does not think', chat('x', { sampling: { maxTokens: 100 } }), false, usual],
  ['no limit', chat('x'), true, usual],
  ['no limit, in Ollama\'s words', chat('x', { sampling: { maxTokens: -1 } }), true, usual],
  ['thinking that is not wanted', chat('x', { sampling: { maxTokens: 100 }, reasoning: { enabled: false } }), true, usual],
  ['thinking that the caller asked for, and has reckoned with', chat('x', { sampling: { maxTokens: 100 }, reasoning: { enabled: true } }), true, usual],
  ['off', chat('x', { sampling: { maxTokens: 100 } }), true, { factor: 0, minTokens: 1024 }],
] as const)('%s: the limit stays', (_what, request, thinks, budget) => {
  expect(raisedLimit(request, thinks, budget, undefined)).toBeUndefined();
});

test('it is not raised beyond the context, and never lowered', () => {
  const limited = (maxTokens: number) => raisedLimit(chat('x', { sampling: { maxTokens } }), true, usual, 4096);
  expect([limited(2000), limited(4096), limited(9000)]).toEqual([4096, undefined, undefined]);
});
