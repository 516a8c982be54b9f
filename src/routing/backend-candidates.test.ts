import { expect, test } from 'vitest';
import { backend, fleet, spec, table } from '../../test/fakes/brain.ts';
import { candidatesFor, candidatesForAll } from './backend-candidates.ts';

const none = table([]);

function ids(key: string, backends: Parameters<typeof fleet>[0], of = none): readonly string[] {
  return candidatesFor(key, of, fleet(backends)).map((one) => `${one.backendId}:${one.model}`);
}

test('each backend is asked with the name it lists', () => {
  expect(ids('m', [backend('a', { models: ['m:latest'] }), backend('b', { models: ['m'] }), backend('c', { models: ['other'] })])).toEqual(['a:m:latest', 'b:m']);
});

test('a backend that is down is a candidate only when no other has the model', () => {
  const off = backend('off', { status: 'down', models: ['m'] });
  expect(ids('m', [off, backend('a', { models: ['m'] })])).toEqual(['a:m']);
  expect(ids('m', [off, backend('a', { models: ['other'] })])).toEqual(['off:m']);
});

test('a configured model that nobody lists may be on any Ollama, another only where nobody looked', () => {
  const backends = [backend('a', { models: ['x'] }), backend('b', { kind: 'openai', models: ['y'] }), backend('c', { kind: 'openai', unasked: true }), backend('d', { status: 'down' })];
  expect(ids('m', backends, table([spec('m')]))).toEqual(['a:m', 'c:m']);
  expect(ids('m', backends)).toEqual(['c:m']);
});

test('several models come in their order, and a wanted backend leaves no other', () => {
  const two = fleet([backend('a', { models: ['m', 'n'] }), backend('b', { models: ['n'] })]);
  const said = (wanted?: string): readonly string[] => candidatesForAll(['n', 'm', 'n'], none, two, wanted).map((one) => `${one.backendId}:${one.modelKey}`);
  expect(said()).toEqual(['a:n', 'b:n', 'a:m']);
  expect(said('b')).toEqual(['b:n']);
  expect(said('nowhere')).toEqual([]);
});
