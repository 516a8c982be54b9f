import { expect, test } from 'vitest';
import { ollamaHostUrl } from './ollama-host.ts';

test.each([
  ['127.0.0.1:11500', 'http://127.0.0.1:11500'],
  ['gpu-box', 'http://gpu-box:11434'],
  ['0.0.0.0', 'http://127.0.0.1:11434'],
  [':12000', 'http://127.0.0.1:12000'],
  ['https://models.example/ollama/', 'https://models.example/ollama'],
  ['http://gpu-box', 'http://gpu-box'],
  ['[::]:11434', 'http://127.0.0.1:11434'],
])('OLLAMA_HOST=%s is %s', (value, url) => expect(ollamaHostUrl(value)).toBe(url));

test('nothing usable is null', () => {
  expect(ollamaHostUrl(undefined)).toBeNull();
  expect(ollamaHostUrl('  ')).toBeNull();
  expect(ollamaHostUrl('http://:::')).toBeNull();
});
