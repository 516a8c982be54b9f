import { expect, test } from 'vitest';
import type { OllamaProcess } from './ollama-process.ts';
import { allowedSettings, restartOllama } from './restart-order.ts';

const signal = new AbortController().signal;
const order = { type: 'restart_ollama', reason: 'it hangs', env: { OLLAMA_NUM_PARALLEL: '2', OLLAMA_HOST: '0.0.0.0', LD_PRELOAD: '/x.so' } } as const;

function bed(runs: boolean | null, allowed: boolean, platform = 'linux', fails = false) {
  const said: string[] = [];
  const ran: string[] = [];
  const restarted: unknown[] = [];
  const process = runs === null ? null : ({ runs, restart: (env: unknown) => Promise.resolve(void restarted.push(env)) } as unknown as OllamaProcess);
  const run = (program: string, args: readonly string[]) => {
    ran.push([program, ...args].join(' '));
    return fails ? Promise.reject(new Error('no')) : Promise.resolve('');
  };
  const say = (line: string): void => void said.push(line);
  return { said, ran, restarted, parts: { process, allowed, platform, run, terminal: { debug: say, info: say, warn: say } } };
}

test('one that the node runs is restarted, with what may be set and nothing else', async () => {
  const { parts, restarted, ran } = bed(true, false);
  await restartOllama(order, parts, signal);
  expect([restarted, ran]).toEqual([[{ OLLAMA_NUM_PARALLEL: '2' }], []]);
});

test.each([null, false])('one that it does not run (%j) is left alone unless that is allowed, and it says how to allow it', async (runs) => {
  const { parts, restarted, ran, said } = bed(runs, false);
  await restartOllama(order, parts, signal);
  expect([restarted, ran]).toEqual([[], []]);
  expect(said.join()).toMatch(/it hangs.*--allow-restart/);
});

test('when it is allowed, the system is asked', async () => {
  const linux = bed(null, true);
  await restartOllama(order, linux.parts, signal);
  expect(linux.ran).toEqual(['systemctl restart ollama']);
  const mac = bed(false, true, 'darwin');
  await restartOllama(order, mac.parts, signal);
  expect(mac.ran).toEqual(['brew services restart ollama']);
  const broken = bed(null, true, 'linux', true);
  await restartOllama(order, broken.parts, signal);
  expect(broken.said.join()).toMatch(/systemctl restart ollama.*failed/);
});

test('settings of more than a line, and those that open doors, are none', () => {
  expect(allowedSettings({ OLLAMA_KEEP_ALIVE: '-1', OLLAMA_ORIGINS: '*', OLLAMA_MODELS: '/', OLLAMA_CONTEXT_LENGTH: '8192\nLD_PRELOAD=x' })).toEqual({ OLLAMA_KEEP_ALIVE: '-1' });
  expect(allowedSettings()).toEqual({});
});
