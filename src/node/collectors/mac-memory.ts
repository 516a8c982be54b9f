/** Reads what macOS says of memory: `vm_stat` and `sysctl`. */
import type { MemoryPressure, NodeMemory } from '../../core/node.ts';
import { known } from '../known-values.ts';

/** What `vm_stat` prints; null when it is something else. Pages that are inactive or only read ahead are given up when somebody needs them. */
export function parseVmStat(output: string, totalBytes: number): Omit<NodeMemory, 'pressure'> | null {
  const pageBytes = Number(/page size of (\d+) bytes/.exec(output)?.[1]);
  const pages = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)\\.`, 'm').exec(output)?.[1]);
  const free = pages('Pages free');
  if (Number.isNaN(pageBytes) || Number.isNaN(free)) return null;
  const reclaimable = [pages('Pages inactive'), pages('Pages speculative')].reduce((sum, count) => sum + (Number.isNaN(count) ? 0 : count), 0);
  const availableBytes = Math.min(totalBytes, (free + reclaimable) * pageBytes);
  return { totalBytes, usedBytes: totalBytes - availableBytes, availableBytes };
}

const units: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `sysctl -n vm.swapusage`: `total = 2048.00M  used = 1024.50M  free = 1023.50M`. */
export function parseSwapUsage(output: string): number | undefined {
  const [, amount, unit = ''] = /used = (\d+(?:[.,]\d+)?)([KMGT])/.exec(output) ?? [];
  return amount === undefined ? undefined : Math.round(Number(amount.replace(',', '.')) * (units[unit] ?? 1));
}

/** `sysctl -n kern.memorystatus_vm_pressure_level`: 1, 2 or 4. */
export function parsePressureLevel(output: string): MemoryPressure | undefined {
  const words: Readonly<Record<string, MemoryPressure>> = { '1': 'normal', '2': 'warn', '4': 'critical' };
  return words[output.trim()];
}

export function macMemory(memory: Omit<NodeMemory, 'pressure'>, level: MemoryPressure, swapUsedBytes: number | undefined): NodeMemory {
  return known<NodeMemory>({ ...memory, pressure: level, swapUsedBytes });
}
