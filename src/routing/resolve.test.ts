/** What a model name in a request may mean. */
import { expect, test } from 'vitest';
import { backend, fleet, spec, table } from '../../test/fakes/brain.ts';
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
