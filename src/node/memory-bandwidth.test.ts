import { expect, test } from 'vitest';
import { cardBandwidth, chipBandwidth } from './memory-bandwidth.ts';

// Contract fleet part 2.2, in the words that the programs print.
test.each([
  ['Apple M1', 68], ['Apple M1 Pro', 200], ['Apple M1 Max', 400], ['Apple M1 Ultra', 800],
  ['Apple M2', 100], ['Apple M2 Pro', 200], ['Apple M2 Max', 400], ['Apple M2 Ultra', 800],
  ['Apple M3', 100], ['Apple M3 Pro', 150], ['Apple M3 Max', 400], ['Apple M3 Ultra', 819],
  ['Apple M4', 120], ['Apple M4 Pro', 273], ['Apple M4 Max', 546],
])('chip %s: %i GB/s', (name, gbps) => {
  expect(chipBandwidth(name)).toBe(gbps);
  expect(cardBandwidth(name)).toBe(gbps);
});

test.each([
  ['NVIDIA H100 80GB HBM3', 3350], ['NVIDIA A100-SXM4-80GB', 2039], ['NVIDIA GeForce RTX 5090', 1792], ['NVIDIA GeForce RTX 4090', 1008],
  ['NVIDIA GeForce RTX 3090', 936], ['NVIDIA L40', 864], ['NVIDIA GeForce RTX 3080', 760], ['NVIDIA GeForce RTX 4080', 716],
  ['NVIDIA GeForce RTX 2080 Ti', 616], ['NVIDIA GeForce RTX 3070', 448], ['NVIDIA GeForce RTX 2070', 448],
  ['NVIDIA A100-PCIE-40GB', 1555], ['NVIDIA H200', 4800], ['NVIDIA L4', 300], ['NVIDIA GeForce RTX 4070 Ti SUPER', 672], ['NVIDIA GeForce RTX 4090 Laptop GPU', 576],
  ['AMD Radeon RX 7900 XTX', 960], ['Radeon RX 7900 XT', 800], ['AMD Instinct MI300X', 5300], ['Intel Arc A770 Graphics', 560],
])('card %s: %i GB/s', (name, gbps) => {
  expect(cardBandwidth(name)).toBe(gbps);
});

test.each(['AMD Ryzen 5 7600 6-Core Processor', 'Intel(R) Core(TM) i7-1060G7', 'AMD A10-7850K', 'Intel Xeon E5-2060', 'Apple M9 Hyper', 'Some Card'])('%s is not known', (name) => {
  expect(chipBandwidth(name)).toBeUndefined();
});

test('a card that nobody has heard of has no speed', () => {
  expect(cardBandwidth('NVIDIA GeForce GTX 9999')).toBeUndefined();
});
