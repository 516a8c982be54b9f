import { expect, test } from 'vitest';
import type { BackendSettings } from './backend.ts';
import { movedPath, openAiAddress } from './openai-address.ts';

const at = (url: string, path: string, openAi?: string): string => openAiAddress({ id: 'a', kind: 'openai', url, priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 }, ...(openAi === undefined ? {} : { paths: { openAi } }) } satisfies BackendSettings, path);

test.each([
  ['http://h:1', '/v1/embeddings', 'http://h:1/v1/embeddings'],
  ['http://h:1/', '/v1/completions', 'http://h:1/v1/completions'],
  ['http://h:1/v1', '/v1/audio/speech', 'http://h:1/v1/audio/speech'],
  ['http://h:1/v1/', '/v1/images/generations', 'http://h:1/v1/images/generations'],
  ['https://h/openai/v1', '/v1/chat/completions', 'https://h/openai/v1/chat/completions'],
  ['https://h/api/paas/v4', '/v1/chat/completions', 'https://h/api/paas/v4/chat/completions'],
  ['https://h/v1beta/openai/', '/v1/models', 'https://h/v1beta/openai/models'],
  ['http://h:1/v1', '/props', 'http://h:1/props'],
  ['http://h:1/v1', '/models/load', 'http://h:1/models/load'],
  ['http://h:1', '/props?model=a%2Fb&autoload=false', 'http://h:1/props?model=a%2Fb&autoload=false'],
  ['http://name:secret@h:1/v1?key=1', '/v1/models', 'http://h:1/v1/models'],
])('%s and %s', (url, path, full) => {
  expect(at(url, path)).toBe(full);
});

test('both addresses of rerankers lead to the one that servers share', () => {
  for (const url of ['http://h:1', 'http://h:1/v1']) {
    for (const path of ['/rerank', '/v1/rerank']) expect(at(url, path)).toBe('http://h:1/v1/rerank');
  }
});

test('what lies beside a moved chat address moves along when that can be told', () => {
  expect(movedPath('/v1/embeddings', undefined)).toBe('/v1/embeddings');
  expect(movedPath('/v1/chat/completions', '/compatible/chat')).toBe('/compatible/chat');
  expect(movedPath('/v1/embeddings', '/compatible/chat')).toBe('/v1/embeddings');
  expect(movedPath('/v1/embeddings', '/open/chat/completions')).toBe('/open/embeddings');
  expect(at('http://h:1/v1', '/v1/embeddings', '/open/chat/completions')).toBe('http://h:1/open/embeddings');
});
