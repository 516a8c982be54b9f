import { describe, expect, test } from 'vitest';
import { endToEnd, pathBelow, RelayKeys } from './relay-keys.ts';

describe('keys', () => {
  const keys = new RelayKeys();
  const ollama = { name: 'ollama', url: 'http://127.0.0.1:11434' };
  const vllm = { name: 'vllm', url: 'http://127.0.0.1:8000' };

  test('each server has its own, which stays', () => {
    const key = keys.keyFor(ollama);
    expect(keys.keyFor(ollama)).toBe(key);
    expect(keys.keyFor(vllm)).not.toBe(key);
    expect(keys.find(`Bearer ${key}`)).toBe(ollama);
    expect(keys.find(`bearer ${keys.keyFor(vllm)}`)).toBe(vllm);
    expect(key.length).toBeGreaterThan(40);
  });

  test.each([undefined, '', 'Bearer ', 'Bearer x', 'Basic abc', 'oar_relay_'])('%j opens nothing', (shown) => {
    expect(keys.find(shown)).toBeNull();
  });

  test('without any server nothing is opened', () => {
    expect(new RelayKeys().find('Bearer x')).toBeNull();
  });
});

test.each([
  ['', '/api/chat', '/api/chat'],
  ['/', '/v1/models?x=1?y', '/v1/models?x=1?y'],
  ['/engine/', '/v1/models/org%2Fname', '/engine/v1/models/org%2Fname'],
])('below %j, %s is %s', (base, asked, path) => {
  expect(pathBelow(base, asked)).toBe(path);
});

test.each(['http://elsewhere/api/chat', '*', '', '/../secret', '/api/%2e%2e/x', '/a/..%2fb', '/a\\..\\b', '/%zz', '/./x'])('%j is no path', (asked) => {
  expect(pathBelow('/engine', asked)).toBeNull();
});

test('what belongs to one connection stays on it', () => {
  const headers = { connection: 'close, X-Mine', 'x-mine': '1', 'keep-alive': 'timeout=5', 'transfer-encoding': 'chunked', te: 'trailers', upgrade: 'h2c', authorization: 'Bearer k', 'content-type': 'application/json', 'set-cookie': ['a', 'b'] };
  expect(endToEnd(headers, ['authorization'])).toEqual({ 'content-type': 'application/json', 'set-cookie': ['a', 'b'] });
});
