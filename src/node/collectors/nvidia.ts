/** NVIDIA GPUs, all of them, as nvidia-smi sees them. */
import type { Gpu } from '../../core/fleet.ts';
import { known, numberIn } from '../known-values.ts';
import type { Collector } from './collector.ts';

/** Index and temperature stand last, so that a wrapper that prints the first five columns alone is understood. */
const query = ['--query-gpu=name,memory.total,memory.used,memory.free,utilization.gpu,index,temperature.gpu', '--format=csv,noheader,nounits'];
const timeoutMs = 5000;

/** Option `nvidiaSmiPath`, by default `nvidia-smi` on the path. */
export const collector: Collector = {
  id: 'nvidia',
  async collect(tools, options, signal) {
    try {
      const gpus = parseNvidiaSmi(await tools.run(options['nvidiaSmiPath'] || 'nvidia-smi', query, timeoutMs, signal));
      return gpus.length > 0 ? { gpus } : null;
    } catch {
      return null;
    }
  },
};

/** One GPU a line. `[N/A]`, `[Not Supported]`, nothing or anything else that is not a number is omitted. */
export function parseNvidiaSmi(output: string): readonly Gpu[] {
  const rows = output.split('\n').map((line) => line.split(',').map((field) => field.trim()));
  return rows
    .filter((fields) => fields.length >= 5 && fields[0] !== '')
    .map((fields, position) => {
      const [name, total, used, free, utilization, index, temperature] = fields;
      return known<Gpu>({
        index: numberIn(index) ?? position,
        name,
        vramTotalMb: numberIn(total),
        vramUsedMb: numberIn(used),
        vramFreeMb: numberIn(free),
        utilizationPct: numberIn(utilization),
        vendor: 'nvidia',
        temperatureC: numberIn(temperature),
      });
    });
}
