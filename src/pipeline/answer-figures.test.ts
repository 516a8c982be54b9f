import { expect, test } from 'vitest';
import type { StreamPart } from '../core/stream.ts';
import { AnswerFigures } from './answer-figures.ts';

function headersOf(parts: readonly StreamPart[], limit?: number): Record<string, string> {
  const figures = new AnswerFigures();
  for (const part of parts) figures.take(part);
  return figures.headers(limit);
}

const finish = (usage: Extract<StreamPart, { type: 'finish' }>['usage'], more: object = {}): StreamPart => ({ type: 'finish', reason: 'length', usage, ...more });

test('the backend\'s own counts', () => {
  expect(headersOf([finish({ completionTokens: 300, reasoningTokens: 200 })], 2000)).toEqual({ 'x-thinking-tokens': '200', 'x-output-tokens': '100', 'x-done-reason': 'length', 'x-budget-used': '300/2000' });
});

test('what the backend does not part is estimated, by four characters a token', () => {
  const parts: readonly StreamPart[] = [{ type: 'reasoning-delta', text: 'x'.repeat(400) }, { type: 'text-delta', text: 'y'.repeat(40) }];
  expect(headersOf([...parts, finish({ completionTokens: 130 })])).toEqual({ 'x-thinking-tokens': '100', 'x-output-tokens': '30', 'x-done-reason': 'length' });
  expect(headersOf([...parts, finish({})])).toMatchObject({ 'x-thinking-tokens': '100', 'x-output-tokens': '10' });
  expect(headersOf([finish({ completionTokens: 130 }, { thoughtChars: 400 })])).toMatchObject({ 'x-thinking-tokens': '100', 'x-output-tokens': '30' });
});
