import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import type { BenchForm, BenchRequest, BenchSample, BenchTarget } from './bench.ts';
import { type BenchParts, BenchRun } from './run-bench.ts';

const form: BenchForm = { mode: 'default', durationMs: 1000, kinds: ['llm'], promptTokens: 16, answerTokens: 32, save: true };
const target = (model: string, most = 2): BenchTarget => ({ model, kind: 'llm', most });

/** Each answer takes 100 ms and has 10 tokens. */
function bed(targets: readonly BenchTarget[], changes: { readonly free?: BenchParts['free']; readonly fails?: (request: BenchRequest) => boolean; readonly answerMs?: number } = {}) {
  const clock = new FakeClock(0);
  const asked: BenchRequest[] = [];
  const running = { now: 0, peak: 0, aborted: 0 };
  const stop = new AbortController();
  const ask = (request: BenchRequest, signal: AbortSignal): Promise<BenchSample> => new Promise((resolve) => {
    const { model, kind } = request;
    const base = { model, kind, nodeId: 'east', latencyMs: 100, firstTokenMs: 10, promptTokens: 5, completionTokens: 10 };
    asked.push(request);
    running.now += 1;
    running.peak = Math.max(running.peak, running.now);
    const fails = changes.fails?.(request) === true;
    const left = (): void => {
      running.aborted += 1;
      end('cancelled');
    };
    const end = (error?: string): void => {
      running.now -= 1;
      cancel();
      signal.removeEventListener('abort', left);
      resolve(error === undefined ? base : { ...base, completionTokens: 0, error });
    };
    const cancel = clock.after(fails ? 0 : (changes.answerMs ?? 100), () => end(fails ? 'It is broken.' : undefined));
    signal.addEventListener('abort', left);
  });
  const run = new BenchRun(form, { targets, workers: targets.reduce((sum, { most }) => sum + most, 0) }, { clock, ask, free: changes.free ?? (() => true), look: () => [{ nodeId: 'east', cpuPct: 50 }] }, stop.signal);
  return { clock, asked, running, stop, run };
}

test('warms up once for each model, asks for as long as it is to, and adds up what was measured alone', async () => {
  const { clock, asked, run } = bed([target('a:1b')]);
  const done = run.run();
  await clock.advanceAsync(50);
  expect([asked.length, run.standing().phase, run.standing().elapsed]).toEqual([1, 'warm-up', 0]);
  await clock.advanceAsync(550);
  expect(run.standing()).toMatchObject({ phase: 'measuring', elapsed: 0.5, requests_completed: 10, requests_failed: 0, tok_per_sec: 200, models: ['a:1b'] });
  await clock.advanceAsync(1_000);
  expect(await done).toMatchObject({ duration_s: 1, total_requests: 20, total_failures: 0, total_completion_tokens: 200, tokens_per_sec: 200, latency_p50_ms: 100, per_model_results: { 'a:1b': { requests: 20, tok_s: 200 } }, per_node_results: { east: { requests: 20, pct: 100 } }, peak_utilization: { active_peak: 2, nodes: { east: { cpu_avg: 50 } } } });
  expect([clock.pending, new Set(asked.map(({ text }) => text)).size]).toEqual([0, asked.length]);
});

test('never more of a model than it has slots, and each model has its turn', async () => {
  const { clock, asked, running, run } = bed([target('a:1b', 1), target('b:1b', 1)]);
  const done = run.run();
  await clock.advanceAsync(1_300);
  const report = await done;
  expect(running.peak).toBe(2);
  expect(report?.['per_model_results']).toMatchObject({ 'a:1b': { requests: 10 }, 'b:1b': { requests: 10 } });
  expect(asked.slice(0, 2).map(({ answerTokens }) => answerTokens < form.answerTokens)).toEqual([true, true]);
});

test('while others have the slots it waits, and goes on when they are free', async () => {
  let free = true;
  const { clock, asked, run } = bed([target('a:1b', 1)], { free: () => free });
  const done = run.run();
  await clock.advanceAsync(300);
  free = false;
  await clock.advanceAsync(100);
  const before = asked.length;
  await clock.advanceAsync(300);
  expect(asked.length).toBe(before);
  free = true;
  await clock.advanceAsync(100);
  expect(asked.length).toBeGreaterThan(before);
  await clock.advanceAsync(1_000);
  await done;
});

test('cancelled, it ends what runs at once and has no figures', async () => {
  const { clock, running, stop, run } = bed([target('a:1b')]);
  const done = run.run();
  await clock.advanceAsync(250);
  expect(running.now).toBe(2);
  stop.abort();
  await settled();
  expect([running.now, running.aborted, await done, clock.pending]).toEqual([0, 2, null, 0]);
});

test('a model that fails to warm up is left out; when none answers, it says why', async () => {
  const some = bed([target('a:1b'), target('bad:1b')], { fails: ({ model }) => model === 'bad:1b' });
  const done = some.run.run();
  await some.clock.advanceAsync(1_300);
  expect(Object.keys((await done)?.['per_model_results'] as object)).toEqual(['a:1b']);
  const none = bed([target('bad:1b')], { fails: () => true });
  const failed = none.run.run();
  const told = expect(failed).rejects.toThrow('bad:1b: It is broken.');
  await none.clock.advanceAsync(1);
  await told;
});

test('failures are counted, and do not make it ask in a circle', async () => {
  let warm = true;
  const { clock, asked, run } = bed([target('a:1b', 1)], { fails: () => !warm });
  const done = run.run();
  await clock.advanceAsync(100);
  warm = false;
  await clock.advanceAsync(1_100);
  const report = await done;
  expect(report).toMatchObject({ tokens_per_sec: 10, latency_p50_ms: 100 });
  expect(asked.length).toBeLessThan(60);
});

test('what hangs at the end is waited for, and cut off in the end without being counted', async () => {
  const { clock, running, run } = bed([target('a:1b', 1)], { answerMs: 20_000 });
  const done = run.run();
  await clock.advanceAsync(20_000 + 1_000);
  expect(run.standing().phase).toBe('draining');
  await clock.advanceAsync(20_000);
  expect(await done).toMatchObject({ total_requests: 1, duration_s: 20 });
  expect(running.now).toBe(0);
});
