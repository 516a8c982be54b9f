/** Two machines on a real link, made of network namespaces: the node finds its router by mDNS and follows it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startNode } from '../support/node-process.ts';
import { configFile, keepForFile, newFolder, RouterProcess, runProgram } from '../support/router-process.ts';

const names = { router: `oar-r-${process.pid}`, node: `oar-n-${process.pid}` };
const addresses = { router: '10.213.77.1', node: '10.213.77.2' };

function ip(line: string): void {
  execFileSync('ip', line.split(' '), { stdio: 'pipe' });
}

/** Null: they were made. */
function makeLink(): string | null {
  try {
    for (const name of Object.values(names)) ip(`netns add ${name}`);
    ip(`link add oarr${process.pid} netns ${names.router} type veth peer name oarn${process.pid} netns ${names.node}`);
    for (const [side, name] of Object.entries(names)) {
      const device = `${side === 'router' ? 'oarr' : 'oarn'}${process.pid}`;
      ip(`-n ${name} addr add ${addresses[side as keyof typeof addresses]}/24 dev ${device}`);
      ip(`-n ${name} link set ${device} up`);
      ip(`-n ${name} link set lo up`);
    }
    return null;
  } catch (thrown) {
    removeLink();
    return thrown instanceof Error ? thrown.message.split('\n').join(' ') : String(thrown);
  }
}

function removeLink(): void {
  for (const name of Object.values(names)) {
    try {
      ip(`netns del ${name}`);
    } catch {
      // It was not made.
    }
  }
}

const problem = process.platform === 'linux' ? makeLink() : 'only Linux has them';
if (problem !== null) console.log(`left out, since network namespaces cannot be made here: ${problem}`);

/** Runs in the namespace of one of the two machines. */
const within = (side: keyof typeof names) => ['ip', 'netns', 'exec', names[side]] as const;

const falseRouter = fileURLToPath(new URL('../support/false-router.mjs', import.meta.url));
const tinyOllama = fileURLToPath(new URL('../support/tiny-ollama.mjs', import.meta.url));
let ollama: ChildProcess | null = null;

keepForFile();
beforeAll(() => {
  if (problem !== null) return;
  const [program, ...before] = within('node');
  // On loopback of its machine alone, as Ollama listens by itself.
  ollama = spawn(program, [...before, process.execPath, tinyOllama], { env: { PATH: process.env['PATH'], OLLAMA_HOST: '127.0.0.1:11434' }, stdio: 'ignore' });
});
afterAll(() => {
  ollama?.kill('SIGKILL');
  if (problem === null) removeLink();
});

/** What a client on the router's machine is answered. */
function chatAt(port: number): Promise<string> {
  const body = JSON.stringify({ model: 'tiny:1b', messages: [{ role: 'user', content: 'Hello' }] });
  const script = `fetch('http://127.0.0.1:${port}/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(body)} }).then(async (r) => console.log(r.status, await r.text()), (e) => console.log(String(e)))`;
  const [program, ...before] = within('router');
  return new Promise((resolve) => {
    const child = spawn(program, [...before, process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    child.on('close', () => resolve(text));
  });
}

function serve(folder: string, port: number): Promise<RouterProcess> {
  const config = configFile({ server: { port }, backends: [], gpu: { provider: 'none' }, store: { kind: 'sqlite', path: `${folder}/router.db` } }, folder);
  return RouterProcess.start(['serve', '--lan', '--config', config], /"url":"([^"]+)"/, { within: within('router'), home: folder });
}

test.skipIf(problem !== null)('a node finds its router across a link, joins with the token, serves through its relay, and follows it to another port', { timeout: 60_000 }, async () => {
  const folder = newFolder();
  const first = await serve(folder, 21_435);
  const [, token = ''] = await waitFor(() => /oar node --join (\S+)/.exec(first.stderr));
  const node = await startNode(['--join', token], { within: within('node') });
  const began = performance.now();
  await node.until(/belongs to the fleet/);
  expect(performance.now() - began).toBeLessThan(3000);
  await expect.poll(() => chatAt(21_435)).toMatch(/^200 .*Hello from tiny:1b/);
  await first.stop('SIGKILL');
  const second = await serve(folder, 21_436);
  await node.until(/Router: http:\/\/10\.213\.77\.1:21436/);
  await expect.poll(() => chatAt(21_436)).toMatch(/^200 .*Hello from tiny:1b/);
  expect((await node.stop()).code).toBe(0);
  await second.stop();
});

test.skipIf(problem !== null)('the doctor hears the router across the link, and asks it before the machine joins; without one it says so', { timeout: 60_000 }, async () => {
  const examine = async (): Promise<readonly string[]> => {
    const { stdout } = await runProgram(['doctor', '--json'], { within: within('node') });
    const { examined } = JSON.parse(stdout) as { examined: readonly { id: string; verdict: string; text: string }[] };
    return examined.filter(({ id }) => ['router', 'mdns', 'ollama'].includes(id)).map(({ id, verdict, text }) => `${id} ${verdict} ${text}`);
  };
  expect(await examine()).toEqual([expect.stringMatching(/^ollama ok/), expect.stringMatching(/^router warning No router was named or heard/), expect.stringMatching(/^mdns warning .*no router announces itself/)]);
  const router = await serve(newFolder(), 21_437);
  expect(await examine()).toEqual([expect.stringMatching(/^ollama ok/), expect.stringMatching(/^router ok The router at http:\/\/10\.213\.77\.1:21437 answers/), expect.stringMatching(/^mdns ok Heard by mDNS: Fleet Manager Router/)]);
  await router.stop();
});

/** Announces himself on the router's machine; all that he is told. */
function startFalseRouter(port: number, trueRouter: string): () => readonly { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: string }[] {
  const record = join(newFolder(), 'told');
  writeFileSync(record, '');
  const [program, ...before] = within('router');
  const liar = spawn(program, [...before, process.execPath, falseRouter], { env: { PATH: process.env['PATH'], FALSE_HOST: addresses.router, FALSE_PORT: String(port), FALSE_RECORD: record, TRUE_ROUTER: trueRouter }, stdio: 'ignore' });
  onTestFinished(() => void liar.kill('SIGKILL'));
  return () => readFileSync(record, 'utf8').split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { path: string; headers: Record<string, string>; body: string }]));
}

test.skipIf(problem !== null)('who falsely announces himself as the router is told neither token nor secret, by a new machine and by one that belongs to the fleet', { timeout: 60_000 }, async () => {
  const folder = newFolder();
  const router = await serve(folder, 21_439);
  const [, token = ''] = await waitFor(() => /oar node --join (\S+)/.exec(router.stderr));
  await router.stop();
  const told = startFalseRouter(21_440, `http://${addresses.router}:21439`);
  const node = await startNode(['--join', token], { within: within('node') });
  await expect.poll(() => node.stderr).toMatch(/21440 announces itself, but does not know this machine or its join token.*oar nodes token/);
  const again = await serve(folder, 21_439);
  await node.until(/belongs to the fleet/);
  await expect.poll(() => chatAt(21_439)).toMatch(/^200 .*Hello from tiny:1b/);
  await again.stop('SIGKILL');
  const before = told().length;
  await expect.poll(() => node.stderr).toMatch(/does not answer.*Looking for it/);
  await expect.poll(() => told().slice(before).map(({ path }) => path)).toContain('/heartbeat/proof');
  const last = await serve(folder, 21_439);
  await expect.poll(() => chatAt(21_439), { timeout: 15_000 }).toMatch(/^200 .*Hello from tiny:1b/);
  expect(new Set(told().map(({ path }) => path))).toEqual(new Set(['/health', '/heartbeat/proof']));
  expect(told().filter(({ headers, body }) => 'authorization' in headers || 'x-oar-join-token' in headers || body.includes(token))).toEqual([]);
  await node.stop();
  await last.stop();
});

async function waitFor(look: () => RegExpExecArray | null): Promise<RegExpExecArray> {
  await expect.poll(() => look() !== null).toBe(true);
  return look() as RegExpExecArray;
}
