import { expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { commands } from './index.gen.ts';

const result = { run_id: 'bench_1', duration_s: 10, total_requests: 30, total_failures: 2, requests_per_sec: 3, tokens_per_sec: 70, total_prompt_tokens: 300, total_completion_tokens: 700, latency_p50_ms: 400.4, latency_p95_ms: 900, latency_p99_ms: 950, ttft_p50_ms: 40, ttft_p95_ms: 90, ttft_p99_ms: 95, per_model_results: { 'a:1b\u001b[2J': { requests: 30, failures: 2, tok_s: 70, ttft_p50_ms: 40, ttft_p95_ms: 90, latency_p50_ms: 400.4, latency_p95_ms: 900 } }, per_node_results: { east: { requests: 28, pct: 100, tok_s: 70, tokens: 700 } } };
const running = { status: 'running', phase: 'measuring', run_id: 'bench_1', elapsed: 3.4, duration: 10, requests_completed: 9, requests_failed: 0, tok_per_sec: 65, error: null, result: null };

async function run(line: readonly string[], after: readonly object[], { isTerminal = true, pause = true, startStatus = 200 } = {}) {
  const left = [...after];
  const world = fakeWorld({
    isTerminal,
    pause: () => Promise.resolve(pause),
    call: async (_method, path) => {
      if (path.endsWith('/start')) return { status: startStatus, text: '', body: startStatus === 200 ? { run_id: 'bench_1' } : { error: { message: 'The benchmark bench_0 runs already.' } } };
      return { status: 200, text: '', body: path.endsWith('/progress') ? left.shift() : { status: 'cancelled' } };
    },
  });
  const code = await runCli(['bench', ...line], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n'), calls: world.calls.map(({ path, sent }) => [path.replace('/dashboard/api/benchmarks/', ''), sent]) };
}

test('starts what the options say, tells how it goes, and shows the figures', async () => {
  const { code, out, err, calls } = await run(['--models', 'a:1b, b:1b', '--kinds', 'llm', '--smart', '--duration', '2m', '--concurrency', '3', '--prompt-tokens', '500', '--max-tokens', '64'], [running, { ...running, status: 'completed', result }]);
  expect([code, calls[0]]).toEqual([0, ['start', { mode: 'smart', duration: 120, models: ['a:1b', 'b:1b'], model_types: ['llm'], concurrency: 3, prompt_tokens: 500, max_tokens: 64 }]]);
  expect(err).toBe('measuring: 3 of 10 s, 9 answered, 0 failed, 65 tokens/s');
  for (const part of ['bench_1', '30 in 10 s (3/s), 2 failed', '70/s, 300 in, 700 out', 'p50 400 ms, p95 900 ms, p99 950 ms', 'p50 40 ms', 'east']) expect(out).toContain(part);
  expect(out).not.toMatch(/\p{Cc}(?<!\n)/u);
});

test('--no-save and seconds; in a pipe it is JSON', async () => {
  const { out, calls, err } = await run(['--duration', '5', '--no-save'], [running, { ...running, status: 'completed', result }], { isTerminal: false });
  expect(calls[0]).toEqual(['start', { mode: 'default', duration: 5, save: false }]);
  expect([JSON.parse(out), err]).toEqual([result, '']);
});

test('who wants it to end ends it at the router too', async () => {
  const { code, calls } = await run([], [running], { pause: false });
  expect([code, calls.at(-1)]).toEqual([130, ['cancel', {}]]);
});

test.each([
  [[], [{ ...running, status: 'failed', error: 'No model answered.' }], 200, 'The benchmark bench_1 failed. No model answered.'],
  [[], [{ ...running, run_id: 'bench_2' }], 200, 'was replaced by another'],
  [[], [], 409, 'The benchmark bench_0 runs already.'],
  [['--duration', 'long'], [], 200, '--duration takes seconds'],
  [['--concurrency', 'many'], [], 200, '--concurrency takes a whole number'],
])('%j that cannot be done says why', async (line, after, startStatus, words) => {
  const { code, err } = await run(line, after, { startStatus });
  expect([code, err.includes(words)]).toEqual([1, true]);
});
