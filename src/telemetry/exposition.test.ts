import { expect, test } from 'vitest';
import { Exposition } from './exposition.ts';

test('families carry HELP and TYPE once, labels are escaped, the text ends with a line end', () => {
  const figures = new Exposition();
  const requests = figures.counter('r_total', 'Requests.');
  requests({ model: 'a"b\\c\nd' }).inc();
  requests({ model: 'a"b\\c\nd' }).inc();
  requests({ model: 'e' }).inc(3);
  expect(figures.render()).toBe('# HELP r_total Requests.\n# TYPE r_total counter\nr_total{model="a\\"b\\\\c\\nd"} 2\nr_total{model="e"} 3\n');
});

test('a histogram is cumulative and a value on a bound belongs to its bucket', () => {
  const figures = new Exposition();
  const seconds = figures.histogram('s', 'Seconds.', [0.1, 1])({ model: 'm' });
  for (const value of [0.1, 0.5, 7]) seconds.observe(value);
  expect(figures.render().split('\n').slice(2, -1)).toEqual(['s_bucket{model="m",le="0.1"} 1', 's_bucket{model="m",le="1"} 2', 's_bucket{model="m",le="+Inf"} 3', 's_sum{model="m"} 7.6', 's_count{model="m"} 3']);
});

test('a gauge that was cleared is not there at all', () => {
  const figures = new Exposition();
  const free = figures.gauge('free_mb', 'Free.');
  free.set({}, 12);
  expect(figures.render()).toContain('free_mb 12\n');
  free.clear();
  expect(figures.render()).toBe('');
});
