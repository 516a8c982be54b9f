/** Reads what Linux says of memory: `/proc/meminfo`, pressure, and the bounds of a container. */
import type { MemoryPressure, NodeMemory } from '../../core/node.ts';
import { known, numberIn } from '../known-values.ts';

/** Null when the text is not what the kernel writes. Kernels before 3.14 do not say `MemAvailable`; then free and cached count. */
export function parseMeminfo(text: string): Omit<NodeMemory, 'pressure'> | null {
  const bytes = new Map([...text.matchAll(/^(\w+(?:\(\w+\))?):\s+(\d+) kB$/gm)].map(([, key = '', value]) => [key, Number(value) * 1024]));
  const totalBytes = bytes.get('MemTotal');
  if (totalBytes === undefined) return null;
  const free = (bytes.get('MemFree') ?? 0) + (bytes.get('Buffers') ?? 0) + (bytes.get('Cached') ?? 0);
  const availableBytes = Math.min(totalBytes, bytes.get('MemAvailable') ?? free);
  const swapTotal = bytes.get('SwapTotal');
  const swapFree = bytes.get('SwapFree');
  return known<Omit<NodeMemory, 'pressure'>>({
    totalBytes,
    usedBytes: totalBytes - availableBytes,
    availableBytes,
    swapUsedBytes: swapTotal === undefined || swapFree === undefined ? undefined : swapTotal - swapFree,
  });
}

/** The share of the last 10 s in which some, and in which all, programs waited for memory; percent. */
export function parsePressure(text: string | null): { readonly some: number; readonly full: number } {
  const of = (line: string): number => Number(new RegExp(`^${line} avg10=(\\d+\\.?\\d*)`, 'm').exec(text ?? '')?.[1] ?? 0);
  return { some: of('some'), full: of('full') };
}

export interface MemoryBound {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/** What a container may take: its limit and use as the kernel writes them (`max` or a huge number: none), and how much of it is only cache. */
export function memoryBound(limit: string | null, usage: string | null, stat: string | null): MemoryBound | null {
  const limitBytes = numberIn(limit ?? undefined);
  const used = numberIn(usage ?? undefined);
  if (limitBytes === undefined || used === undefined) return null;
  const cache = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(stat ?? '')?.[1] ?? 0);
  return { limitBytes, usedBytes: Math.max(0, used - cache) };
}

/** A bound above what the machine has bounds nothing. */
export function withinBound(memory: Omit<NodeMemory, 'pressure'>, bound: MemoryBound | null): Omit<NodeMemory, 'pressure'> {
  if (bound === null || bound.limitBytes >= memory.totalBytes) return memory;
  const availableBytes = Math.min(memory.availableBytes, Math.max(0, bound.limitBytes - bound.usedBytes));
  return { ...memory, totalBytes: bound.limitBytes, usedBytes: bound.limitBytes - availableBytes, availableBytes };
}

/** Processors that a container may use: `cpu.max` (`200000 100000`), or quota and period of the older kind; undefined: no bound. */
export function cpuBound(quota: string | null): number | undefined {
  const [allowed, period] = (quota ?? '').split(/\s+/).map(numberIn);
  return allowed === undefined || period === undefined || period === 0 || allowed === 0 ? undefined : Math.max(1, Math.round(allowed / period));
}

const usedWarn = 0.85;
const usedCritical = 0.95;
/** Programs that wait a fifth of the time for memory are slow enough for a person to notice. */
const waitingPct = 20;

/** Contract fleet part 3: from 85 % used on `warn`, from 95 % `critical`; and what the kernel says of programs that wait for memory. */
export function memoryPressure({ totalBytes, availableBytes }: Pick<NodeMemory, 'totalBytes' | 'availableBytes'>, waiting = { some: 0, full: 0 }): MemoryPressure {
  const used = totalBytes === 0 ? 0 : 1 - availableBytes / totalBytes;
  if (used >= usedCritical || waiting.full >= waitingPct) return 'critical';
  return used >= usedWarn || waiting.some >= waitingPct ? 'warn' : 'normal';
}
