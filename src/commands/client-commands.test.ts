/** The commands that talk to a running router. */
import { expect, test } from 'vitest';
import { type FakeFacts, fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { commands } from './index.gen.ts';

async function run(line: string[], facts: FakeFacts = {}) {
  const world = fakeWorld(facts);
  const code = await runCli(line, world.context, commands);
  return { ...world, code, out: world.printed.join('\n'), err: world.complained.join('\n') };
}

const statusBody = {
  nodeId: 'gex44', service: 'ollama-agent-router', version: '1.2.3',
  queue: { globalQueued: 3, globalRunning: 2, byModel: [{ model: 'busy:7b', queued: 3, running: 2, concurrency: 2 }, { model: 'idle:1b', queued: 0, running: 0, concurrency: 4 }] },
  gpu: { provider: 'nvidia', name: 'RTX 4000', vramTotalMb: 20480, vramUsedMb: 5120, utilizationPct: 12 },
  loadedModels: [{ name: 'busy:7b', backend: 'desk', size: '4.7 GB', processor: '100% GPU' }],
  backends: [{ id: 'desk', kind: 'ollama', url: 'http://127.0.0.1:11434', status: 'up', models: 2 }, { id: 'lap', kind: 'ollama', url: 'http://10.0.0.2:11434', status: 'down', problem: 'connection refused', models: 0 }],
};

test.each([
  [['status'], 'GET', '/v1/router/status'],
  [['models'], 'GET', '/v1/router/models'],
  [['gpu'], 'GET', '/v1/router/gpu'],
  [['jobs'], 'GET', '/v1/jobs'],
  [['jobs', '--limit', '5', '--before', 'job_a_b&c'], 'GET', '/v1/jobs?limit=5&before=job_a_b%26c'],
  [['job', 'job_a_1'], 'GET', '/v1/jobs/job_a_1'],
  [['result', 'job_a_1'], 'GET', '/v1/jobs/job_a_1/result'],
  [['cancel', 'job_a_1'], 'DELETE', '/v1/jobs/job_a_1'],
])('%j asks %s %s and prints JSON in a pipe', async (line, method, path) => {
  const { calls, out, err, code } = await run(line, { body: { some: 'answer' } });
  expect(calls.map((call) => [call.method, call.path])).toEqual([[method, path]]);
  expect(out).toBe('{\n  "some": "answer"\n}');
  expect(err).toBe('');
  expect(code).toBe(0);
});

test.each([['../../health', '..%2F..%2Fhealth'], ['..', '%2E%2E'], ['a?b#c', 'a%3Fb%23c'], ['ż', '%C5%BC']])('the id %s stays one segment', async (id, segment) => {
  for (const [command, end] of [['job', ''], ['result', '/result'], ['cancel', '']] as const) {
    const { calls } = await run([command, id], { body: {} });
    expect(calls[0]?.path).toBe(`/v1/jobs/${segment}${end}`);
  }
});

test('on a terminal people get a view, and with --json they get JSON', async () => {
  const people = await run(['status'], { body: statusBody, isTerminal: true });
  expect(() => JSON.parse(people.out) as unknown).toThrow();
  const json = await run(['status', '--json'], { body: statusBody, isTerminal: true });
  expect(JSON.parse(json.out)).toEqual(statusBody);
});

test('status shows requests, backends, memory and the queue of the busy models', async () => {
  const { out } = await run(['status'], { body: statusBody, isTerminal: true });
  for (const words of ['gex44', '2 running, 3 waiting', 'RTX 4000: 5.0 of 20.0 GiB used, 12 % busy', 'down: connection refused', '100% GPU']) expect(out).toContain(words);
  expect(out).not.toContain('idle:1b');
});

test('models shows what is configured and listed once, and what nobody has', async () => {
  const body = { configured: [{ name: 'a:7b', sizeGb: 4.7, purpose: ['code_fix'] }, { name: 'gone:1b', purpose: [] }], ollama: { models: [{ name: 'a:7b', size: 4.7e9 }, { name: 'b:latest', size: 2e9 }] }, loaded: [{ name: 'b' }] };
  const lines = (await run(['models'], { body, isTerminal: true })).out.split('\n').slice(1);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/^a:7b +4\.7 GB +code_fix$/);
  expect(lines[1]).toMatch(/^gone:1b .*no backend has it$/);
  expect(lines[2]).toMatch(/^b:latest +2\.0 GB +yes$/);
});

test('gpu shows each GPU, or that there is none', async () => {
  const body = { available: true, provider: 'nvidia', gpus: [{ index: 0, name: 'A', vramTotalMb: 1024 }, { index: 1, name: 'B', utilizationPct: 50.4 }] };
  expect((await run(['gpu'], { body, isTerminal: true })).out).toBe('GPU 0  A: 1.0 GiB\nGPU 1  B: 50 % busy');
  expect((await run(['gpu'], { body: { provider: 'none', available: false }, isTerminal: true })).out).toBe('No GPU is measured.');
});

test('jobs are a table, one job a list of facts', async () => {
  const row = { id: 'job_n_1', status: 'failed', task_type: 'triage', selected_model: 'm', attempts: 2, created_at: '2026-05-01T12:00:00.000Z', error_json: '{"code":"backend_failed","message":"no luck"}' };
  const table = (await run(['jobs'], { body: { jobs: [row] }, isTerminal: true })).out;
  expect(table.split('\n')).toHaveLength(2);
  expect(table).toMatch(/job_n_1 +failed +triage +m +2/);
  expect((await run(['jobs'], { body: { jobs: [] }, isTerminal: true })).out).toBe('No jobs.');
  const facts = (await run(['job', 'job_n_1'], { body: { ...row, started_at: null }, isTerminal: true })).out;
  expect(facts).toMatch(/^Error +no luck$/m);
  expect(facts).not.toMatch(/Started/);
});

test('a result is JSON on a terminal too, and one that is not ready is no failure', async () => {
  const { out, code } = await run(['result', 'x'], { status: 202, body: { status: 'running' }, isTerminal: true });
  expect(JSON.parse(out)).toEqual({ status: 'running' });
  expect(code).toBe(0);
});

test.each([
  [{ status: 404, body: { error: { message: 'There is no job x.', code: 'job_not_found' } } }, 'There is no job x.'],
  [{ status: 503, body: { error: 'Too many wait.' } }, 'Too many wait.'],
  [{ status: 500, body: { status: 'failed', error: { code: 'backend_failed', message: 'It broke.' } } }, 'It broke.'],
  [{ status: 502, text: '<html>Bad gateway</html>' }, '<html>Bad gateway</html>'],
  [{ status: 500, text: '' }, 'The router answered with status 500.'],
])('an answer that is an error is told on stderr, exit 1: %j', async (facts, message) => {
  const { out, err, code } = await run(['result', 'x'], facts);
  expect([out, err, code]).toEqual(['', message, 1]);
});

test('nobody there is told on stderr, exit 1', async () => {
  const call = () => Promise.reject(new Error('No router answers at http://h.'));
  const { err, code } = await run(['status'], { call });
  expect([err, code]).toEqual(['No router answers at http://h.', 1]);
});

test('a name cannot steer the terminal', async () => {
  const { out } = await run(['jobs'], { body: { jobs: [{ id: 'a\u001b[2Jb\nc', status: 'queued' }] }, isTerminal: true });
  expect(out).not.toContain('\u001b');
  expect(out.split('\n')).toHaveLength(2);
});

test('an answer of an unknown shape still makes a view', async () => {
  for (const line of [['status'], ['models'], ['gpu'], ['jobs'], ['job', 'x']]) {
    for (const body of [{}, { jobs: 5, gpus: 'x', queue: null, backends: [null, 3] }]) expect((await run(line, { body, isTerminal: true })).code).toBe(0);
  }
});
