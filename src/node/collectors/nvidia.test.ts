import { expect, test } from 'vitest';
import { fakeTools } from '../../../test/fakes/machine.ts';
import { collector, parseNvidiaSmi } from './nvidia.ts';

const signal = new AbortController().signal;

test('every GPU is read', () => {
  expect(parseNvidiaSmi('NVIDIA RTX 4000 SFF Ada Generation, 20475, 1024, 19100, 7, 0\nNVIDIA L4, 23034, 0, 22563, 100, 1, 71\n')).toEqual([
    { index: 0, name: 'NVIDIA RTX 4000 SFF Ada Generation', vramTotalMb: 20_475, vramUsedMb: 1024, vramFreeMb: 19_100, utilizationPct: 7, vendor: 'nvidia' },
    { index: 1, name: 'NVIDIA L4', vramTotalMb: 23_034, vramUsedMb: 0, vramFreeMb: 22_563, utilizationPct: 100, vendor: 'nvidia', temperatureC: 71 },
  ]);
});

test.each(['[N/A]', '[Not Supported]', '[Unknown Error]', 'N/A', '', 'NaN', '-'])('a value of "%s" is omitted', (text) => {
  const [gpu] = parseNvidiaSmi(`NVIDIA GB10, ${text}, ${text}, ${text}, ${text}, 3, ${text}`);
  expect(gpu).toEqual({ index: 3, name: 'NVIDIA GB10', vendor: 'nvidia' });
  expect(Object.keys(gpu ?? {})).toEqual(['index', 'name', 'vendor']);
});

test('without the index column GPUs are numbered in order; Windows line ends do not matter', () => {
  expect(parseNvidiaSmi('A, 1, 2, 3, 4\r\nB, 1, 2, 3, 4\r\n').map((gpu) => [gpu.index, gpu.utilizationPct])).toEqual([[0, 4], [1, 4]]);
});

test('what is not a list of GPUs is none', () => {
  for (const output of ['', 'No devices were found\n', "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"]) expect(parseNvidiaSmi(output)).toEqual([]);
});

test('the program and the columns are those of the contract', async () => {
  const ran: string[] = [];
  const tools = fakeTools({ programs: { 'nvidia-smi': 'A, 1, 2, 3, 4, 0\n', '/opt/nvidia-smi': 'A, 1, 2, 3, 4, 0\n' } }, ran);
  await collector.collect(tools, {}, signal);
  expect(await collector.collect(tools, { nvidiaSmiPath: '/opt/nvidia-smi' }, signal)).toEqual({ gpus: [{ index: 0, name: 'A', vramTotalMb: 1, vramUsedMb: 2, vramFreeMb: 3, utilizationPct: 4, vendor: 'nvidia' }] });
  const options = '--query-gpu=name,memory.total,memory.used,memory.free,utilization.gpu,index,temperature.gpu --format=csv,noheader,nounits';
  expect(ran).toEqual([`nvidia-smi ${options}`, `/opt/nvidia-smi ${options}`]);
});

test('a machine without the program has nothing of this kind', async () => {
  expect(await collector.collect(fakeTools({}), {}, signal)).toBeNull();
  expect(await collector.collect(fakeTools({ programs: { 'nvidia-smi': 'No devices were found\n' } }), {}, signal)).toBeNull();
});
