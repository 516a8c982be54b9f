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

test.each(['many', '-1', '70000', '1.5'])('a port of %s is none', (relayPort) => {
  expect(() => command.run(fakeWorld().context, [], { relayPort })).toThrow(/--relay-port .* is no port/);
});
