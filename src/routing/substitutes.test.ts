import { expect, test } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import type { Model, Resident } from '../core/fleet.ts';
import { categoryOf } from './model-category.ts';
import { type SubstituteInput, substitutesFor } from './substitutes.ts';

const models: readonly Model[] = [
  { name: 'llama3:70b', sizeBytes: 40e9, capabilities: ['chat', 'tools'] },
  { name: 'llama3:8b', sizeBytes: 5e9, capabilities: ['chat', 'tools'] },
  { name: 'qwen3:32b', sizeBytes: 20e9, capabilities: ['chat'] },
  { name: 'qwen3-coder:30b', sizeBytes: 18e9, capabilities: ['chat', 'tools'] },
  { name: 'llava:13b', sizeBytes: 8e9, capabilities: ['chat', 'vision'] },
  { name: 'nomic-embed-text:latest', sizeBytes: 3e8, capabilities: ['embedding'] },
];

function found(asked: string, loaded: readonly (string | Resident)[], more: Partial<SubstituteInput> = {}) {
  const view = fleet([backend('a', { models, resident: loaded }), backend('b', { models, resident: ['llama3:70b'], status: 'down' })]);
  return substitutesFor({ substitution: 'same-capability', asked, needs: { tools: false, vision: false }, promptTokens: 100, fleet: view, ...more });
}

const all = models.map((model) => model.name);

test('of the same kind alone, the most alike in size first; what is on a server that is down is not there', () => {
  expect(found('llama3:70b', ['llama3:8b', 'qwen3:32b', 'qwen3-coder:30b', 'llava:13b', 'nomic-embed-text:latest'])).toEqual(['qwen3:32b', 'llama3:8b']);
});

test('any: every kind that talks, and never an embedder', () => {
  expect(found('llama3:70b', all, { substitution: 'any' })).toEqual(['qwen3:32b', 'qwen3-coder:30b', 'llava:13b', 'llama3:8b']);
});

test('none that is left alone after failures, alone or with its server', () => {
  const on = (more: object) => ({ fleet: fleet([backend('a', { models, resident: ['llama3:8b', 'qwen3:32b'], ...more })]) });
  expect(found('llama3:70b', [], on({ resting: { 'qwen3:32b': 'open' } }))).toEqual(['llama3:8b']);
  expect(found('llama3:70b', [], on({ breaker: 'open' }))).toEqual([]);
});

test('never', () => {
  expect(found('llama3:70b', all, { substitution: 'never' })).toEqual([]);
});

test.each(['same-capability', 'any'] as const)('%s: pictures go to no model that cannot see, and tools to none that cannot use them (FL-D11)', (substitution) => {
  expect(found('llava:34b', ['llama3:8b', 'qwen3:32b'], { substitution, needs: { tools: false, vision: true } })).toEqual([]);
  expect(found('llava:34b', ['llama3:8b', 'llava:13b'], { substitution, needs: { tools: false, vision: true } })).toEqual(['llava:13b']);
  expect(found('llama3:70b', ['llama3:8b', 'qwen3:32b'], { substitution, needs: { tools: true, vision: false } })).toEqual(['llama3:8b']);
});

test('one whose context is too short for the prompt, and one that sleeps, are none', () => {
  expect(found('llama3:70b', [{ name: 'llama3:8b', contextLength: 99 }, { name: 'qwen3:32b', sleeping: true }])).toEqual([]);
});

test.each<[string, Partial<Model>, string]>([
  ['llama3.3:70b', {}, 'general'], ['gemma3:12b', { capabilities: ['chat', 'vision'] }, 'vision'], ['llama3.2-vision:11b', {}, 'vision'], ['qwen2.5vl:7b', {}, 'vision'], ['llava', {}, 'vision'],
  ['codestral:22b', {}, 'coding'], ['qwen2.5-coder:7b', {}, 'coding'], ['devstral:24b', {}, 'coding'],
  ['deepseek-r1:8b', {}, 'reasoning'], ['gpt-oss:120b', {}, 'reasoning'], ['phi4-reasoning', {}, 'reasoning'], ['qwq', {}, 'reasoning'],
  ['phi-4:14b', {}, 'general'], ['qwen3:8b', { capabilities: ['chat', 'tools', 'thinking'] }, 'general'],
  ['nomic-embed-text', {}, 'silent'], ['flux-dev', {}, 'silent'], ['whisper-1', {}, 'silent'],
])('%s %j is %s', (name, more, expected) => {
  expect(categoryOf({ name, ...more })).toBe(expected);
});
