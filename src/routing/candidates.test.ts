import { expect, test } from 'vitest';
import { backend, fleet, spec, table } from '../../test/fakes/brain.ts';
import { candidateModels, noWishes } from './candidates.ts';

const nobody = fleet([]);
const models = table(
  [spec('routed-1'), spec('routed-2:latest'), spec('purposeful', { purpose: ['triage'] }), spec('tagged', { tags: ['triage'] }), spec('other'), spec('fallback')],
  { triage: ['routed-1', 'routed-2:latest'], unknown: ['fallback'] },
);

test('preferred models first, then the route, then purposes and tags, each once', () => {
  expect(candidateModels('triage', { preferredModels: ['other', 'missing', 'routed-2'], forbiddenModels: [] }, models, nobody)).toEqual(['other', 'routed-2', 'routed-1', 'purposeful', 'tagged']);
});

test('forbidden beats preferred, however the name is written', () => {
  expect(candidateModels('triage', { preferredModels: ['other'], forbiddenModels: ['other', 'routed-2', 'tagged'] }, models, nobody)).toEqual(['routed-1', 'purposeful']);
});

test('a task without a route takes the one of unknown; names of object members are no routes', () => {
  expect(candidateModels('summarize', noWishes, models, nobody)).toEqual(['fallback']);
  for (const name of ['__proto__', 'constructor']) expect(candidateModels(name, noWishes, models, nobody)).toEqual(['fallback']);
});

test('embedding models never chat, by what the server says or else by name', () => {
  const both = table([spec('nomic-embed-text'), spec('gte-thing'), spec('embedder'), spec('chatty-embed-fan')], { triage: ['nomic-embed-text', 'embedder', 'chatty-embed-fan'] });
  const said = fleet([backend('a', { models: [{ name: 'embedder', capabilities: ['embedding'] }, { name: 'chatty-embed-fan', capabilities: ['chat'] }] })]);
  expect(candidateModels('triage', noWishes, both, said)).toEqual(['chatty-embed-fan']);
});
