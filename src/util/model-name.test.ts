import { expect, test } from 'vitest';
import { mayUse, modelKey, sameModel, shortNames } from './model-name.ts';

test('a name and its :latest are one model, other tags are not', () => {
  expect(modelKey('llama3.2:latest')).toBe('llama3.2');
  expect(sameModel('llama3.2', 'llama3.2:latest')).toBe(true);
  expect(sameModel('llama3.2:1b', 'llama3.2')).toBe(false);
  expect(sameModel('Qwen/Qwen3-8B', 'Qwen/Qwen3-8B')).toBe(true);
});

test.each([
  ['ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', ['gemma-3-4b-it-GGUF:Q4_K_M', 'ggml-org/gemma-3-4b-it-GGUF', 'gemma-3-4b-it-GGUF']],
  ['hf.co/org/Name:Q8_0', ['Name:Q8_0', 'hf.co/org/Name', 'Name']],
  ['Tiny:Q8_0', ['Tiny']],
  ['org/Name', ['Name']],
  ['plain', []],
  ['a:1/b', ['b']],
  ['org/', []],
])('%s in short', (name, forms) => {
  expect(shortNames(name).toSorted()).toEqual(forms.toSorted());
});

test.each<[string, readonly string[] | undefined, boolean]>([
  ['llama3.2', undefined, true],
  ['llama3.2', ['llama3.2'], true],
  ['llama3.2', ['llama3.2:latest'], true],
  ['llama3.2:latest', ['llama3.2'], true],
  ['llama3.2:1b', ['llama3.2'], false],
  ['llama3.2:1b', ['llama3.2:*'], true],
  ['llama3.2', ['llama3.2:*'], true],
  ['llama3.2', ['qwen*', 'llama*'], true],
  ['llama3.2', ['*3.2'], true],
  ['llama3.2', [], false],
])('may %s be used by whoever has %j?', (name, allowed, expected) => {
  expect(mayUse(allowed, name)).toBe(expected);
});
