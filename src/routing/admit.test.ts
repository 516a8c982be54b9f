/** What becomes of a request on arrival: the four ways, and the defects of the old rules. */
import { expect, test } from 'vitest';
import { backend, fleet, load, policy, routerOptions, spec, table } from '../../test/fakes/brain.ts';
import type { Classification, RouterOptions } from '../core/request.ts';
import { decide, type DecideInput } from './admit.ts';

const chatting: Classification = { taskType: 'simple_chat', complexity: 'light', confidence: 1, by: 'test', estimatedTokens: 10, needs: { tools: false, vision: false } };
const models = table([spec('small', { costClass: 'low' }), spec('coder'), spec('big', { exclusive: true, priority: 95, sizeGb: 14 })], { simple_chat: ['small', 'coder', 'big'] });
const names = ['small', 'coder', 'big'];

function input(more: Partial<DecideInput> = {}, router: Partial<RouterOptions> | null = null, stream = false): DecideInput {
  return {
    request: { router: router === null ? null : routerOptions(router), stream },
    resolved: { kind: 'auto' },
    classification: chatting,
    estimatedTokens: 10,
    table: models,
    policy,
    fleet: fleet([backend('a', { models: names })]),
    gpu: null,
    gpuBusy: false,
    load: load(),
    slots: () => 1,
    ...more,
  };
}

const named = (key: string): Partial<DecideInput> => ({ resolved: { kind: 'named', modelKey: key, name: key }, classification: null });
const allBusy = load({}, { small: 1, coder: 1, big: 1 });

test('the best model runs, the reason states its score, the rest are fallbacks in candidate order', () => {
  // big: 100 + 34 + 95 = 229; small: 100 + 50 + 50 + 15 = 215; coder: 100 + 42 + 50 = 192.
  expect(decide(input())).toMatchObject({ kind: 'run', models: ['big', 'small', 'coder'], fallbackModels: ['small', 'coder'], reason: 'Selected big for simple_chat with score 229.0' });
});

test('blocked models stay in fallbackModels, forbidden ones do not', () => {
  const decision = decide(input({ load: load({}, { coder: 1 }) }, { mode: 'sync', forbiddenModels: ['big'] }));
  expect(decision).toMatchObject({ kind: 'run', models: ['small'], fallbackModels: ['coder'] });
});

test('a client that sent no router object never gets a job, nor does a stream', () => {
  const heavy = { load: load({ coder: 9 }), policy: { ...policy, defaultMode: 'async' as const } };
  expect(decide(input(heavy)).kind).toBe('run');
  expect(decide(input(heavy, { mode: 'async' }, true)).kind).toBe('run');
  expect(decide(input(heavy, {})).kind).toBe('job');
});

test('mode async is a job always; sync and allowAsync: false never', () => {
  expect(decide(input({}, { mode: 'async' })).kind).toBe('job');
  expect(decide(input({}, { mode: 'async', allowAsync: false })).kind).toBe('job');
  expect(decide(input({ load: load({ coder: 9 }) }, { mode: 'sync' })).kind).toBe('run');
  expect(decide(input({ load: load({ coder: 9 }) }, { allowAsync: false })).kind).toBe('run');
  expect(decide(input({ load: allBusy }, { mode: 'sync' })).kind).toBe('hold');
});

test('load is heavy from the configured depth on, and at any time when that is 0', () => {
  expect(decide(input({ load: load({ coder: 3 }) }, {})).kind).toBe('run');
  expect(decide(input({ load: load({ coder: 4 }) }, {})).kind).toBe('job');
  expect(decide(input({ policy: { ...policy, heavyLoadQueueDepth: 0 } }, {})).kind).toBe('job');
});

test('little free VRAM makes a job, but not when the model that would run is what fills it', () => {
  const full = { gpu: { vramFreeMb: 1000 } };
  expect(decide(input(full, {})).kind).toBe('job');
  expect(decide(input({ ...full, fleet: fleet([backend('a', { models: names, resident: ['small'] })]) }, { forbiddenModels: ['big', 'coder'] })).kind).toBe('run');
  expect(decide(input({ gpu: {} }, {})).kind).toBe('run');
});

test('when the best model is busy the request becomes a job on it, if it may; else the next runs', () => {
  const busy = { load: load({}, { big: 1 }) };
  // big: 229 + 80 preferred - 25 - 80 for the one that runs = 204; coder: 192.
  const router = { preferredModels: ['big'], forbiddenModels: ['small'] };
  expect(decide(input(busy, router))).toMatchObject({ kind: 'job', models: ['big', 'coder'] });
  expect(decide(input(busy, { ...router, mode: 'sync' }))).toMatchObject({ kind: 'run', models: ['coder'] });
});

test('all busy: a job where allowed, else hold for whichever frees first', () => {
  expect(decide(input({ load: allBusy }, {})).kind).toBe('job');
  const held = decide(input({ load: allBusy }));
  expect(held.kind).toBe('hold');
  expect([...held.models].sort()).toEqual(['big', 'coder', 'small']);
});

test('a model that may be used when busy never blocks', () => {
  const patient = table([spec('small', { allowWhenBusy: true })], { simple_chat: ['small'] });
  expect(decide(input({ table: patient, load: load({}, { small: 5 }) })).kind).toBe('run');
});

test('two backends with the model are twice as many places', () => {
  const one = table([spec('small')], { simple_chat: ['small'] });
  const two = fleet([backend('a', { models: names }), backend('b', { models: names })]);
  expect(decide(input({ table: one, fleet: two, load: load({}, { small: 1 }) })).kind).toBe('run');
  expect(decide(input({ table: one, fleet: two, load: load({}, { small: 2 }) })).kind).toBe('hold');
});

test('GPU only: what does not fit is refused, for jobs as for the rest', () => {
  const split = fleet([backend('a', { models: names, resident: [{ name: 'small', sizeBytes: 10, vramBytes: 4 }] })]);
  const onlySmallAndBig = { requireGpuOnly: true, forbiddenModels: ['coder'] };
  const refusal = expect.objectContaining({ code: 'no_capacity', status: 503, message: 'small: gpu_only; big: gpu_only', details: { retryAfterMs: expect.any(Number) } });
  expect(() => decide(input({ fleet: split, gpu: { vramFreeMb: 8000 } }, onlySmallAndBig))).toThrow(refusal);
  expect(() => decide(input({ fleet: split, gpu: { vramFreeMb: 8000 } }, { ...onlySmallAndBig, mode: 'async' }))).toThrow(refusal);
  expect(decide(input({ fleet: split, gpu: { vramFreeMb: 16_000 } }, { ...onlySmallAndBig, mode: 'sync' })).models).toEqual(['big']);
  expect(decide(input({ policy: { ...policy, vramTotalMb: 20_000 } }, { requireGpuOnly: true })).kind).toBe('run');
  expect(() => decide(input({ policy: { ...policy, vramTotalMb: 0, requireGpuOnlyByDefault: true } }))).toThrow(/gpu_only/);
});

test('a prompt too long for all is 400 with both numbers; for some, the others serve', () => {
  const short = table([spec('small', { maxContext: 4096 }), spec('coder', { maxContext: 8192 })], { simple_chat: ['small', 'coder'] });
  expect(decide(input({ table: short, estimatedTokens: 5000 })).models).toEqual(['coder']);
  expect(() => decide(input({ table: short, estimatedTokens: 9000 }))).toThrow(expect.objectContaining({ code: 'context_overflow', status: 400, message: expect.stringMatching(/9000.*8192/) }));
});

test('what the server says of the context holds where nothing is configured', () => {
  const listed = fleet([backend('a', { models: [{ name: 'small', contextLength: 2048 }] })]);
  expect(() => decide(input({ ...named('small'), fleet: listed, estimatedTokens: 2049 }))).toThrow(/2049.*2048/);
});

test('images go to models that see; a server that does not say is believed to', () => {
  const seeing = { ...chatting, needs: { tools: false, vision: true } };
  const said = fleet([backend('a', { models: [{ name: 'small', capabilities: ['chat'] }, { name: 'coder', capabilities: ['chat', 'vision'] }, 'big'] })]);
  expect(decide(input({ classification: seeing, fleet: said })).models).toEqual(['big', 'coder']);
});

test('no candidate at all says so', () => {
  expect(() => decide(input({ table: table([]) }))).toThrow(expect.objectContaining({ code: 'no_capacity', message: 'No configured model can satisfy this request' }));
});

test('a named model is used as asked, whatever its score or its neighbours', () => {
  expect(decide(input(named('coder')))).toEqual({ kind: 'run', models: ['coder'], fallbackModels: [], reason: 'Using coder as asked', classification: null });
  expect(decide(input({ ...named('coder'), load: allBusy }, { mode: 'sync', preferredModels: ['big'] }))).toMatchObject({ kind: 'hold', models: ['coder'] });
  expect(decide(input({ ...named('coder'), load: allBusy }, {}))).toMatchObject({ kind: 'job', models: ['coder'] });
  expect(() => decide(input(named('coder'), { forbiddenModels: ['coder:latest'] }))).toThrow(expect.objectContaining({ code: 'no_capacity' }));
});

test('a model whose backends are all left alone after failures gives its turn to another; one that is on trial gets one request', () => {
  const broken = (breaker: 'open' | 'half-open') => fleet([backend('a', { models: ['big'], breaker }), backend('b', { models: ['small', 'coder'] })]);
  expect(decide(input({ fleet: broken('open') })).models).toEqual(['small', 'coder']);
  expect(decide(input({ ...named('big'), fleet: broken('open') })).kind).toBe('hold');
  expect(decide(input({ fleet: broken('half-open') })).models[0]).toBe('big');
  const small = { slots: () => 2, table: table([spec('big', { allowWhenBusy: true, priority: 95 }), spec('small')], { simple_chat: ['big', 'small'] }) };
  expect(decide(input({ ...small, fleet: broken('half-open'), load: load({}, { big: 1 }) })).models).toEqual(['small']);
});

test('a model that rests where it is, alone, gives its turn to another of the same server; elsewhere it serves', () => {
  const resting = (state: 'open' | 'half-open', elsewhere: readonly string[] = []) => fleet([backend('a', { models: names, resting: { big: state } }), backend('b', { models: elsewhere })]);
  expect(decide(input({ fleet: resting('open') })).models).toEqual(['small', 'coder']);
  expect(decide(input({ fleet: resting('open', ['big']) })).models[0]).toBe('big');
  expect(decide(input({ ...named('big'), fleet: resting('open') })).kind).toBe('hold');
  const small = { slots: () => 2, table: table([spec('big', { allowWhenBusy: true, priority: 95 }), spec('small')], { simple_chat: ['big', 'small'] }) };
  expect(decide(input({ ...small, fleet: resting('half-open') })).models[0]).toBe('big');
  expect(decide(input({ ...small, fleet: resting('half-open'), load: load({}, { big: 1 }) })).models).toEqual(['small']);
});

test('a backend that is down, or a GPU that others use, is waited for', () => {
  const off = fleet([backend('a', { status: 'down', models: names })]);
  expect(decide(input({ ...named('coder'), fleet: off })).kind).toBe('hold');
  expect(decide(input({ fleet: off })).kind).toBe('hold');
  expect(decide(input({ gpuBusy: true })).kind).toBe('hold');
});
