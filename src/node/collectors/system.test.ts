import { expect, test } from 'vitest';
import { fakeTools, type FakeMachine } from '../../../test/fakes/machine.ts';
import { collector, cpuPctBetween, cpuTimes } from './system.ts';

const signal = new AbortController().signal;
const kib = 1024;

const cpu = (model: string, idle: number, user: number) => ({ model, times: { user, nice: 0, sys: 0, idle, irq: 0 } });
const collect = (machine: FakeMachine) => collector.collect(fakeTools(machine), {}, signal);

function meminfo({ available = 8_000_000, total = 16_000_000, swapFree = 1_500_000 }: { available?: number; total?: number; swapFree?: number } = {}): string {
  return `MemTotal:       ${total} kB\nMemFree:         1000000 kB\nMemAvailable:    ${available} kB\nBuffers:          100000 kB\nCached:          2000000 kB\nSwapTotal:       2000000 kB\nSwapFree:        ${swapFree} kB\nActive(anon):     300000 kB\nHugePages_Total:       0\n`;
}

test('Linux: what the kernel says is available counts, and swap in use is told', async () => {
  const facts = await collect({ files: { '/proc/meminfo': meminfo() }, host: { cpus: () => [cpu('AMD Ryzen 7 7700', 50, 50)] } });
  expect(facts).toMatchObject({ os: 'linux', arch: 'x64', chip: 'AMD Ryzen 7 7700', cores: 1, load1: 0.5 });
  expect(facts?.memory).toEqual({ totalBytes: 16_000_000 * kib, usedBytes: 8_000_000 * kib, availableBytes: 8_000_000 * kib, pressure: 'normal', swapUsedBytes: 500_000 * kib });
});

test.each([
  [2_500_000, 'normal'],
  [2_400_000, 'warn'],
  [900_000, 'warn'],
  [800_000, 'critical'],
])('Linux: %i of 16,000,000 kB left is %s (contract fleet part 3: 85 and 95 %% used)', async (available, pressure) => {
  expect((await collect({ files: { '/proc/meminfo': meminfo({ available }) } }))?.memory?.pressure).toBe(pressure);
});

test('Linux: programs that wait for memory are pressure, whatever is left', async () => {
  const pressed = (some: string, full: string) => collect({ files: { '/proc/meminfo': meminfo(), '/proc/pressure/memory': `some avg10=${some} avg60=0.00 avg300=0.00 total=1\nfull avg10=${full} avg60=0.00 avg300=0.00 total=1` } });
  expect((await pressed('3.10', '0.00'))?.memory?.pressure).toBe('normal');
  expect((await pressed('45.20', '2.00'))?.memory?.pressure).toBe('warn');
  expect((await pressed('80.00', '60.31'))?.memory?.pressure).toBe('critical');
});

const eightCpus = { cpus: () => Array.from({ length: 8 }, () => cpu('Some Chip', 1, 1)) };

test('in a container its own bounds hold, and the cache it holds is not in use', async () => {
  const files = { '/proc/meminfo': meminfo(), '/sys/fs/cgroup/memory.max': '4096000000', '/sys/fs/cgroup/memory.current': '3000000000', '/sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 1000000000\n', '/sys/fs/cgroup/cpu.max': '200000 100000' };
  const facts = await collect({ files, host: eightCpus });
  expect(facts?.cores).toBe(2);
  expect(facts?.memory).toMatchObject({ totalBytes: 4_096_000_000, usedBytes: 2_000_000_000, availableBytes: 2_096_000_000, pressure: 'normal' });
});

test('bounds of the older kind count too; a bound that is none does not', async () => {
  const old = { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1024000000', '/sys/fs/cgroup/memory/memory.usage_in_bytes': '24000000', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000' };
  expect(await collect({ files: { '/proc/meminfo': meminfo(), ...old }, host: eightCpus })).toMatchObject({ cores: 1, memory: { totalBytes: 1_024_000_000, availableBytes: 1_000_000_000 } });
  const unbound = { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712', '/sys/fs/cgroup/memory/memory.usage_in_bytes': '24000000', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000' };
  expect(await collect({ files: { '/proc/meminfo': meminfo(), ...unbound }, host: eightCpus })).toMatchObject({ cores: 8, memory: { totalBytes: 16_000_000 * kib } });
  const max = { '/sys/fs/cgroup/memory.max': 'max', '/sys/fs/cgroup/memory.current': '1', '/sys/fs/cgroup/cpu.max': 'max 100000' };
  expect(await collect({ files: { '/proc/meminfo': meminfo(), ...max }, host: eightCpus })).toMatchObject({ cores: 8, memory: { totalBytes: 16_000_000 * kib } });
});

const vmStat = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               50000.
Pages active:                            300000.
Pages inactive:                          200000.
Pages speculative:                        10000.
Pages throttled:                              0.
Pages wired down:                        150000.
Pages purgeable:                           5000.
"Translation faults":                 123456789.
Pages occupied by compressor:             40000.
`;

test('macOS: pages that can be had count as available, and the kernel says how it fares', async () => {
  const machine = (level: string, pages = vmStat): FakeMachine => ({
    host: { platform: 'darwin', arch: 'arm64' },
    programs: { vm_stat: pages, 'sysctl -n kern.memorystatus_vm_pressure_level': `${level}\n`, 'sysctl -n vm.swapusage': 'total = 3072.00M  used = 1536.50M  free = 1535.50M  (encrypted)\n' },
  });
  const availableBytes = 260_000 * 16_384;
  expect((await collect(machine('1')))?.memory).toEqual({ totalBytes: 16 * 1024 ** 3, usedBytes: 16 * 1024 ** 3 - availableBytes, availableBytes, pressure: 'normal', swapUsedBytes: 1536.5 * 1024 ** 2 });
  expect((await collect(machine('2')))?.memory?.pressure).toBe('warn');
  expect((await collect(machine('4')))?.memory?.pressure).toBe('critical');
  expect((await collect(machine('1', 'nonsense')))?.memory).toMatchObject({ availableBytes: 8 * 1024 ** 3 });
});

test('elsewhere Node itself is asked, and a load that Windows does not have is absent', async () => {
  const facts = await collect({ host: { platform: 'win32', cpus: () => [cpu('Intel(R) Core(TM) i7', 1, 1)] } });
  expect(facts?.memory).toEqual({ totalBytes: 16 * 1024 ** 3, usedBytes: 8 * 1024 ** 3, availableBytes: 8 * 1024 ** 3, pressure: 'normal' });
  expect(facts).not.toHaveProperty('load1');
});

test('a board without a name for its processor has its own', async () => {
  expect((await collect({ files: { '/proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0' }, host: { cpus: () => [cpu('unknown', 1, 1)] } }))?.chip).toBe('Raspberry Pi 5 Model B Rev 1.0');
});

test('how busy it was is told from two counts; one alone, or a count that began anew, tells nothing', () => {
  const before = cpuTimes([cpu('a', 100, 100), cpu('a', 100, 100)]);
  const after = cpuTimes([cpu('a', 175, 125), cpu('a', 175, 125)]);
  expect(cpuPctBetween(before, after)).toBe(25);
  expect(cpuPctBetween(undefined, after)).toBeUndefined();
  expect(cpuPctBetween(after, before)).toBeUndefined();
  expect(cpuTimes([])).toBeUndefined();
});
