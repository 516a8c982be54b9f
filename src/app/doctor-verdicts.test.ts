import { describe, expect, test } from 'vitest';
import { gib, nodeReport } from '../../test/fakes/nodes.ts';
import type { Gpu } from '../core/fleet.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { verdictsOn } from './doctor-verdicts.ts';

const card: Gpu = { index: 0, name: 'RTX 4000', vramTotalMb: 20_480, vendor: 'nvidia' };
const disk = { totalBytes: 900 * gib, usedBytes: 0, availableBytes: 500 * gib };
const model = { name: 'qwen3:8b', sizeBytes: 5e9, contextLength: 40_960 };

/** A machine that lacks nothing. */
const well: DoctorFacts = {
  at: 1_000_000_000_000,
  version: '1.0.0',
  config: { path: '/etc/oar.yaml', warnings: [] },
  folder: { path: '/data', problem: null },
  sqlite: { path: '/data/router.db', problem: null },
  report: nodeReport('desk', 40, { agentVersion: '1.0.0', os: 'linux', gpus: [card], disk }),
  undriven: [],
  ollama: { url: 'http://127.0.0.1:11434', installed: true, report: { version: '0.30.1', models: [model], resident: [{ name: 'qwen3:8b', sizeBytes: 6e9, vramBytes: 6e9, contextLength: 16_384 }] } },
  others: [],
  port: { number: 11_435, takenBy: 'nobody' },
  router: { url: 'http://10.0.0.2:11435', problem: null, version: '1.0.0', skewMs: 300 },
  mdns: { networks: 1, heard: [{ name: 'Router (studio)', urls: ['http://10.0.0.2:11435'] }], error: null },
  env: {},
};
const report = (more: Partial<DoctorFacts['report']>) => ({ report: { ...well.report, ...more } });
const ollama = (more: Partial<NonNullable<DoctorFacts['ollama']['report']>>) => ({ ollama: { ...well.ollama, report: { ...well.ollama.report, models: [model], resident: [], ...more } } });

test('a machine that lacks nothing is told so, line by line, without anything to do', () => {
  const lines = verdictsOn(well);
  expect(lines.filter(({ verdict, fix, command }) => verdict !== 'ok' || fix !== undefined || command !== undefined)).toEqual([]);
  expect([...new Set(lines.map(({ id }) => id))]).toEqual(['config', 'folder', 'sqlite', 'ollama', 'models', 'memory_pressure', 'swap_in_use', 'disk_low', 'gpu', 'context', 'port', 'router', 'clock_skew', 'mdns']);
});

describe('what is wrong is found, with what to type', () => {
  const cases: readonly (readonly [name: string, facts: Partial<DoctorFacts>, id: string, verdict: 'warning' | 'problem', text: RegExp, command: RegExp | undefined])[] = [
    ['a broken configuration', { config: { error: 'oar.yaml:3:1 nonsense' } }, 'config', 'problem', /oar\.yaml:3:1 nonsense/, /oar validate-config/],
    ['an old key in it', { config: { path: '/etc/oar.yaml', warnings: ['gpu.old is now gpu.new'] } }, 'config', 'warning', /gpu\.old/, /oar validate-config/],
    ['a folder of somebody else', { folder: { path: '/data', problem: 'EACCES' } }, 'folder', 'problem', /\/data cannot be written to: EACCES/, /chown -R "\$USER" '\/data'/],
    ['a database that is none', { sqlite: { path: '/data/router.db', problem: 'no database' } }, 'sqlite', 'problem', /no database/, /mv '\/data\/router\.db'/],
    ['SQLite itself', { sqlite: { path: null, problem: 'no binding' } }, 'sqlite', 'problem', /no binding/, /npm install/],
    ['Ollama not running', { ollama: { ...well.ollama, report: null } }, 'ollama', 'problem', /does not answer/, /^ollama serve$/],
    ['Ollama not installed', { ollama: { ...well.ollama, installed: false, report: null } }, 'ollama', 'problem', /no program/, /install\.sh/],
    ['no Ollama beside another server', { ollama: { ...well.ollama, report: null }, others: [{ name: 'vllm', url: 'http://127.0.0.1:8000' }] }, 'ollama', 'warning', /does not answer/, /^ollama serve$/],
    ['memory that is short', report({ memory: { totalBytes: 64 * gib, usedBytes: 63 * gib, availableBytes: gib, pressure: 'critical' } }), 'memory_pressure', 'problem', /short of memory/, undefined],
    ['swapping', report({ memory: { totalBytes: 64 * gib, usedBytes: 60 * gib, availableBytes: 4 * gib, pressure: 'warn', swapUsedBytes: 8 * gib } }), 'swap_in_use', 'warning', /swaps/, undefined],
    ['a full disk', report({ disk: { ...disk, availableBytes: gib } }), 'disk_low', 'problem', /nearly full/, /ollama rm/],
    ['a hot card', report({ gpus: [{ ...card, temperatureC: 88 }] }), 'gpu_hot', 'warning', /RTX 4000.*hot/, /./],
    ['a card that Ollama does not use', ollama({ resident: [{ name: 'qwen3:8b', sizeBytes: 6e9, vramBytes: 0 }] }), 'gpu', 'problem', /shows RTX 4000, but Ollama runs qwen3:8b on the processor/, /journalctl -u ollama/],
    ['a card without a driver', { ...report({ gpus: [] }), undriven: ['An NVIDIA card'] }, 'gpu_driver', 'warning', /no driver/, /nvidia-smi/],
    ['a short context', ollama({ resident: [{ name: 'qwen3:8b', sizeBytes: 6e9, vramBytes: 6e9, contextLength: 4096 }] }), 'context', 'warning', /context of 4096 tokens/, /OLLAMA_CONTEXT_LENGTH=16384/],
    ['a name that Ollama does not read', { env: { OLLAMA_NUM_CTX: '32768' } }, 'context', 'warning', /OLLAMA_NUM_CTX/, /OLLAMA_CONTEXT_LENGTH=32768/],
    ['a number that Ollama does not take', { env: { OLLAMA_MAX_LOADED_MODELS: '-1' } }, 'context', 'warning', /-1/, /unset OLLAMA_MAX_LOADED_MODELS/],
    ['a port that is taken', { port: { number: 11_435, takenBy: 'somebody' } }, 'port', 'warning', /taken by another program/, /--port 11436/],
    ['no router', { router: null }, 'router', 'warning', /named or heard/, /--router-url/],
    ['a router that does not answer', { router: { url: 'http://10.0.0.2:1', problem: 'No router answers at http://10.0.0.2:1.', version: null, skewMs: null } }, 'router', 'problem', /No router answers/, /oar serve --lan/],
    ['another version', { router: { url: 'http://10.0.0.2:1', problem: null, version: '2.0.0', skewMs: 0 } }, 'version_mismatch', 'warning', /agent is 1\.0\.0, the router 2\.0\.0/, /npm install/],
    ['a wrong clock', { router: { url: 'http://10.0.0.2:1', problem: null, version: '1.0.0', skewMs: -60_000 } }, 'clock_skew', 'warning', /60 s behind/, /timedatectl/],
    ['a network without a router', { router: null, mdns: { networks: 1, heard: [], error: null } }, 'mdns', 'warning', /no router announces itself/, /--router-url/],
    ['no network', { router: null, mdns: { networks: 0, heard: [], error: null } }, 'mdns', 'warning', /in no network/, /--router-url/],
  ];

  test.each(cases)('%s', (_name, facts, id, verdict, text, command) => {
    const wrong = verdictsOn({ ...well, ...facts }).filter((line) => line.verdict !== 'ok' && line.id === id);
    expect(wrong).toHaveLength(1);
    expect([wrong[0]?.verdict, wrong[0]?.text]).toEqual([verdict, expect.stringMatching(text)]);
    expect(wrong[0]?.command ?? '').toMatch(command ?? /^$/);
    expect((wrong[0]?.fix ?? '') + (wrong[0]?.command ?? '')).not.toBe('');
  });

  test.each(cases)('%s is told once, and not as well beside', (_name, facts, id) => {
    const lines = verdictsOn({ ...well, ...facts });
    if (id !== 'context' && id !== 'config') expect(lines.filter((line) => line.id === id && line.verdict === 'ok')).toEqual([]);
  });
});

test('a machine without models is told one that fits it', () => {
  const small = verdictsOn({ ...well, ...ollama({ models: [] }), ...report({ gpus: [], memoryBandwidthGbps: 50, memory: { totalBytes: 16 * gib, usedBytes: 0, availableBytes: 16 * gib, pressure: 'normal' } }) });
  const line = small.find(({ id }) => id === 'models');
  expect([line?.verdict, line?.command]).toEqual(['warning', expect.stringMatching(/^ollama pull [a-z0-9.-]+:[a-z0-9.-]+$/)]);
});

test('what is no matter is no warning', () => {
  const calm = (facts: Partial<DoctorFacts>) => verdictsOn({ ...well, ...facts }).filter(({ verdict }) => verdict !== 'ok');
  expect(calm({ mdns: { networks: 1, heard: [], error: null } })).toEqual([]);
  expect(calm({ mdns: null })).toEqual([]);
  expect(calm({ port: null })).toEqual([]);
  expect(calm({ port: { number: 11_435, takenBy: 'router' } })).toEqual([]);
  expect(calm({ router: { url: 'http://10.0.0.2:1', problem: null, version: null, skewMs: null } })).toEqual([]);
  expect(calm({ others: [{ name: 'vllm', url: 'http://127.0.0.1:8000' }] })).toEqual([]);
  expect(calm(report({ gpus: [{ ...card, unified: true }] }))).toEqual([]);
  expect(calm(ollama({ resident: [{ name: 'embed', sizeBytes: 1e8, vramBytes: 1e8, contextLength: 2048 }], models: [{ name: 'embed', contextLength: 2048 }] }))).toEqual([]);
});
