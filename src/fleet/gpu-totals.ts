/** All GPUs of a node as one. */
import type { Gpu, GpuSnapshot, GpuTotals } from '../core/fleet.ts';

/** A sum over GPUs of which one is unknown would be wrong, so it is absent; the highest utilisation is of those that tell. */
export function gpuTotals(snapshot: GpuSnapshot | null): GpuTotals {
  const gpus = snapshot?.gpus ?? [];
  const utilizations = gpus.flatMap((gpu) => gpu.utilizationPct ?? []);
  return {
    ...optional('name', name(gpus)),
    ...optional('vramTotalMb', sum(gpus, 'vramTotalMb')),
    ...optional('vramUsedMb', sum(gpus, 'vramUsedMb')),
    ...optional('vramFreeMb', sum(gpus, 'vramFreeMb')),
    ...optional('utilizationPct', utilizations.length > 0 ? Math.max(...utilizations) : undefined),
  };
}

function sum(gpus: readonly Gpu[], key: 'vramTotalMb' | 'vramUsedMb' | 'vramFreeMb'): number | undefined {
  const values = gpus.flatMap((gpu) => gpu[key] ?? []);
  return values.length > 0 && values.length === gpus.length ? values.reduce((total, value) => total + value) : undefined;
}

/** `NVIDIA L4`, `2x NVIDIA L4`, `NVIDIA L4 + NVIDIA T4`. */
function name(gpus: readonly Gpu[]): string | undefined {
  const counts = new Map<string, number>();
  for (const gpu of gpus) if (gpu.name !== undefined) counts.set(gpu.name, (counts.get(gpu.name) ?? 0) + 1);
  const names = [...counts].map(([one, count]) => (count === 1 ? one : `${count}x ${one}`));
  return names.length > 0 ? names.join(' + ') : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
