import { expect, test } from 'vitest';
import { modelKey, sameModel } from './model-name.ts';

test('a name and its :latest are one model, other tags are not', () => {
  expect(modelKey('llama3.2:latest')).toBe('llama3.2');
  expect(sameModel('llama3.2', 'llama3.2:latest')).toBe(true);
  expect(sameModel('llama3.2:1b', 'llama3.2')).toBe(false);
  expect(sameModel('Qwen/Qwen3-8B', 'Qwen/Qwen3-8B')).toBe(true);
});
