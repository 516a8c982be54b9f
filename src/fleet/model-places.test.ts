import { expect, test } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import type { ModelRequest, ModelTargets } from './fleet.ts';
import { blobPlace, placesFor } from './model-places.ts';

const gib = 1024 ** 3;
const sized = (name: string, size: number) => ({ name, sizeBytes: size * gib });
/** Two Ollamas, one of them down in some tests, and a server that is none. */
const servers = [
  backend('a', { models: [sized('m:latest', 9), sized('base:1b', 1)] }),
  backend('b', { models: [sized('m', 1)], nodeId: 'shed' }),
  backend('gpt', { kind: 'openai', models: ['m', 'base:1b'] }),
];

function request(action: ModelRequest['action'], more: Partial<ModelRequest> = {}): ModelRequest {
  return { action, model: 'm', blobs: [], stream: true, targets: { kind: 'choice' }, body: '{}', ...more };
}

interface Hints {
  readonly backends?: typeof servers;
  readonly justGot?: string;
  readonly blobHolders?: readonly string[];
}

function places(asked: ModelRequest, { backends = servers, justGot, blobHolders = [] }: Hints = {}): readonly string[] {
  return placesFor(asked, fleet(backends), { localNodeId: 'home', justGot: (id, model) => `${id} ${model}` === justGot, blobHolders: new Set(blobHolders) }).backendIds;
}

const one = (name: string, param = 'backend'): ModelTargets => ({ kind: 'one', name, param });
const several = (...names: string[]): ModelTargets => ({ kind: 'several', names, param: 'targets' });
const refusal = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (thrown) {
    return thrown;
  }
};

test('a pull goes to one backend, the one with most room, or one that has the model', () => {
  expect(places(request('pull', { model: 'new:7b' }))).toEqual(['b']);
  expect(places(request('pull', { model: 'base:1b' }))).toEqual(['a']);
});

test('a pull goes to several only when they are named', () => {
  expect(places(request('pull', { targets: several('b', 'a') }))).toEqual(['a', 'b']);
  expect(places(request('pull', { targets: { kind: 'all' } }))).toEqual(['a', 'b']);
  expect(places(request('pull', { targets: one('a') }))).toEqual(['a']);
  expect(places(request('pull', { targets: one('shed', 'node_id') }))).toEqual(['b']);
});

test.each(['delete', 'copy'] as const)('%s goes to all Ollamas that have the model, or to the named ones', (action) => {
  expect(places(request(action))).toEqual(['a', 'b']);
  expect(places(request(action, { model: 'base:1b' }))).toEqual(['a']);
  expect(places(request(action, { targets: { kind: 'all' }, model: 'base:1b' }))).toEqual(['a']);
  expect(places(request(action, { targets: one('b') }))).toEqual(['b']);
  // A list may be old: who names one knows better.
  expect(places(request(action, { targets: several('a', 'b'), model: 'base:1b' }))).toEqual(['a', 'b']);
});

test('one that is down and has the model is tried, so that its failure is told', () => {
  const off = [servers[0], { ...servers[1], status: 'down' as const }] as typeof servers;
  expect(places(request('delete'), { backends: off })).toEqual(['a', 'b']);
  expect(places(request('pull', { model: 'new:7b' }), { backends: off })).toEqual(['a']);
  expect(refusal(() => places(request('pull', { targets: one('b', 'X-OAR-Backend') }), { backends: off }))).toMatchObject({ code: 'no_capacity', status: 503 });
});

test('a push goes to one that has the model', () => {
  expect(places(request('push'))).toEqual(['a']);
  expect(places(request('push', { model: 'BASE:1b' }))).toEqual(['a']);
  expect(places(request('push', { model: 'registry.ollama.ai/library/m' }), { backends: [servers[1] as (typeof servers)[0]] })).toEqual(['b']);
});

test('a new model is made where that is which it is made from, else where there is room', () => {
  expect(places(request('create', { model: 'mine', from: 'base:1b' }))).toEqual(['a']);
  expect(places(request('create', { model: 'mine', from: 'nobody:1b' }))).toEqual(['b']);
  expect(places(request('create', { model: 'mine' }), { blobHolders: ['a'] })).toEqual(['a']);
  // Made again, it replaces what is there instead of leaving an old one behind.
  expect(places(request('create', { model: 'm', from: 'nobody:1b', targets: { kind: 'choice' } }), { backends: [servers[1], backend('c')] as typeof servers })).toEqual(['b']);
});

test('what was just made can be used before any list shows it', () => {
  expect(places(request('push', { model: 'fresh' }), { justGot: 'b fresh' })).toEqual(['b']);
  expect(places(request('delete', { model: 'fresh' }), { justGot: 'b fresh' })).toEqual(['b']);
});

test('a model that nobody has is told in Ollama\'s words; servers of other kinds do not count (PX-D17)', () => {
  expect(refusal(() => places(request('delete', { model: 'gone' })))).toMatchObject({ code: 'unknown_model', status: 404, message: "model 'gone' not found" });
  expect(refusal(() => places(request('delete'), { backends: [servers[2] as (typeof servers)[0]] }))).toMatchObject({ code: 'not_supported', status: 501 });
  expect(refusal(() => places(request('pull', { targets: one('gpt') })))).toMatchObject({ code: 'not_supported', status: 501 });
});

test('a name of no backend is the caller\'s mistake; the header is strict (ruling 9)', () => {
  expect(refusal(() => places(request('pull', { targets: several('a', 'x') })))).toMatchObject({ code: 'invalid_request', details: { param: 'targets' } });
  expect(refusal(() => places(request('pull', { targets: one('x', 'X-OAR-Backend') })))).toMatchObject({ code: 'no_capacity', status: 503 });
});

test('uploads follow each other to one backend', () => {
  const go = (targets: ModelTargets, last: string | null) => blobPlace(targets, fleet(servers), 'home', last).backendIds;
  expect(go({ kind: 'choice' }, null)).toEqual(['b']);
  expect(go({ kind: 'choice' }, 'a')).toEqual(['a']);
  expect(go({ kind: 'choice' }, 'gone')).toEqual(['b']);
  expect(go(one('a'), 'b')).toEqual(['a']);
});
