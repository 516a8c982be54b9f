/** The command line as a person or a script uses it: real processes against a real router. Needs a build. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, type Finished, newFolder, plainConfig, RouterProcess, runProgram } from '../support/router-process.ts';

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

const models = [{ name: 'small:1b', sizeGb: 1, purpose: ['simple_chat'], allowWhenBusy: true }];
const asJob = { model: 'small:1b', messages: [{ role: 'user', content: 'Hello' }], router: { mode: 'async' } };
const examples = fileURLToPath(new URL('../../examples', import.meta.url));

async function serve(more: Record<string, unknown> = {}): Promise<RouterProcess> {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  return RouterProcess.serve(configFile(plainConfig(backend.url, folder, { models, ...more }), folder));
}

function parsed({ code, stdout, stderr }: Finished): Record<string, unknown> {
  expect([code, stderr]).toEqual([0, '']);
  const body = JSON.parse(stdout) as Record<string, unknown>;
  // For scripts and for eyes: two spaces, one line end.
  expect(stdout).toBe(`${JSON.stringify(body, null, 2)}\n`);
  return body;
}

test('status, models and gpu print what the router answers', async () => {
  const router = await serve({ server: { nodeId: 'lab-1' } });
  const oar = (...args: string[]) => runProgram([...args, '--url', router.url]);
  const [status, listed, gpu] = await Promise.all([oar('status'), oar('models', '--json'), oar('gpu')]);
  expect(parsed(status)).toMatchObject({ nodeId: 'lab-1', service: 'ollama-agent-router', queue: { globalQueued: 0 } });
  expect(parsed(listed)).toMatchObject({ configured: [{ name: 'small:1b' }], ollama: { models: [{ name: 'small:1b' }] } });
  expect(parsed(gpu)).toEqual({ provider: 'none', available: false });
});

test('jobs, job, result and cancel follow a job to its end', async () => {
  const router = await serve();
  const oar = (...args: string[]) => runProgram([...args, '-u', router.url]);
  const release = backend.hold();
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) ids.push(((await (await router.post('/v1/chat/completions', asJob)).json()) as { id: string }).id);
  const [first = '', second = '', third = ''] = ids;
  await backend.waitForRequests(3);
  expect((parsed(await oar('jobs')).jobs as { id: string }[]).map((job) => job.id)).toEqual([third, second, first]);
  expect((parsed(await oar('jobs', '--limit', '1', '--before', third)).jobs as { id: string }[]).map((job) => job.id)).toEqual([second]);
  expect(parsed(await oar('job', first))).toMatchObject({ id: first, status: 'running', request_json: JSON.stringify(asJob) });
  // Not done is no failure: the status is printed, and a script may look again.
  expect(parsed(await oar('result', first))).toEqual({ status: 'running' });
  expect(parsed(await oar('cancel', second))).toMatchObject({ id: second, status: 'cancelled' });
  await backend.waitForAborts(1);
  release();
  await expect.poll(async () => (await router.json(`/v1/jobs/${first}`)).status).toBe('succeeded');
  expect(parsed(await oar('result', first))).toMatchObject({ object: 'chat.completion', choices: [{ message: { content: 'Hello from small:1b.' } }] });
  const gone = await oar('result', second);
  expect([gone.code, gone.stdout]).toEqual([1, '']);
  expect(gone.stderr).toMatch(/cancelled/);
});

test('what the router refuses is told on standard error, with exit code 1', async () => {
  const router = await serve();
  for (const args of [['job', 'job_local_none'], ['result', 'job_local_none'], ['cancel', 'job_local_none'], ['jobs', '--limit', 'x']]) {
    const end = await runProgram([...args, '--url', router.url]);
    expect([end.code, end.stdout], args.join(' ')).toEqual([1, '']);
    expect(end.stderr, args.join(' ')).toMatch(/job_local_none|limit/);
    expect(end.stderr).not.toMatch(/\n\s+at /);
  }
  // An id is a name, not a path.
  const elsewhere = await runProgram(['result', '../../health', '--url', router.url]);
  expect([elsewhere.code, elsewhere.stdout]).toEqual([1, '']);
});

test('where there is no router, that is said in one sentence', async () => {
  const end = await runProgram(['status', '--url', 'http://127.0.0.1:9']);
  expect([end.code, end.stdout]).toEqual([1, '']);
  expect(end.stderr).toContain('http://127.0.0.1:9');
  expect(end.stderr).not.toMatch(/fetch failed|\n\s+at /);
  const page = createServer((_request, response) => void response.end('<html>hello</html>'));
  const port = await new Promise<number>((resolve) => page.listen(0, '127.0.0.1', () => resolve((page.address() as AddressInfo).port)));
  try {
    expect((await runProgram(['status', '--url', 'not an address'])).code).toBe(1);
    const strange = await runProgram(['job', 'x', '--url', `http://127.0.0.1:${port}`]);
    expect(strange.stderr).not.toMatch(/\n\s+at /);
  } finally {
    page.close();
  }
});

test('--base-path, --api-key and their variables reach the router', async () => {
  const seen: (string | undefined)[][] = [];
  const server = createServer((request, response) => {
    seen.push([request.url, request.headers.authorization]);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"provider":"none","available":false}');
  });
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  try {
    const url = `http://127.0.0.1:${port}`;
    parsed(await runProgram(['gpu', '--url', url, '--base-path', 'oar-x/', '--api-key', 'k1']));
    parsed(await runProgram(['--url', `${url}/`, '--base-path', '/oar-x', 'gpu'], { env: { OAR_API_KEY: 'k2' } }));
    parsed(await runProgram(['gpu'], { env: { OAR_URL: url, OAR_BASE_PATH: '/y' } }));
  } finally {
    server.close();
  }
  expect(seen).toEqual([['/oar-x/v1/router/gpu', 'Bearer k1'], ['/oar-x/v1/router/gpu', 'Bearer k2'], ['/y/v1/router/gpu', undefined]]);
});

test('init writes a file that is valid and serves, and overwrites nothing (AR-D2)', async () => {
  const folder = newFolder();
  const first = await runProgram(['init'], { cwd: folder });
  expect([first.code, first.stdout, first.stderr]).toEqual([0, 'Wrote ./ollama-agent-router.yaml\n', '']);
  const path = join(folder, 'ollama-agent-router.yaml');
  const written = readFileSync(path, 'utf8');
  const again = await runProgram(['init'], { cwd: folder });
  expect([again.code, again.stderr]).toEqual([1, `Refusing to overwrite existing config: ${path}\n`]);
  expect(readFileSync(path, 'utf8')).toBe(written);
  const valid = await runProgram(['validate-config'], { cwd: folder });
  expect([valid.code, valid.stdout, valid.stderr]).toEqual([0, `Config is valid: ${path}\n`, '']);
  backend = await startFakeBackend({ models: ['llama3.2:3b'] });
  const router = await RouterProcess.serve(path, { home: folder, env: { OAR_SERVER__PORT: '0', OAR_OLLAMA__BASEURL: backend.url } });
  expect((await router.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] })).status).toBe(200);
  const other = await runProgram(['init', '-o', 'sub/mine.yaml'], { cwd: folder });
  expect([other.code, existsSync(join(folder, 'sub'))]).toEqual([1, false]);
  mkdirSync(join(folder, 'sub'));
  expect((await runProgram(['init', '-o', 'sub/mine.yaml'], { cwd: folder })).stdout).toBe('Wrote sub/mine.yaml\n');
});

test('every example is valid, the secured one too (AR-D2)', async () => {
  const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'));
  expect(files).toEqual(expect.arrayContaining(['gex44.yaml', 'gex44-secured.yaml']));
  for (const name of files) {
    const end = await runProgram(['validate-config', '--config', join(examples, name)]);
    expect([end.code, end.stdout], `${name}: ${end.stderr}`).toEqual([0, `Config is valid: ${join(examples, name)}\n`]);
  }
});

test('validate-config finds files in the promised order, and names what is wrong and where', async () => {
  const home = newFolder();
  const cwd = newFolder();
  const validate = (...args: string[]) => runProgram(['validate-config', ...args], { home, cwd });
  const none = await validate();
  // A file of the whole machine may be there; without it the defaults hold.
  expect(none.code).toBe(0);
  const personal = join(home, '.config', 'ollama-agent-router', 'config.yaml');
  mkdirSync(join(personal, '..'), { recursive: true });
  writeFileSync(personal, 'server: {port: 1234}\n');
  expect((await validate()).stdout).toBe(`Config is valid: ${personal}\n`);
  const local = join(cwd, 'ollama-agent-router.yaml');
  writeFileSync(local, 'server: {port: 1235}\n');
  expect((await validate()).stdout).toBe(`Config is valid: ${local}\n`);
  expect((await validate('-c', personal)).stdout).toBe(`Config is valid: ${personal}\n`);
  writeFileSync(local, 'server:\n  port: 1235\n  portt: 1\nqueue:\n  globalMaxQueued: -1\nmodels:\n  - name: a\n  - name: a\n');
  const bad = await validate();
  expect([bad.code, bad.stdout]).toEqual([1, '']);
  // All that is wrong at once, in the order of the file.
  expect(bad.stderr).toMatch(/yaml:3:3\b[\s\S]*portt[\s\S]*port\b[\s\S]*yaml:5:\d+[\s\S]*globalMaxQueued[\s\S]*yaml:8:\d+/);
  const missing = await validate('-c', join(cwd, 'nothing.yaml'));
  expect([missing.code, missing.stderr.includes(join(cwd, 'nothing.yaml'))]).toEqual([1, true]);
});

test('help, version and what is typed wrongly', async () => {
  const version = await runProgram(['--version']);
  expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/)]);
  expect((await runProgram(['-v'])).stdout).toBe(version.stdout);
  const help = await runProgram(['--help']);
  expect([help.code, help.stderr]).toEqual([0, '']);
  expect(help.stdout).toMatch(/^Usage: ollama-agent-router/);
  for (const name of ['up', 'serve', 'init', 'validate-config', 'status', 'models', 'gpu', 'jobs', 'job', 'result', 'cancel']) {
    expect(help.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    const own = await runProgram([name, '--help']);
    expect([own.code, own.stdout.includes(`ollama-agent-router ${name}`)], name).toEqual([0, true]);
  }
  for (const args of [[], ['nonsense'], ['status', '--nonsense'], ['job'], ['status', 'too', 'many']]) {
    const end = await runProgram(args);
    expect([end.code, end.stdout], args.join(' ')).toEqual([1, '']);
    expect(end.stderr, args.join(' ')).not.toBe('');
  }
});
