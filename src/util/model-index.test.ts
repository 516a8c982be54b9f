import { expect, test } from 'vitest';
import { backend } from '../../test/fakes/brain.ts';
import { modelIndexOf } from './model-index.ts';

test('a model is listed where it is, once for each backend, and the others keep their positions', () => {
  const index = modelIndexOf([backend('a', { models: ['m:latest', 'm', 'n'] }), backend('b', { unasked: true }), backend('c', { status: 'down', models: ['m'] })]);
  expect(index.listedAt('m').map(({ at, model }) => [at, model.name])).toEqual([[0, 'm:latest'], [2, 'm']]);
  expect(index.listedAt('m:latest')).toEqual([]);
  expect(index.listedAt('__proto__')).toEqual([]);
});

test('the index is made again only when what is listed changes', () => {
  const [a, b] = [backend('a', { models: ['m'] }), backend('b', { models: ['n'] })];
  const first = modelIndexOf([a, b]);
  expect(modelIndexOf([{ ...a, reportedAt: 5, status: 'down' }, b])).toBe(first);
  const after = modelIndexOf([a, { ...b, report: { models: [{ name: 'new' }], resident: [] } }]);
  expect(after).not.toBe(first);
  expect(after.listedAt('new')).toHaveLength(1);
  expect(modelIndexOf([b, a]).listedAt('m')).toMatchObject([{ at: 1 }]);
});
