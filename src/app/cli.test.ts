import { expect, test } from 'vitest';
import { type FakeFacts, fakeWorld } from '../../test/fakes/command-world.ts';
import type { Command } from '../commands/command.ts';
import { commands } from '../commands/index.gen.ts';
import { addressOf } from './call-router.ts';
import { runCli } from './cli.ts';

async function run(line: string[], facts: FakeFacts = {}, known: readonly Command[] = commands) {
  const world = fakeWorld({ body: {}, ...facts });
  const code = await runCli(line, world.context, known);
  return { ...world, code, out: world.printed.join('\n'), err: world.complained.join('\n') };
}

test('every command of the product is there, and none that comes later', () => {
  expect(commands.map(({ name }) => name).sort()).toEqual(['bench', 'cancel', 'doctor', 'explain', 'gpu', 'init', 'job', 'jobs', 'keys', 'migrate', 'models', 'node', 'nodes', 'replay', 'result', 'serve', 'status', 'top', 'traces', 'up', 'validate-config']);
});

test.each(['-v', '--version'])('%s prints the bare version', async (flag) => {
  const { code, out, err } = await run([flag]);
  expect([code, out, err]).toEqual([0, '1.2.3', '']);
});

test('nothing typed: help on stderr, exit 1', async () => {
  const { code, out, err } = await run([]);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('Usage: ollama-agent-router');
});

test.each([['-h'], ['--help'], ['help']])('%s prints help with every command, exit 0', async (word) => {
  const { code, out } = await run([word]);
  expect(code).toBe(0);
  for (const { name } of commands) expect(out).toContain(name);
});

test.each(commands.map(({ name }) => name))('%s --help prints its options and the global ones, exit 0', async (name) => {
  const { code, out } = await run([name, '--help']);
  expect(code).toBe(0);
  expect(out).toContain(`Usage: ollama-agent-router ${name}`);
  expect(out).toContain('--api-key');
});

test.each([
  [['sttus'], "unknown command 'sttus'"],
  [['status', '--colour'], "unknown option '--colour'"],
  [['job'], "missing required argument 'id'"],
  [['job', 'a', 'b'], 'too many arguments'],
  [['-c'], "argument missing"],
  [['init', '--wizard'], "unknown option '--wizard'"],
])('%j is told on stderr, exit 1', async (line, words) => {
  const { code, out, err, calls } = await run(line);
  expect([code, out, calls]).toEqual([1, '', []]);
  expect(err).toContain(words);
});

test('global options may stand before and after the command', async () => {
  const options = ['--url', 'http://h:1', '--base-path', '/x', '--api-key', 'k', '--json', '--insecure'];
  const wanted = { url: 'http://h:1', basePath: '/x', apiKey: 'k', json: true, insecure: true };
  expect((await run([...options, 'status'])).calls[0]?.options).toMatchObject(wanted);
  expect((await run(['status', ...options])).calls[0]?.options).toMatchObject(wanted);
});

test('the environment stands below the flags, and above what is usual', async () => {
  const env = { OAR_URL: 'http://env:1', OAR_BASE_PATH: '/env', OAR_API_KEY: 'env-key' };
  expect((await run(['status'])).calls[0]?.options.url).toBe('http://127.0.0.1:11435');
  expect((await run(['status'], { env: { OAR_URL: '' } })).calls[0]?.options.url).toBe('http://127.0.0.1:11435');
  expect((await run(['status'], { env })).calls[0]?.options).toMatchObject({ url: 'http://env:1', basePath: '/env', apiKey: 'env-key' });
  expect((await run(['-u', 'http://flag:1', 'status'], { env })).calls[0]?.options).toMatchObject({ url: 'http://flag:1', apiKey: 'env-key' });
});

test('up talks to a person, serve does not; both take a file, a host and a port', async () => {
  expect((await run(['up'])).served).toEqual([{ friendly: true }]);
  expect((await run(['serve', '-c', 'a.yaml', '--host', '::1', '--port', '0'])).served).toEqual([{ friendly: false, configPath: 'a.yaml', host: '::1', port: '0' }]);
  expect((await run(['-c', 'a.yaml', 'up'])).served).toEqual([{ friendly: true, configPath: 'a.yaml' }]);
});

test('the exit code of a command is the exit code', async () => {
  expect((await run(['serve'], { exitCode: 3 })).code).toBe(3);
});

test('validate-config names the file, and warns on stderr', async () => {
  const asked: unknown[] = [];
  const loadConfig = (path: string | undefined) => {
    asked.push(path);
    return Promise.resolve({ path: '/here/a.yaml', warnings: ['mind this'] });
  };
  const { code, out, err } = await run(['validate-config', '-c', 'a.yaml'], { loadConfig });
  expect([code, out, err, asked]).toEqual([0, 'Config is valid: /here/a.yaml', 'Warning: mind this', ['a.yaml']]);
  expect((await run(['validate-config'])).out).toContain('defaults');
});

test('a configuration that is wrong is told on stderr, exit 1', async () => {
  const loadConfig = () => Promise.reject(new Error('/here/a.yaml:2:3: There is no key server.prot.'));
  const { code, out, err } = await run(['validate-config'], { loadConfig });
  expect([code, out, err]).toEqual([1, '', '/here/a.yaml:2:3: There is no key server.prot.']);
});

test('a command is data: one that is handed in can be run', async () => {
  const seen: unknown[] = [];
  const greet: Command = {
    name: 'greet', summary: 'say hello', args: [{ name: '[who]', description: 'whom' }], options: [{ flags: '--loud', description: 'loudly' }],
    async run(_context, args, options) {
      seen.push(args, options.loud);
      return 0;
    },
  };
  await run(['greet', 'world', '--loud'], {}, [greet]);
  expect(seen).toEqual([['world'], true]);
});

test.each([
  [{}, 'http://127.0.0.1:11435/v1/jobs'],
  [{ url: 'h:1' }, 'http://h:1/v1/jobs'],
  [{ url: 'https://h/' }, 'https://h/v1/jobs'],
  [{ url: 'http://h/prefix/', basePath: 'oar/' }, 'http://h/prefix/oar/v1/jobs'],
  [{ basePath: '/' }, 'http://127.0.0.1:11435/v1/jobs'],
])('with %j a path is called at %s', (options, address) => {
  expect(addressOf('/v1/jobs', options).href).toBe(address);
});

test.each(['ftp://h', 'http://', ' '])('%j is no address of a router', (url) => {
  expect(() => addressOf('/x', { url })).toThrow('not an address of a router');
});
