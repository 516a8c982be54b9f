/** Models to fall back to, and models that may serve instead, over real sockets (contract fleet parts 2.3 and 7). */
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import type { FakeModel } from '../fakes/catalogue.ts';
import { ask, backendsOf, bothDialects, chat, errorIn, expectAtRest, fakeServer, type Json, ollamaGenerate, openAi, payloadsIn, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** Of a size that does not need its machine for itself. */
const big: FakeModel = { name: 'big:70b', sizeBytes: 12e9, capabilities: ['completion', 'tools'] };
const small: FakeModel = { name: 'small:8b', sizeBytes: 5e9, capabilities: ['completion', 'tools'] };
const llava: FakeModel = { name: 'llava:13b', sizeBytes: 8e9, capabilities: ['completion', 'vision'] };
const nomic: FakeModel = { name: 'nomic-embed-text:latest', sizeBytes: 3e8, capabilities: ['embedding'] };
const mxbai: FakeModel = { name: 'mxbai-embed-large:latest', sizeBytes: 6e8, capabilities: ['embedding'] };

interface Bed {
  readonly one: FakeBackend;
  readonly two: FakeBackend;
  readonly router: TestRouter;
}

async function bed(ones: readonly FakeModel[], twos: readonly FakeModel[], config: Json = {}, loaded: readonly string[] = [], backend: Json = {}): Promise<Bed> {
  const handlers = Object.fromEntries(['one', 'two'].map((name) => [name, { 'POST /api/embed': (_request: unknown, response: { end(text: string): void }) => response.end('{"embeddings":[[1,2]]}') }]));
  const one = await fakeServer({ models: ones, handlers: handlers['one'] ?? {} });
  const two = await fakeServer({ models: twos, handlers: handlers['two'] ?? {} });
  for (const name of loaded) for (const fake of [one, two]) if (fake.catalogue.has(name)) fake.catalogue.resident.add(name);
  return { one, two, router: await routerWith({ backends: backendsOf({ one, two }, backend), ...config }) };
}

const served = (headers: Headers) => ({ model: headers.get('x-fleet-served-model'), backend: headers.get('x-fleet-backend'), fallback: headers.get('x-fleet-fallback'), asked: headers.get('x-fleet-requested-model') });

describe('fallback_models', () => {
  test.each<[string, Json]>([[openAi, chat()], ['/api/chat', chat()], [ollamaGenerate, { prompt: 'Hello' }], ['/v1/messages', { ...chat(), max_tokens: 9 }], ['/v1/responses', { input: 'Hello' }]])('%s: an unknown model falls to the next that is known, told in headers and trace, and no server sees the field', async (path, plain) => {
    const { two, router } = await bed([], [small]);
    const body = { ...plain, model: 'nothing:1b', fallback_models: ['void:1b', 'small:8b'] };
    for (const stream of [false, true]) {
      const { status, headers } = await ask(router, path, { ...body, stream });
      expect({ status, ...served(headers) }).toEqual({ status: 200, model: 'small:8b', backend: 'two', fallback: 'small:8b', asked: 'nothing:1b' });
    }
    expect(two.requests.every((request) => request.body?.['model'] === 'small:8b' && !('fallback_models' in request.body))).toBe(true);
    expect(router.traces.at(-1)).toMatchObject({ requestedModel: 'nothing:1b', servedModel: 'small:8b', instead: 'fallback' });
  });

  test.each(bothDialects)('%s: 404 only when none is known', async (path) => {
    const { router } = await bed([small], []);
    const { status, body } = await ask(router, path, chat({ model: 'nothing:1b', fallback_models: ['void:1b'] }));
    expect(status).toBe(404);
    expect(errorIn(body).message).toContain('nothing:1b');
  });

  test.each([[{ fallback_models: 'small:8b' }, 'fallback_models'], [{ fallback_models: [7] }, 'fallback_models[0]'], [{ fallback_models: ['auto'] }, 'fallback_models[0]']])('%j is 400 and names the field', async (more, field) => {
    const { router } = await bed([small], []);
    const { status, body } = await ask(router, openAi, chat({ model: 'small:8b', ...more }));
    expect({ status, param: errorIn(body).param }).toEqual({ status: 400, param: field });
  });

  test('an embedding falls back to the model that its caller named', async () => {
    const { router } = await bed([nomic], []);
    const { status, headers } = await ask(router, '/api/embed', { model: 'nothing', fallback_models: ['nomic-embed-text'], input: 'x' });
    expect({ status, ...served(headers) }).toMatchObject({ status: 200, model: 'nomic-embed-text:latest', fallback: 'nomic-embed-text:latest' });
  });

  test('the order is the caller\'s: a cold primary goes before a hot fallback, and is no fallback', async () => {
    const { router } = await bed([big], [small], {}, ['small:8b']);
    const { headers } = await ask(router, openAi, chat({ model: 'big:70b', fallback_models: ['small:8b'] }));
    expect(served(headers)).toMatchObject({ model: 'big:70b', backend: 'one', fallback: null });
  });

  test('when the asked model has no free slot the next is taken; when none has, the first that frees', async () => {
    const { one, two, router } = await bed([big], [small], {}, [], { maxConcurrent: 1 });
    const releases = [one.hold(), two.hold()];
    const body = chat({ model: 'big:70b', fallback_models: ['small:8b'] });
    const answers = [ask(router, openAi, body)];
    await one.waitForRequests(1);
    answers.push(ask(router, openAi, body));
    await two.waitForRequests(1);
    answers.push(ask(router, openAi, body));
    await until(() => router.service.load().totalQueued === 1);
    releases[1]?.();
    await two.waitForRequests(2);
    releases[0]?.();
    expect((await Promise.all(answers)).map(({ headers }) => served(headers).fallback)).toEqual([null, 'small:8b', 'small:8b']);
    await expectAtRest(router);
  });

  test('when the asked model fails on every server the next serves, and the retries are told', async () => {
    const { one, router } = await bed([big], [small]);
    one.script('big:70b', { status: 500 });
    const { status, headers } = await ask(router, openAi, chat({ model: 'big:70b', fallback_models: ['small:8b'], stream: true }));
    expect({ status, retries: headers.get('x-fleet-retries'), ...served(headers) }).toMatchObject({ status: 200, retries: '1', model: 'small:8b', fallback: 'small:8b' });
    await expectAtRest(router);
  });

  test('a server that is down is not waited for while a fallback can serve', async () => {
    const { one, router } = await bed([big], [small]);
    await one.close();
    await until(() => router.fleet.view().backends[0]?.status === 'down');
    const { status, headers } = await ask(router, openAi, chat({ model: 'big:70b', fallback_models: ['small:8b'] }));
    expect({ status, ...served(headers) }).toMatchObject({ status: 200, model: 'small:8b', fallback: 'small:8b' });
  });

  test('X-OAR-Backend stays strict: what is not on that server does not serve', async () => {
    const { router } = await bed([big], [small]);
    const on = (id: string) => ask(router, openAi, chat({ model: 'big:70b', fallback_models: ['small:8b'] }), { 'x-oar-backend': id });
    expect(served((await on('one')).headers)).toMatchObject({ model: 'big:70b', fallback: null });
    expect(served((await on('two')).headers)).toMatchObject({ model: 'small:8b', fallback: 'small:8b' });
    expect((await on('three')).status).toBe(503);
  });
});

const same = { router: { substitution: 'same-capability' } };

describe('substitution', () => {
  test('never, unless it is allowed: the asked model is loaded (FL-D11)', async () => {
    const { router } = await bed([big], [small], {}, ['small:8b']);
    const { headers } = await ask(router, openAi, chat({ model: 'big:70b' }));
    expect(served(headers)).toEqual({ model: 'big:70b', backend: 'one', fallback: null, asked: 'big:70b' });
    expect(router.traces[0]).not.toMatchObject({ instead: expect.anything() });
  });

  test.each(bothDialects)('%s: allowed, one of the same kind that is in memory serves; headers, body and trace name it', async (path) => {
    const { two, router } = await bed([big], [small], same, ['small:8b']);
    for (const stream of [false, true]) {
      const answer = await ask(router, path, chat({ model: 'big:70b', stream }));
      expect(served(answer.headers)).toEqual({ model: 'small:8b', backend: 'two', fallback: 'small:8b', asked: 'big:70b' });
      expect(payloadsIn(answer.text)[0]).toContain('"model":"small:8b"');
    }
    expect(two.requests[0]?.body?.['model']).toBe('small:8b');
    expect(router.traces[0]).toMatchObject({ requestedModel: 'big:70b', servedModel: 'small:8b', instead: 'substitute' });
  });

  test('a picture never goes to a model that cannot see: not across kinds, and not when any is allowed (FL-D11)', async () => {
    const picture = { messages: [{ role: 'user', content: 'What is this?', images: ['aGVsbG8='] }], stream: false, model: 'llava:13b' };
    for (const substitution of ['same-capability', 'any']) {
      const { two, router } = await bed([llava], [small], { router: { substitution } }, ['small:8b']);
      expect(served((await ask(router, '/api/chat', picture)).headers)).toMatchObject({ model: 'llava:13b', fallback: null });
      expect(two.requests).toEqual([]);
    }
  });

  test('another kind only when any is allowed', async () => {
    const across = async (substitution: string) => {
      const { router } = await bed([big], [llava], { router: { substitution } }, ['llava:13b']);
      return served((await ask(router, openAi, chat({ model: 'big:70b' }))).headers).model;
    };
    expect([await across('same-capability'), await across('any')]).toEqual(['big:70b', 'llava:13b']);
  });

  test('an embedding never moves to another embedder (FL-D12)', async () => {
    const { two, router } = await bed([nomic], [mxbai], { router: { substitution: 'any' } }, ['mxbai-embed-large:latest']);
    const { status, headers } = await ask(router, '/api/embed', { model: 'nomic-embed-text', input: 'x' });
    expect({ status, ...served(headers) }).toMatchObject({ status: 200, model: 'nomic-embed-text:latest', backend: 'one', fallback: null });
    expect(two.requests).toEqual([]);
  });

  test.each<[string, Json, Record<string, string>]>([
    ['router.allowSubstitution: false', { router: { allowSubstitution: false, mode: 'sync' } }, {}],
    ['X-OAR-Substitution: never', {}, { 'x-oar-substitution': 'never' }],
    ['X-OAR-Backend', {}, { 'x-oar-backend': 'one' }],
  ])('a request can do without: %s', async (_what, more, headers) => {
    const { router } = await bed([big, small], [small], same, ['small:8b']);
    expect(served((await ask(router, openAi, chat({ model: 'big:70b', ...more }), headers)).headers)).toMatchObject({ model: 'big:70b', fallback: null });
  });

  test('a model that is only to be loaded, or let go of, is that model', async () => {
    const { router } = await bed([big], [small], same, ['small:8b']);
    const { headers } = await ask(router, ollamaGenerate, { model: 'big:70b', keep_alive: 0 });
    expect(served(headers)).toMatchObject({ model: 'big:70b' });
  });

  test('when those in memory have no free slot the asked one is loaded', async () => {
    const { one, two, router } = await bed([big], [small], same, ['small:8b'], { maxConcurrent: 1 });
    const release = two.hold();
    const first = ask(router, openAi, chat({ model: 'big:70b' }));
    await two.waitForRequests(1);
    const second = ask(router, openAi, chat({ model: 'big:70b' }));
    await one.waitForRequests(1);
    release();
    expect((await Promise.all([first, second])).map(({ headers }) => served(headers).model)).toEqual(['small:8b', 'big:70b']);
  });
});
