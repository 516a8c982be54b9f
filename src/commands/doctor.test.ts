import { expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import type { Examined } from './command.ts';
import { commands } from './index.gen.ts';

const fine: Examined = { id: 'a', verdict: 'ok', text: 'All well.' };
const warned: Examined = { id: 'b', verdict: 'warning', text: 'Hm.', fix: 'Do this.', command: 'oar up' };
const broken: Examined = { id: 'c', verdict: 'problem', text: 'Broken \u001b[31m\nin two lines.' };

async function run(examined: readonly Examined[], ...more: string[]) {
  const asked: unknown[] = [];
  const world = fakeWorld({ examine: (options) => { asked.push(options); return Promise.resolve(examined); } });
  return { code: await runCli(['doctor', ...more], world.context, commands), out: world.printed.join('\n'), asked };
}

test.each([[[fine], 0], [[fine, warned], 1], [[warned, broken, fine], 2], [[], 0]])('%j ends with %d', async (examined, code) => expect((await run(examined)).code).toBe(code));

test('each thing is one line, with what to type at its end, and steers no terminal', async () => {
  expect((await run([fine, warned, broken])).out.split('\n')).toEqual(['ok       All well.', 'warning  Hm. Do this.  →  oar up', 'problem  Broken  [31m in two lines.']);
});

test('--json gives it to programs, and the flags are handed on', async () => {
  const { out, asked } = await run([fine, broken], '--json', '--router-url', 'http://r', '--ollama-host', 'http://o');
  expect(JSON.parse(out)).toEqual({ version: '1.2.3', verdict: 'problem', examined: [fine, broken] });
  expect(asked).toEqual([expect.objectContaining({ routerUrl: 'http://r', ollamaHost: 'http://o' })]);
});
