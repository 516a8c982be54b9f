import { expect, test } from 'vitest';
import { fakeTools } from '../../../test/fakes/machine.ts';
import { collector } from './disk.ts';

const signal = new AbortController().signal;
const space = (totalBytes: number) => ({ totalBytes, freeBytes: 300, availableBytes: 200 });

test('the disk with the models counts: where the environment says, else the usual folder, else the home folder', async () => {
  const spaces = { '/models': space(1000), '/home/me/.ollama/models': space(2000), '/home/me': space(3000) };
  const collect = (env: Record<string, string>, left: readonly (keyof typeof spaces)[]) =>
    collector.collect(fakeTools({ host: { env }, spaces: Object.fromEntries(left.map((path) => [path, spaces[path]])) }), {}, signal);
  const disk = (totalBytes: number) => ({ disk: { totalBytes, usedBytes: totalBytes - 300, availableBytes: 200 } });
  expect(await collect({ OLLAMA_MODELS: '/models/ollama' }, ['/models', '/home/me/.ollama/models'])).toEqual(disk(1000));
  expect(await collect({}, ['/models', '/home/me/.ollama/models', '/home/me'])).toEqual(disk(2000));
  expect(await collect({}, ['/home/me'])).toEqual(disk(3000));
  expect(await collect({}, [])).toBeNull();
});
