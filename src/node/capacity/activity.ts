/** Tells from figures alone what the owner's programs do: five classes over two minutes (contract fleet part 2.6). Pure. */
import type { NodeActivity } from '../../core/node.ts';
import type { OwnerSample } from './capacity.ts';

export const windowMs = 120_000;
const busyNetworkBytesPerSecond = 500_000;

export interface TimedSample extends OwnerSample {
  readonly at: number;
}

/** Averages of a window; absent: no sample in it knew. */
export interface OwnerLoad {
  /** The larger of CPU and GPU. */
  readonly loadPct?: number;
  readonly cpuPct?: number;
  readonly memoryPct?: number;
  readonly networkBytesPerSecond?: number;
}

/** The samples of the last two minutes and the one before, which says how far back is known. */
export function withinWindow(samples: readonly TimedSample[], at: number): readonly TimedSample[] {
  const first = samples.findLastIndex((sample) => sample.at <= at - windowMs);
  return samples.slice(Math.max(0, first));
}

export function averageLoad(samples: readonly TimedSample[]): OwnerLoad {
  const cpuPct = mean(samples, 'cpuPct');
  const gpuPct = mean(samples, 'gpuPct');
  const loads = [cpuPct, gpuPct].filter((value) => value !== undefined);
  return {
    ...(loads.length === 0 ? {} : { loadPct: Math.max(...loads) }),
    ...known('cpuPct', cpuPct),
    ...known('memoryPct', mean(samples, 'memoryPct')),
    ...known('networkBytesPerSecond', mean(samples, 'networkBytesPerSecond')),
  };
}

/** Undefined while nothing is known. */
export function classifyActivity({ loadPct, memoryPct = 0, networkBytesPerSecond = 0 }: OwnerLoad): NodeActivity | undefined {
  if (loadPct === undefined) return undefined;
  if (loadPct > 85 || (loadPct > 60 && networkBytesPerSecond > busyNetworkBytesPerSecond)) return 'intensive';
  if (loadPct > 60) return 'heavy';
  if (loadPct > 35) return 'moderate';
  return loadPct > 10 || memoryPct > 70 ? 'light' : 'idle';
}

type Figure = keyof Omit<OwnerSample, 'meeting'>;

function mean(samples: readonly TimedSample[], figure: Figure): number | undefined {
  const values = samples.map((sample) => sample[figure]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function known<Key extends string>(key: Key, value: number | undefined): { [Each in Key]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { [Each in Key]?: number });
}
