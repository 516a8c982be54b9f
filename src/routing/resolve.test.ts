/** What a model name in a request may mean. */
import { expect, test } from 'vitest';
import { backend, fleet, spec, table } from '../../test/fakes/brain.ts';
import type { Model } from '../core/fleet.ts';
import { resolve, type ResolveInput } from './resolve.ts';

const configured = table([spec('coder:7b'), spec('small:latest')]);
const listing = fleet([backend('a', { models: ['llama3.2:latest', 'gpt-4o'] }), backend('off', { status: 'down', models: ['asleep:1b'] })]);

function meaning(asked: string | null, aliases: ResolveInput['aliases'] = {}, more: Partial<ResolveInput> = {}) {
  return resolve({ asked, table: configured, fleet: listing, aliases, ...more });
}

test.each([null, '', '  ', 'auto', 'auto:latest'])('%j is routed by task', (asked) => {
  expect(meaning(asked)).toEqual({ kind: 'auto' });
});

test('configured and listed names are used as asked, with or without :latest', () => {
  expect(meaning('coder:7b')).toEqual({ kind: 'named', modelKey: 'coder:7b', name: 'coder:7b' });
  expect(meaning('small')).toEqual({ kind: 'named', modelKey: 'small', name: 'small:latest' });
  expect(meaning('llama3.2')).toEqual({ kind: 'named', modelKey: 'llama3.2', name: 'llama3.2:latest' });
  expect(meaning('llama3.2:latest')).toEqual({ kind: 'named', modelKey: 'llama3.2', name: 'llama3.2:latest' });
});

test('a model that only an unreachable backend has is known', () => {
  expect(meaning('asleep:1b')).toMatchObject({ kind: 'named', modelKey: 'asleep:1b' });
});

test('an alias leads to its model, is named, and hides no model', () => {
  expect(meaning('gpt-3.5', { 'gpt-3.5': 'coder:7b' })).toEqual({ kind: 'named', modelKey: 'coder:7b', name: 'coder:7b', substitutedFrom: 'gpt-3.5' });
  expect(meaning('gpt-4o', { 'gpt-4o': 'coder:7b' })).toEqual({ kind: 'named', modelKey: 'gpt-4o', name: 'gpt-4o' });
  expect(meaning('best', { best: 'auto' })).toEqual({ kind: 'auto' });
});

test('of several patterns the longest that fits counts, an exact alias before them all', () => {
  const aliases = { '*': 'auto', 'claude-*': 'small', 'claude-*-haiku*': 'llama3.2', 'claude-3-haiku': 'coder:7b' };
  expect(meaning('claude-3-haiku', aliases)).toMatchObject({ modelKey: 'coder:7b' });
  expect(meaning('claude-3-haiku-2024', aliases)).toMatchObject({ modelKey: 'llama3.2' });
  expect(meaning('claude-opus', aliases)).toMatchObject({ modelKey: 'small' });
  expect(meaning('anything', aliases)).toEqual({ kind: 'auto' });
});

test('aliases may lead to aliases, and a circle ends in an error', () => {
  expect(meaning('one', { one: 'two', two: 'coder:7b' })).toMatchObject({ modelKey: 'coder:7b', substitutedFrom: 'one' });
  expect(() => meaning('one', { one: 'two', two: 'one' })).toThrow(expect.objectContaining({ code: 'unknown_model' }));
});

test('an unknown name is 404 and the answer names what comes close', () => {
  expect(() => meaning('coder:8b')).toThrow(expect.objectContaining({ code: 'unknown_model', status: 404, message: expect.stringMatching(/"coder:8b".*Did you mean coder:7b\?/) }));
  expect(() => meaning('lama3.2')).toThrow(/llama3\.2:latest/);
  expect(() => meaning('__proto__')).toThrow(expect.objectContaining({ code: 'unknown_model' }));
  expect(() => meaning('alias', { alias: 'missing' })).toThrow(/"missing", which the alias "alias" stands for/);
});

test('at most five names are offered', () => {
  const many = table(Array.from({ length: 9 }, (_, index) => spec(`model-${index}`)));
  expect(() => meaning('model-x', {}, { table: many })).toThrow(/Did you mean (?:[^,?]+, ){4}[^,?]+\?$/);
});

test('while a backend was never asked, no name is denied', () => {
  const starting = fleet([backend('a', { unasked: true })]);
  expect(meaning('who-knows', {}, { fleet: starting })).toEqual({ kind: 'named', modelKey: 'who-knows', name: 'who-knows' });
});

const llama = (name: string, more: Partial<Model> = {}): Model => ({ name, ownedBy: 'llamacpp', ...more });
const mixed = fleet([
  backend('llama', { kind: 'llama-server', models: [llama('ggml-org/Tiny-GGUF:Q4_K_M'), llama('ggml-org/Big-GGUF:Q4_K_M'), llama('ggml-org/Big-GGUF:Q8_0', { row: { aliases: ['biggest', 7] } })] }),
  backend('other', { kind: 'llama-server', models: [llama('ggml-org/Tiny-GGUF:Q4_K_M'), llama('someone/Twin:Q4_K_M'), llama('another/Twin:Q4_K_M')] }),
  backend('vllm', { kind: 'openai', models: [{ name: 'Qwen/Qwen3-8B', ownedBy: 'vllm' }, { name: 'Case', ownedBy: 'vllm' }, { name: 'case', ownedBy: 'vllm' }] }),
]);
const none = table([]);
const nameOf = (asked: string, aliases: ResolveInput['aliases'] = {}) => meaning(asked, aliases, { table: none, fleet: mixed });

test.each(['ggml-org/Tiny-GGUF:Q4_K_M', 'Tiny-GGUF:Q4_K_M', 'ggml-org/Tiny-GGUF', 'Tiny-GGUF', 'tiny-gguf', 'TINY-GGUF:q4_k_m', 'tiny-gguf:latest', 'ggml-org/Tiny-GGUF:Q4_K_M:latest', 'tiny-gguf:LATEST'])('%s is one model on two llama-servers', (asked) => {
  expect(nameOf(asked)).toEqual({ kind: 'named', modelKey: 'ggml-org/Tiny-GGUF:Q4_K_M', name: 'ggml-org/Tiny-GGUF:Q4_K_M' });
});

test('a short name of several models is none, and the answer names them', () => {
  expect(() => nameOf('big-gguf')).toThrow(expect.objectContaining({ code: 'unknown_model', status: 404, message: expect.stringMatching(/ggml-org\/Big-GGUF:Q4_K_M, ggml-org\/Big-GGUF:Q8_0/) }));
  expect(() => nameOf('Twin')).toThrow(/someone\/Twin:Q4_K_M, another\/Twin:Q4_K_M/);
  expect(nameOf('big-gguf:q8_0')).toMatchObject({ name: 'ggml-org/Big-GGUF:Q8_0' });
  expect(nameOf('biggest')).toMatchObject({ name: 'ggml-org/Big-GGUF:Q8_0' });
});

test('capitals do not matter where that leaves one model; ids of other servers are not shortened', () => {
  expect(nameOf('qwen/qwen3-8b')).toMatchObject({ name: 'Qwen/Qwen3-8B' });
  expect(nameOf('Case')).toMatchObject({ name: 'Case' });
  expect(nameOf('case')).toMatchObject({ name: 'case' });
  expect(() => nameOf('CASE')).toThrow(/Case, case/);
  expect(() => nameOf('Qwen3-8B')).toThrow(expect.objectContaining({ code: 'unknown_model' }));
  expect(meaning('CODER:7B')).toMatchObject({ name: 'coder:7b' });
});

test('an alias wins over a short name, a short name over a pattern, and aliases lead to short names', () => {
  expect(nameOf('Tiny-GGUF', { 'Tiny-GGUF': 'Qwen/Qwen3-8B' })).toMatchObject({ name: 'Qwen/Qwen3-8B', substitutedFrom: 'Tiny-GGUF' });
  expect(nameOf('Tiny-GGUF', { '*': 'Qwen/Qwen3-8B' })).toMatchObject({ name: 'ggml-org/Tiny-GGUF:Q4_K_M' });
  expect(nameOf('gpt-4o', { 'gpt-*': 'tiny-gguf' })).toMatchObject({ name: 'ggml-org/Tiny-GGUF:Q4_K_M', substitutedFrom: 'gpt-4o' });
});
