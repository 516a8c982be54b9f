import { expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { command } from './node.ts';

test('what was typed is handed on; what was not is left to be found', async () => {
  const world = fakeWorld({ exitCode: 3 });
  expect(await command.run(world.context, [], {})).toBe(3);
  await command.run(world.context, [], { config: '/c.yaml', join: 'T', routerUrl: 'http://a', nodeId: 'n', ollamaHost: 'h', stateDir: '/s', logLevel: 'warn', startOllama: true, allowRestart: true, learnCapacity: true, media: false, speech: true, insecure: true, relayPort: '12000' });
  expect(world.served).toEqual([
    { startOllama: false, allowRestart: false, learnCapacity: false, media: true, speech: false, insecure: false, relayPort: 0 },
    { configPath: '/c.yaml', join: 'T', routerUrl: 'http://a', nodeId: 'n', ollamaHost: 'h', stateDir: '/s', logLevel: 'warn', startOllama: true, allowRestart: true, learnCapacity: true, media: false, speech: true, insecure: true, relayPort: 12_000 },
  ]);
});

test.each(['many', '-1', '70000', '1.5'])('a port of %s is none', async (relayPort) => {
  await expect(command.run(fakeWorld().context, [], { relayPort })).rejects.toThrow(/--relay-port .* is no port/);
});

test('the owner says how much of the machine the fleet may use, and for how long', async () => {
  const world = fakeWorld();
  expect(await command.run(world.context, ['capacity', 'paused'], { for: '2h', stateDir: '/s' })).toBe(0);
  expect(await command.run(world.context, ['capacity', 'auto'], {})).toBe(0);
  expect(world.served).toEqual([{ mode: 'paused', forMs: 7_200_000, stateDir: '/s' }, { mode: 'auto', forMs: null }]);
  expect(world.printed[0]).toContain('for 2h');
});

test.each([
  [['capacity'], {}, /full, paused or auto/],
  [['capacity', 'off'], {}, /full, paused or auto/],
  [['capacity', 'full'], { for: 'long' }, /--for takes a time/],
  [['rest'], {}, /takes nothing, or capacity, not rest/],
])('%j %j is refused', async (args, options, words) => {
  const world = fakeWorld();
  await expect(command.run(world.context, args, options)).rejects.toThrow(words);
  expect(world.served).toEqual([]);
});
