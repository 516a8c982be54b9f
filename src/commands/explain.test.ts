import { expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { attemptOn, refusedTrace, traceOf } from '../../test/fakes/traces.ts';
import { runCli } from '../app/cli.ts';
import type { Trace } from '../core/trace.ts';
import { traceRow } from '../http/trace-view.ts';
import { commands } from './index.gen.ts';

async function run(line: string[], answers: Readonly<Record<string, { readonly status: number; readonly body: unknown }>>) {
  const world = fakeWorld({ isTerminal: true, call: async (_method, path) => ({ text: '', ...(answers[path] ?? { status: 404, body: { error: { message: 'There is no trace.' } } }) }) });
  const code = await runCli(line, world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n'), paths: world.calls.map(({ path }) => path) };
}

const shown = async (trace: Trace): Promise<string> => (await run(['explain', 'req_1'], { '/v1/router/traces/req_1': { status: 200, body: traceRow(trace) } })).out;

test('a request that was tried twice is told try by try, with every place that was compared', async () => {
  const place = (backendId: string, total: number) => ({ backendId, nodeId: `${backendId}-box`, model: 'a:1b', terms: [{ signal: 'wait-time', value: total - 1, unit: 'ms' as const }, { signal: 'load-time', value: 1, unit: 'ms' as const }], total });
  const out = await shown(traceOf('req_1', {
    user: 'someone', tags: ['t', 'user:someone'], instead: 'fallback', rewrites: ['keep_alive'], queueMs: 12, usage: { promptTokens: 10, cachedTokens: 4, completionTokens: 5 },
    attempts: [attemptOn('west', { error: 'backend_failed', message: 'Backend west failed with status 500', startedAt: 1_012, endedMs: 30 }), attemptOn('east', { startedAt: 1_050, considered: [place('east', 7), { ...place('north', 9), veto: 'too little memory' }] })],
  }));
  for (const part of ['req_1: completed, 200', 'ada, someone', 'openai-chat', 'a:1b on east (east-box), a fallback that the caller named', 'The request names its model.', 'waited 12 ms', '10 in, 4 of them from the cache, 5 out', 'keep_alive', 't, user:someone']) expect(out).toContain(part);
  const lines = out.split('\n').map((line) => line.trim().split(/ {2,}/));
  expect(lines).toContainEqual(['1', 'a:1b', 'west', 'west-box', '12 ms', '13 ms', '30 ms', 'backend_failed: Backend west failed with status 500']);
  expect(lines).toContainEqual(['2', 'a:1b', 'east', 'east-box', '50 ms', '13 ms', '90 ms', 'answered']);
  expect(lines).toContainEqual(['*', 'east', 'a:1b', '6', '1', '7']);
  expect(lines).toContainEqual(['north', 'a:1b', '8', '1', '9', 'too little memory']);
});

test('a request that nobody took says why, in words', async () => {
  const out = await shown(refusedTrace('req_1', { requestedModel: null, error: 'queue_full' }));
  expect(out).toContain('req_1: failed, 503, queue_full');
  expect(out).toContain('Too many requests wait already');
  expect(out).not.toMatch(/TRY|undefined|null|NaN/);
});

test('names cannot steer the terminal', async () => {
  expect(await shown(traceOf('req_1', { user: 'x\u001b[2J', requestedModel: 'm\u0007' }))).not.toMatch(/\p{Cc}(?<!\n)/u);
});

test('what is not the caller\'s own is looked for among all; what nobody shows is said once', async () => {
  const found = await run(['explain', 'req_1'], { '/dashboard/api/traces/req_1': { status: 200, body: traceRow(traceOf('req_1')) } });
  expect([found.code, found.paths]).toEqual([0, ['/v1/router/traces/req_1', '/dashboard/api/traces/req_1']]);
  const denied = await run(['explain', '../x'], { '/dashboard/api/traces/..%2Fx': { status: 403, body: { error: { message: 'Not allowed.' } } } });
  expect([denied.code, denied.err, denied.paths[0]]).toEqual([1, 'There is no trace.', '/v1/router/traces/..%2Fx']);
});

test('the list takes filters, and everybody\'s with --all', async () => {
  const body = { traces: [traceRow(traceOf('req_1'))], next: null };
  const own = await run(['traces', '--model', 'a b', '--limit', '5'], { '/v1/router/traces?limit=5&model=a+b': { status: 200, body } });
  expect([own.code, own.out.split('\n')[1]?.split(/ {2,}/)]).toEqual([0, ['req_1', '1970-01-01T00:00:01.000Z', 'completed', 'a:1b', 'east', '2', '20', '100', '12', '34']]);
  expect((await run(['traces', '--all'], { '/dashboard/api/traces': { status: 200, body: { traces: [] } } })).out).toBe('No requests.');
});
