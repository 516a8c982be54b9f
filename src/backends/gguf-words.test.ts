import { expect, test } from 'vitest';
import { quantizationIn, sizeInWords } from './gguf-words.ts';

test.each([
  ['ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', 'Q4_K_M'], ['unsloth/Kimi-K2-GGUF:UD-IQ1_S', 'UD-IQ1_S'], ['../models/Llama-8B-Q8_0.gguf', 'Q8_0'], ['gpt-oss-20b:mxfp4', 'MXFP4'], ['org/x:F16', 'F16'],
  ['llama3.2:1b', undefined], ['custom_model', undefined], ['Q4', undefined],
])('%s is quantised as %s', (name, quantization) => {
  expect(quantizationIn(name)).toBe(quantization);
});

test.each([[8_190_735_360, '8.2B'], [134_515_008, '134.5M'], [7_000_000_000, '7B'], [500_000, '500K']])('%i parameters are %s', (count, words) => {
  expect(sizeInWords(count)).toBe(words);
});
