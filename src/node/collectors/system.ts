/** The machine itself: system, processors, load and main memory, within what a container leaves of it. */
import type { NodeMemory } from '../../core/node.ts';
import { known } from '../known-values.ts';
import { chipBandwidth } from '../memory-bandwidth.ts';
import type { Collector, CollectorTools, HostFacts, NodeFacts } from './collector.ts';
import { cpuBound, type MemoryBound, memoryBound, memoryPressure, parseMeminfo, parsePressure, withinBound } from './linux-memory.ts';
import { macMemory, parsePressureLevel, parseSwapUsage, parseVmStat } from './mac-memory.ts';

const programMs = 2000;
/** These exist at this place only inside a container; of both generations. */
const cgroups = '/sys/fs/cgroup';

export const collector: Collector = {
  id: 'system',
  async collect(tools, _options, signal) {
    const { host } = tools;
    const [memory, quota, chip] = await Promise.all([memoryOf(tools, signal), cpuQuota(tools), chipOf(tools)]);
    const cpus = host.cpus();
    return known<NodeFacts>({
      os: host.platform,
      arch: host.arch,
      chip,
      cores: cpus.length === 0 ? undefined : Math.min(cpus.length, quota ?? cpus.length),
      // Windows has no load average and says 0.
      load1: host.platform === 'win32' ? undefined : Math.round(host.load1() * 100) / 100,
      cpuTimes: cpuTimes(cpus),
      memory,
      memoryBandwidthGbps: chip === undefined ? undefined : chipBandwidth(chip),
    });
  },
};

/** Undefined when the system does not count. */
export function cpuTimes(cpus: ReturnType<HostFacts['cpus']>): NodeFacts['cpuTimes'] {
  const total = cpus.reduce((sum, { times }) => sum + Object.values(times).reduce((all, one) => all + one, 0), 0);
  return total === 0 ? undefined : { total, busy: total - cpus.reduce((sum, { times }) => sum + (times['idle'] ?? 0), 0) };
}

/** How busy it was between two counts, in percent; undefined when no time has passed or the counters began anew. */
export function cpuPctBetween(before: NodeFacts['cpuTimes'], after: NodeFacts['cpuTimes']): number | undefined {
  if (before === undefined || after === undefined || after.total <= before.total || after.busy < before.busy) return undefined;
  return Math.min(100, Math.round(((after.busy - before.busy) / (after.total - before.total)) * 1000) / 10);
}

function memoryOf(tools: CollectorTools, signal: AbortSignal): Promise<NodeMemory> {
  if (tools.host.platform === 'linux') return linuxMemory(tools);
  return tools.host.platform === 'darwin' ? darwinMemory(tools, signal) : Promise.resolve(plainMemory(tools.host));
}

/** What Node alone can say, anywhere. */
export function plainMemory(host: HostFacts): NodeMemory {
  const totalBytes = host.totalBytes();
  const availableBytes = host.freeBytes();
  return { totalBytes, usedBytes: totalBytes - availableBytes, availableBytes, pressure: memoryPressure({ totalBytes, availableBytes }) };
}

async function linuxMemory(tools: CollectorTools): Promise<NodeMemory> {
  const [meminfo, pressure, bound] = await Promise.all([tools.read('/proc/meminfo'), tools.read('/proc/pressure/memory'), containerMemory(tools)]);
  const parsed = parseMeminfo(meminfo ?? '');
  if (parsed === null) return plainMemory(tools.host);
  const memory = withinBound(parsed, bound);
  return { ...memory, pressure: memoryPressure(memory, parsePressure(pressure)) };
}

async function containerMemory({ read }: CollectorTools): Promise<MemoryBound | null> {
  const [limit, usage, stat] = await Promise.all(['memory.max', 'memory.current', 'memory.stat'].map((name) => read(`${cgroups}/${name}`)));
  if (limit != null) return memoryBound(limit, usage ?? null, stat ?? null);
  const [limit1, usage1, stat1] = await Promise.all(['memory.limit_in_bytes', 'memory.usage_in_bytes', 'memory.stat'].map((name) => read(`${cgroups}/memory/${name}`)));
  return memoryBound(limit1 ?? null, usage1 ?? null, stat1 ?? null);
}

async function cpuQuota({ host, read }: CollectorTools): Promise<number | undefined> {
  if (host.platform !== 'linux') return undefined;
  const quota = await read(`${cgroups}/cpu.max`);
  if (quota !== null) return cpuBound(quota);
  const parts = await Promise.all(['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) => read(`${cgroups}/cpu/${name}`)));
  return cpuBound(parts.join(' '));
}

async function darwinMemory(tools: CollectorTools, signal: AbortSignal): Promise<NodeMemory> {
  const ask = (program: string, ...args: string[]): Promise<string> => tools.run(program, args, programMs, signal).catch(() => '');
  const [pages, level, swap] = await Promise.all([ask('vm_stat'), ask('sysctl', '-n', 'kern.memorystatus_vm_pressure_level'), ask('sysctl', '-n', 'vm.swapusage')]);
  const parsed = parseVmStat(pages, tools.host.totalBytes());
  if (parsed === null) return plainMemory(tools.host);
  return macMemory(parsed, parsePressureLevel(level) ?? memoryPressure(parsed), parseSwapUsage(swap));
}

/** Boards without a name for their processor have one for themselves. */
async function chipOf({ host, read }: CollectorTools): Promise<string | undefined> {
  const model = host.cpus()[0]?.model.trim();
  if (model !== undefined && model !== '' && model !== 'unknown') return model;
  const board = host.platform === 'linux' ? await read('/proc/device-tree/model') : null;
  return board?.replaceAll('\0', '').trim() || undefined;
}
