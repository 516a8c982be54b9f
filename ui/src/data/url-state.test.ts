/** Places and their addresses. */
import { expect, test } from 'vitest';
import { addressOf, placeOf, rangeOf, withChoices } from './url-state.ts';

test('an address names a view and what was chosen, and comes back the same', () => {
  const place = { view: 'requests', choices: { model: 'a&b=c <d>', status: 'failed' } } as const;
  const [path = '', search] = addressOf(place).split('?');
  expect(placeOf(`/${path}`, `?${search}`)).toEqual(place);
});

test('addresses of the earlier dashboards lead to the views that have their content', () => {
  expect(['/', '/trends', '/models', '/tags', '/apps', '/benchmarks', '/health', '/recommendations', '/settings/', '/nonsense'].map((path) => placeOf(path, '').view)).toEqual(
    ['fleet', 'trends', 'models', 'apps', 'apps', 'benchmarks', 'health', 'recommendations', 'settings', 'fleet']);
});

test('the same choices have one address, whatever their order; empty ones are none', () => {
  expect(addressOf({ view: 'apps', choices: { b: '2', a: '1', c: '' } })).toBe(addressOf({ view: 'apps', choices: { a: '1', b: '2' } }));
  expect(withChoices({ a: '1', b: '2' }, { a: '', c: '3' })).toEqual({ b: '2', c: '3' });
});

test('a range is named, or two times; nonsense is the usual one', () => {
  expect(rangeOf({ range: '1h' }, 10_000)).toEqual({ from: 6400, to: 10_000 });
  expect(rangeOf({ from: '100', to: '200' }, 10_000)).toEqual({ from: 100, to: 200 });
  expect(rangeOf({ from: '200', to: '100', range: 'x' }, 100_000)).toEqual({ from: 13_600, to: 100_000 });
});
