/** Which other models may serve a request that names its model, and in which order. */
import { expect, test } from 'vitest';
import { backend, fleet, load, policy, routerOptions, table } from '../../test/fakes/brain.ts';
import type { BackendState, Resident } from '../core/fleet.ts';
import { type Alternatives, decide, type DecideInput } from './admit.ts';

const models = ['big:70b', 'mid:32b', 'small:8b'].map((name, index) => ({ name, sizeBytes: (3 - index) * 1e10, capabilities: ['chat' as const] }));

interface Scene {
  readonly resident?: readonly (string | Resident)[];
  readonly alternatives?: Partial<Alternatives>;
  readonly more?: Partial<DecideInput>;
  readonly state?: Partial<BackendState>;
}

function decided({ resident = [], alternatives, more = {}, state = {} }: Scene) {
  const { kind, models: order, instead, fallbackModels } = decide({
    request: { router: null, stream: false },
    resolved: { kind: 'named', modelKey: 'big:70b', name: 'big:70b' },
    classification: null,
    estimatedTokens: 10,
    table: table([]),
    policy,
    fleet: fleet([backend('a', { models, resident, ...state })]),
    gpu: null,
    gpuBusy: false,
    load: load(),
    slots: () => 1,
    ...(alternatives === undefined ? {} : { alternatives: { fallbacks: [], substitution: 'never', needs: { tools: false, vision: false }, ...alternatives } }),
    ...more,
  });
  return { kind, models: order, instead: instead === undefined ? undefined : { ...instead }, fallbackModels };
}

test('a cold primary goes before a hot fallback: the order is the caller\'s (against fleet part 2.3)', () => {
  expect(decided({ resident: ['mid:32b'], alternatives: { fallbacks: ['mid:32b', 'small:8b'] } })).toEqual({
    kind: 'run', models: ['big:70b', 'mid:32b', 'small:8b'], fallbackModels: ['mid:32b', 'small:8b'], instead: { 'mid:32b': 'fallback', 'small:8b': 'fallback' },
  });
});

test('an unknown model falls to the next, and that is a fallback', () => {
  expect(decided({ alternatives: { fallbacks: ['mid:32b'] }, more: { resolved: null } })).toMatchObject({ kind: 'run', models: ['mid:32b'], instead: { 'mid:32b': 'fallback' } });
});

test('a forbidden model is passed over; when all are, nothing can serve', () => {
  const request = (...forbiddenModels: readonly string[]) => ({ request: { router: routerOptions({ forbiddenModels }), stream: false } });
  expect(decided({ alternatives: { fallbacks: ['mid:32b'] }, more: request('big:70b') })).toMatchObject({ models: ['mid:32b'] });
  expect(() => decided({ alternatives: { fallbacks: ['mid:32b'] }, more: request('big:70b', 'mid:32b') })).toThrow(expect.objectContaining({ code: 'no_capacity' }));
});

test('a fallback that cannot see gets no pictures', () => {
  expect(decided({ alternatives: { fallbacks: ['mid:32b'], needs: { tools: false, vision: true } } })).toMatchObject({ models: ['big:70b'] });
});

test('beside a route by task the fallbacks come last', () => {
  const classification = { taskType: 'simple_chat', complexity: 'light' as const, confidence: 1, by: 'test', estimatedTokens: 10, needs: { tools: false, vision: false } };
  expect(decided({ alternatives: { fallbacks: ['mid:32b'] }, more: { resolved: { kind: 'auto' }, classification } })).toMatchObject({ kind: 'run', models: ['mid:32b'] });
});

const same: Partial<Alternatives> = { substitution: 'same-capability' };

test('substitution: what is in memory goes before what would have to be loaded', () => {
  expect(decided({ resident: ['small:8b'], alternatives: same })).toEqual({ kind: 'run', models: ['small:8b', 'big:70b'], fallbackModels: ['big:70b'], instead: { 'small:8b': 'substitute' } });
});

test.each<[string, Scene]>([
  ['not allowed', { resident: ['small:8b'], alternatives: {} }],
  ['the asked one is in memory itself', { resident: ['big:70b', 'small:8b'], alternatives: same }],
  ['it is on its way there', { resident: ['small:8b'], alternatives: same, more: { load: load({}, { 'big:70b': 1 }) } }],
  ['nobody can say what is in memory', { alternatives: same, state: { report: { models, resident: null } } }],
  ['nothing else is in memory', { alternatives: same }],
])('substitution: none when %s', (_what, scene) => {
  expect(decided(scene)).toMatchObject({ models: ['big:70b'], instead: undefined });
});

test('substitution: of what is in memory, first what the caller named to fall back to', () => {
  expect(decided({ resident: ['mid:32b', 'small:8b'], alternatives: { ...same, fallbacks: ['small:8b'] } })).toMatchObject({ models: ['small:8b', 'mid:32b', 'big:70b'], instead: { 'mid:32b': 'substitute', 'small:8b': 'fallback' } });
});
