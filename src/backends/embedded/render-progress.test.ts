import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EmbeddedProgress, renderProgress } from './render-progress.ts';

const half: EmbeddedProgress = { stage: 'weights', label: 'downloading', doneBytes: 49_000_000, totalBytes: 98_000_000 };

test('half of the bytes is half of the bar', () => {
  expect(renderProgress(half, 80)).toBe(`downloading  [${'#'.repeat(12)}${'-'.repeat(12)}]  49 of 98 MB`);
});

test('where there is no room the bar goes first, then the label is cut, never the bytes', () => {
  expect(renderProgress(half, 28)).toBe('downloading  49 of 98 MB');
  expect(renderProgress(half, 20)).toBe('downlo…  49 of 98 MB');
});

test('bytes without a total show no bar, no bytes show the label alone', () => {
  expect(renderProgress({ stage: 'weights', label: 'downloading', doneBytes: 5_000_000 }, 80)).toBe('downloading  5 MB');
  expect(renderProgress({ stage: 'loading', label: 'loading smollm2:135m' }, 80)).toBe('loading smollm2:135m');
});

test('never wider than asked, whatever is reported', () => {
  const bytes = fc.option(fc.oneof(fc.integer(), fc.double()), { nil: undefined });
  fc.assert(fc.property(fc.string(), bytes, bytes, fc.nat(120), (label, doneBytes, totalBytes, width) => {
    const event = { stage: 'weights', label, ...(doneBytes === undefined ? {} : { doneBytes }), ...(totalBytes === undefined ? {} : { totalBytes }) } as const;
    expect(renderProgress(event, width).length).toBeLessThanOrEqual(width);
  }));
});
