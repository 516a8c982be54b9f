import { describe, expect, test } from 'vitest';
import { dialects } from './index.gen.ts';

// What no caller speaks writes all of its requests itself.
const inference = dialects.filter((dialect) => dialect.kind === 'inference' && dialect.takesForms !== true && dialect.routes.length > 0);
const required = { messages: [{ role: 'user', content: 'x' }], prompt: 'x', input: 'x', query: 'x', documents: ['x'], max_tokens: 5, voice: 'v' };

describe.each(inference.map((dialect) => [dialect.id, dialect] as const))('%s', (_id, dialect) => {
  if (dialect.kind !== 'inference') return;
  const sent = (more: object) => {
    const call = dialect.encodeRequest(dialect.decodeRequest(JSON.stringify({ model: 'm', ...required, ...more })), { model: 'm' });
    // Ollama's older embedding API calls its `input` otherwise.
    return { body: JSON.parse(call.body) as Record<string, unknown>, rewrites: call.rewrites.filter((name) => name !== 'prompt') };
  };

  test('reads fallbacks, tags and the user, and sends none of the first two on', () => {
    const more = { fallback_models: ['b', 'c:7b'], metadata: { tags: ['app', 'prod'], team: 'red' }, user: 'ada' };
    const request = dialect.decodeRequest(JSON.stringify({ model: 'm', ...required, ...more }));
    expect(request).toMatchObject({ fallbackModels: ['b', 'c:7b'], tags: ['app', 'prod'], ...(dialect.id === 'anthropic-messages' ? {} : { user: 'ada' }) });
    const { body, rewrites } = sent(more);
    expect(body).not.toHaveProperty('fallback_models');
    expect(body.metadata).toEqual({ team: 'red' });
    expect(rewrites).toEqual(['fallback_models', 'metadata.tags']);
  });

  test('metadata that held nothing but tags is gone; plain texts stay, one called tags among them', () => {
    expect(sent({ metadata: { tags: [] } }).body).not.toHaveProperty('metadata');
    const plain = sent({ metadata: { tags: 'a,b', run: '7' } });
    expect(plain).toMatchObject({ body: { metadata: { tags: 'a,b', run: '7' } }, rewrites: [] });
  });

  test.each([
    [{ fallback_models: 'b' }, 'fallback_models'],
    [{ fallback_models: ['b', 7] }, 'fallback_models[1]'],
    [{ fallback_models: ['b', ' '] }, 'fallback_models[1]'],
    [{ fallback_models: Array(33).fill('b') }, 'fallback_models'],
    [{ metadata: { tags: ['a', 7] } }, 'metadata.tags[1]'],
  ])('%j is refused', (more, param) => {
    expect(() => dialect.decodeRequest(JSON.stringify({ model: 'm', ...required, ...more }))).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
  });
});
