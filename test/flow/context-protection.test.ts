import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ollamaEmbedding } from '../fakes/media.ts';
import { ask, backendsOf, chat, fakeServer, type Json, ollamaChat, ollamaGenerate, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** What the backend was sent last as its context; undefined: none was named. */
function contextSent(fake: FakeBackend): unknown {
  return (fake.requests.at(-1)?.body?.['options'] as Json | undefined)?.['num_ctx'];
}

function asking(context?: number, more: Json = {}): Json {
  return chat({ model: 'a:1b', ...(context === undefined ? {} : { options: { num_ctx: context } }), ...more });
}

async function oneOllama(context: Json = {}): Promise<{ readonly fake: FakeBackend; readonly router: TestRouter }> {
  const fake = await fakeServer({ models: [{ name: 'a:1b', contextLength: 131_072 }] });
  return { fake, router: await routerWith({ backends: backendsOf({ one: fake }), context }) };
}

/** The router knows with which context the model is in memory there. */
function seen(router: TestRouter, backendId: string, context: number): Promise<void> {
  return until(() => router.fleet.view().backends.find((one) => one.id === backendId)?.report?.resident?.[0]?.contextLength === context);
}

describe('two clients with different contexts', () => {
  test('do not reload the model: the smaller and the absent one get what is in memory, and the headers name the rewrite', async () => {
    const { fake, router } = await oneOllama();
    expect((await ask(router, ollamaChat, asking(16_384))).headers.get('x-oar-rewrites')).toBeNull();
    const smaller = await ask(router, ollamaChat, asking(8192));
    expect(smaller.headers.get('x-oar-rewrites')).toBe('num_ctx');
    expect(contextSent(fake)).toBe(16_384);
    expect((await ask(router, ollamaChat, asking())).headers.get('x-oar-rewrites')).toBe('num_ctx');
    expect((await ask(router, ollamaGenerate, { model: 'a:1b', prompt: 'Hello', stream: false })).headers.get('x-oar-rewrites')).toBe('num_ctx');
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
    await seen(router, 'one', 16_384);
    for (const body of [asking(8192), asking(), asking(16_384)]) await ask(router, ollamaChat, body);
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });

  test('it is so for clients of the OpenAI API, which cannot say a context', async () => {
    const { fake, router } = await oneOllama();
    await ask(router, ollamaChat, asking(16_384));
    const answer = await ask(router, openAi, chat({ model: 'a:1b' }));
    expect(answer.headers.get('x-oar-rewrites')).toBe('num_ctx');
    expect(answer.body).toMatchObject({ object: 'chat.completion' });
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });

  test('an embedding through the OpenAI API keeps the context that the model is in memory with', async () => {
    const fake = await fakeServer({ models: [{ name: 'e:1b', contextLength: 8192, capabilities: ['embedding'] }], handlers: ollamaEmbedding });
    const router = await routerWith({ backends: backendsOf({ one: fake }) });
    const embed = { model: 'e:1b', input: ['Hello', 'there'] };
    const plain = await ask(router, '/v1/embeddings', embed);
    expect([fake.requests.at(-1)?.path, plain.headers.get('x-oar-rewrites')]).toEqual(['/v1/embeddings', null]);
    await ask(router, '/api/embed', { ...embed, options: { num_ctx: 8192 } });
    const kept = await ask(router, '/v1/embeddings', { ...embed, encoding_format: 'float' });
    expect([fake.requests.at(-1)?.path, contextSent(fake), kept.headers.get('x-oar-rewrites')]).toEqual(['/api/embed', 8192, 'num_ctx']);
    expect(kept.body).toEqual(plain.body);
    // The clients' own way to ask for vectors.
    const packed = await ask(router, '/v1/embeddings', { ...embed, encoding_format: 'base64' });
    expect([fake.requests.at(-1)?.path, typeof (packed.body['data'] as Json[])[0]!['embedding']]).toEqual(['/api/embed', 'string']);
    const smaller = await ask(router, '/api/embeddings', { model: 'e:1b', prompt: 'Hello', options: { num_ctx: 2048 } });
    expect([contextSent(fake), smaller.headers.get('x-oar-rewrites')]).toEqual([8192, 'num_ctx']);
    // Tokens can be said through this API alone.
    expect([(await ask(router, '/v1/embeddings', { ...embed, input: [1, 2] })).status, fake.requests.at(-1)?.path]).toEqual([200, '/v1/embeddings']);
  });

  test('at once and cold: whoever comes while the model is loaded gets the same', async () => {
    const { fake, router } = await oneOllama();
    const release = fake.hold();
    const first = ask(router, ollamaChat, asking(16_384));
    await fake.waitForRequests(1);
    const others = [ask(router, ollamaChat, asking(2048)), ask(router, openAi, chat({ model: 'a:1b' }))];
    await fake.waitForRequests(3);
    release();
    expect((await Promise.all([first, ...others])).map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });

  test('a larger need loads it once, and everybody is on it from then on', async () => {
    const { fake, router } = await oneOllama();
    for (const context of [4096, 32_768, 4096, undefined, 32_768, 8192]) await ask(router, ollamaChat, asking(context));
    expect(fake.catalogue.loads.get('a:1b')).toBe(2);
    expect(fake.catalogue.contexts.get('a:1b')).toBe(32_768);
  });

  test('what names the context that is in memory, and what names none where that is the usual one, passes byte for byte', async () => {
    const { fake, router } = await oneOllama();
    const text = '{ "model":"a:1b", "stream":false,"messages":[{"role":"user","content":"Hello"}] }';
    await ask(router, ollamaChat, text);
    await seen(router, 'one', 4096);
    for (const written of [text, text.replace('"stream"', '"options":{"num_ctx": 4096},"stream"')]) {
      expect((await ask(router, ollamaChat, written)).headers.get('x-oar-rewrites')).toBeNull();
      expect(fake.requests.at(-1)?.text).toBe(written);
    }
    await ask(router, openAi, text);
    expect(fake.requests.at(-1)).toMatchObject({ path: openAi, text });
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });

  test('who loaded it past the router keeps it: a request without a context gets the same', async () => {
    const fake = await fakeServer({ models: ['a:1b'] });
    fake.catalogue.use('a:1b', 16_384);
    const router = await routerWith({ backends: backendsOf({ one: fake }) });
    await seen(router, 'one', 16_384);
    await ask(router, ollamaChat, asking());
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });
});

describe('the modes', () => {
  test('strip takes a needless context out and leaves the other options', async () => {
    const { fake, router } = await oneOllama({ protect: 'strip' });
    await ask(router, ollamaChat, asking());
    await seen(router, 'one', 4096);
    const answer = await ask(router, ollamaChat, asking(2048, { options: { num_ctx: 2048, seed: 7 } }));
    expect(answer.headers.get('x-oar-rewrites')).toBe('num_ctx');
    expect(fake.requests.at(-1)?.body?.['options']).toEqual({ seed: 7 });
    await ask(router, ollamaChat, asking(2048));
    expect(fake.requests.at(-1)?.body).not.toHaveProperty('options');
    await ask(router, ollamaChat, asking(8192));
    expect(contextSent(fake)).toBe(8192);
  });

  test.each(['warn', 'passthrough'])('%s leaves every context as it is', async (protect) => {
    const { fake, router } = await oneOllama({ protect });
    await ask(router, ollamaChat, asking(8192));
    await seen(router, 'one', 8192);
    const answer = await ask(router, ollamaChat, asking(2048));
    expect(answer.headers.get('x-oar-rewrites')).toBeNull();
    expect(contextSent(fake)).toBe(2048);
    expect(router.lines.some((line) => line.message.includes('reloads a model'))).toBe(protect === 'warn');
  });
});

describe('a larger need', () => {
  const longPrompt = 'word '.repeat(4200);

  /** `big` has the model in memory with 32,768, `small` with 4,096. */
  async function two(config: Json = {}) {
    const [small, big] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
    small.catalogue.use('a:1b', 4096);
    big.catalogue.use('a:1b', 32_768);
    const router = await routerWith({ backends: backendsOf({ small, big }), ...config });
    await seen(router, 'small', 4096);
    await seen(router, 'big', 32_768);
    return { small, big, router };
  }

  test.each(['adaptive', 'least-busy', 'signals'])('%s: it goes to the backend that has the model with that context, named or estimated', async (placement) => {
    const { small, big, router } = await two({ router: { placement } });
    const named = await ask(router, ollamaChat, asking(16_384));
    expect(named.headers.get('x-oar-backend')).toBe('big');
    const estimated = await ask(router, ollamaChat, asking(undefined, { messages: [{ role: 'user', content: longPrompt }] }));
    expect(estimated.headers.get('x-oar-backend')).toBe('big');
    expect([small.catalogue.loads.get('a:1b'), big.catalogue.loads.get('a:1b')]).toEqual([1, 1]);
    expect(small.received).toBe(0);
  });

  test('FL-D13: it never moves to another model, which another backend has with that context', async () => {
    const [a, b] = [await fakeServer({ models: ['small:1b'] }), await fakeServer({ models: ['big:70b'] })];
    a.catalogue.use('small:1b', 4096);
    b.catalogue.use('big:70b', 32_768);
    const router = await routerWith({ backends: backendsOf({ a, b }) });
    await seen(router, 'a', 4096);
    const answer = await ask(router, ollamaChat, asking(32_768, { model: 'small:1b' }));
    expect(answer.headers.get('x-oar-model')).toBe('small:1b');
    expect(a.requests.map((request) => request.body?.['model'])).toEqual(['small:1b']);
    expect(b.received).toBe(0);
  });

  test('a prompt longer than what it is read with says so in a header', async () => {
    const { fake, router } = await oneOllama();
    await ask(router, ollamaChat, asking(4096));
    const long = await ask(router, ollamaChat, asking(4096, { messages: [{ role: 'user', content: longPrompt }] }));
    expect(long.headers.get('x-fleet-context-overflow')).toMatch(/^estimated_tokens=\d+; context_length=4096$/);
    expect((await ask(router, ollamaChat, asking(4096))).headers.get('x-fleet-context-overflow')).toBeNull();
    expect(fake.catalogue.loads.get('a:1b')).toBe(1);
  });
});
