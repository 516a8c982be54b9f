import { expect, test } from 'vitest';
import { type EngineSettings, engineEnvironment, readEngineSettings, readReadyLine } from './engine-settings.ts';

const settings: EngineSettings = { engineFolder: '/e', modelPath: '/m.gguf', modelName: 'm', port: 0, secret: 's', useGpu: false };

test("the engine gets its settings and what it needs to run, and none of the router's secrets", () => {
  const env = engineEnvironment(settings, { PATH: '/bin', HOME: '/h', OPENAI_API_KEY: 'sk', STUDIO_KEY: 'k' });
  expect(readEngineSettings(env)).toEqual(settings);
  expect(env).toMatchObject({ PATH: '/bin', HOME: '/h' });
  expect(Object.keys(env)).not.toContain('OPENAI_API_KEY');
  expect(Object.keys(env)).not.toContain('STUDIO_KEY');
});

test('started by hand it says so', () => {
  expect(() => readEngineSettings({})).toThrow(/started by the router/);
});

test('only a line with a port means ready', () => {
  expect(readReadyLine('{"port":4711}')).toEqual({ port: 4711 });
  for (const line of ['', 'loading', '{', '{"port":"4711"}', '{"level":"info"}']) expect(readReadyLine(line)).toBeNull();
});
