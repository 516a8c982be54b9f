import { expect, test } from 'vitest';
import { ownerGpuPct, parsePmon } from './gpu-load.ts';
import { parseNetstat, parseProcNetDev } from './network-bytes.ts';
import { type MachineLook, ownerTook } from './owner-load.ts';
import { inferencePids, parseProcStat, parsePs, parseWindowsProcesses, type ProcessRow } from './process-table.ts';

test('a line of /proc/<pid>/stat, whatever the program calls itself', () => {
  const stat = '812 (ollama) S 1 812 812 0 -1 4194560 120 0 0 0 250 50 0 0 20 0 21 0 4402 5000000 2560 18446744073709551615 1 1 0';
  expect(parseProcStat(stat)).toEqual({ pid: 812, parent: 1, name: 'ollama', cpuMs: 3000, memoryBytes: 2560 * 4096, startedAt: 4402 });
  expect(parseProcStat(stat.replace('(ollama)', '(a) b (c)'))).toMatchObject({ name: 'a) b (c', cpuMs: 3000 });
  for (const broken of ['', '12', '12 (x', '12 (x) S']) expect(parseProcStat(broken)).toBeNull();
});

test('what ps prints on a Mac and elsewhere', () => {
  const rows = parsePs('    1     0   1:02.50   9000 /sbin/launchd\n  501     1  12:00.04 204800 /Applications/Ollama.app/Contents/Resources/ollama serve\n 4242   501 01:00:00 100 ollama runner --port 1\n  7     1 2-03:00:00 1 x\nnonsense\n');
  expect(rows.map(({ pid, parent, cpuMs, memoryBytes }) => [pid, parent, cpuMs, memoryBytes])).toEqual([[1, 0, 62_500, 9_216_000], [501, 1, 720_040, 209_715_200], [4242, 501, 3_600_000, 102_400], [7, 1, 183_600_000, 1024]]);
});

test('what PowerShell prints', () => {
  const csv = '"ProcessId","ParentProcessId","Name","KernelModeTime","UserModeTime","WorkingSetSize"\r\n"4","0","System","10000",,"4096"\r\n"990","4","ollama.exe","20000000","30000000","1048576"\r\n';
  expect(parseWindowsProcesses(csv)).toEqual([
    { pid: 4, parent: 0, name: 'System', cpuMs: expect.any(Number) as number, memoryBytes: expect.any(Number) as number },
    { pid: 990, parent: 4, name: 'ollama.exe', cpuMs: 5000, memoryBytes: 1_048_576 },
  ]);
});

const row = (pid: number, parent: number, name: string, cpuMs = 0, memoryBytes = 0): ProcessRow => ({ pid, parent, name, cpuMs, memoryBytes, startedAt: pid });

test.each([
  'ollama', '/usr/local/bin/ollama serve', '/Applications/Ollama.app/Contents/Resources/ollama serve', 'ollama.exe', 'llama-server', 'VLLM::EngineCore', '/opt/llama.cpp/llama-server -m x.gguf --port 8080',
  'python3 -m vllm.entrypoints.openai.api_server', '/usr/bin/python3.11 /home/a/ComfyUI/main.py', 'whisper-server -m tiny', 'sd-server', '/Applications/LM Studio.app/Contents/MacOS/LM Studio',
])('%s serves models', (name) => {
  expect([...inferencePids([row(7, 1, name)])]).toEqual([7]);
});

test.each(['code', 'python3 train.py', 'vim ollama.md', '/usr/bin/node /home/ollama/server.js', 'bash', 'cs2', '/Applications/Firefox.app/Contents/MacOS/firefox', 'ollama-webui-helper'])('%s is the owner\'s', (name) => {
  expect([...inferencePids([row(7, 1, name)])]).toEqual([]);
});

test('what a server started belongs to it, whatever its name and the order', () => {
  expect([...inferencePids([row(30, 20, 'worker'), row(20, 10, 'sh'), row(10, 1, 'ollama'), row(40, 1, 'game')])].sort()).toEqual([10, 20, 30]);
});

const look = (at: number, busyMs: number, processes: readonly ProcessRow[] | null): MachineLook => ({ at, totalMs: at * 8, busyMs, processes });

test('eight cores, six of them busy with inference: the owner has two per cent', () => {
  const before = look(10_000, 5000, [row(10, 1, 'ollama', 100), row(11, 10, 'runner', 2000, 4e9), row(40, 1, 'code', 0)]);
  const after = look(20_000, 5000 + 61_600, [row(10, 1, 'ollama', 100), row(11, 10, 'runner', 62_000, 4e9), row(40, 1, 'code', 1600)]);
  const took = ownerTook(before, after, 1, []);
  expect(took?.cpuPct).toBeCloseTo(2, 5);
  expect(took).toMatchObject({ inferring: true, inferenceBytes: 4e9 });
});

test('a runner that was just started counts as inference from its start', () => {
  const took = ownerTook(look(10_000, 0, [row(10, 1, 'ollama')]), look(20_000, 40_000, [row(10, 1, 'ollama'), row(11, 10, 'runner', 40_000)]), 0, []);
  expect(took).toMatchObject({ cpuPct: 0, inferring: true });
});

test('a server at rest is no inference, and its agent no owner', () => {
  const took = ownerTook(look(10_000, 0, [row(10, 1, 'ollama', 50), row(5, 1, 'node', 0)]), look(20_000, 8100, [row(10, 1, 'ollama', 60), row(5, 1, 'node', 90), row(40, 1, 'make', 8000)]), 0, [5]);
  expect(took?.inferring).toBe(false);
  expect(took?.cpuPct).toBeCloseTo(10, 5);
});

test('while runs are relayed and no process can be told apart, nothing is said of the owner', () => {
  for (const processes of [null, [row(40, 1, 'com.docker.virtualization', 100)]]) {
    const took = ownerTook(look(10_000, 0, processes), look(20_000, 70_000, processes), 1, []);
    expect(took).toMatchObject({ inferring: true });
    expect(took).not.toHaveProperty('cpuPct');
    expect(ownerTook(look(10_000, 0, processes), look(20_000, 40_000, processes), 0, [])?.cpuPct).toBe(50);
  }
});

test('looks that do not belong together say nothing', () => {
  expect(ownerTook(look(20_000, 0, []), look(10_000, 0, []), 0, [])).toBeNull();
  expect(ownerTook(look(10_000, 100, []), { ...look(20_000, 50, []) }, 0, [])).toBeNull();
});

const pmon = `# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command
# Idx           #    C/G      %      %      %      %      %      %    name
    0         11      C     70     40      -      -      -      -    ollama
    0         40      G     25      5      -      -      -      -    game
    1         41      G      -      -      -      -      -      -    Xorg
`;

test('a game beside inference is seen; where it cannot be, nothing is claimed', () => {
  const list = parsePmon(pmon);
  expect(list).toEqual([{ gpu: 0, pid: 11, pct: 70 }, { gpu: 0, pid: 40, pct: 25 }, { gpu: 1, pid: 41, pct: null }]);
  expect(ownerGpuPct(95, true, list, new Set([11]))).toBe(25);
  expect(ownerGpuPct(95, true, null, new Set([11]))).toBeUndefined();
  expect(ownerGpuPct(95, true, list, new Set([99]))).toBeUndefined();
  expect(ownerGpuPct(95, false, null, new Set())).toBe(95);
  expect(parsePmon('pmon is not supported on this platform')).toEqual([]);
});

test('bytes of the network', () => {
  expect(parseProcNetDev('Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    lo: 999999    1    0    0    0     0          0         0   999999       1    0    0    0     0       0          0\n  eth0: 1000    1    0    0    0     0          0         0   500       1    0    0    0     0       0          0\ndocker0: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n')).toBe(1500);
  expect(parseNetstat('Name       Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll\nlo0        16384 <Link#1>                        100     0      99999      100     0      99999     0\nen0        1500  <Link#4>      a4:83:e7:00:00:01  10     0       2000       10     0        300     0\nen0        1500  192.168.1     192.168.1.5        10     -       2000       10     -        300     -\n')).toBe(2300);
});
