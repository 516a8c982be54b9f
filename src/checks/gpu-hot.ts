/** Check `gpu_hot`: a GPU, or a whole machine, that is so hot that it slows down. */
import type { Gpu } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';
import type { Check } from './check.ts';

/** Degrees Celsius at which cards begin to slow down, and at which they do for certain. */
const warm = 85;
const hot = 93;

export const check: Check = {
  id: 'gpu_hot',
  run: ({ fleet }) =>
    fleet.nodes.flatMap(({ id, status, report }) => {
      const found = report === null || status === 'offline' ? null : hottest(report);
      if (found === null) return [];
      return {
        severity: found.degrees !== undefined && found.degrees >= hot ? 'critical' : 'warning',
        title: `${found.what} of ${id} is hot`,
        description: found.degrees === undefined ? 'The machine says that it slows down because of heat.' : `${found.degrees} °C: it slows down to protect itself.`,
        fix: { text: 'Clean its fans and give it air, or drain the machine until it has cooled down.', command: `oar nodes drain ${id}`, action: { label: `Drain ${id}`, method: 'POST', path: `/fleet/nodes/${encodeURIComponent(id)}/drain` } },
        nodeId: id,
        data: { temperatureC: found.degrees ?? 'unknown' },
      };
    }),
};

function hottest({ gpus, thermal }: NodeReport): { readonly what: string; readonly degrees?: number } | null {
  const gpu = gpus.reduce<Gpu | null>((most, one) => ((one.temperatureC ?? 0) > (most?.temperatureC ?? 0) ? one : most), null);
  if (gpu?.temperatureC !== undefined && gpu.temperatureC >= warm) return { what: gpu.name ?? `GPU ${gpu.index}`, degrees: gpu.temperatureC };
  if (thermal?.state !== 'warning') return null;
  return { what: 'The processor', ...(thermal.temperatureC === undefined ? {} : { degrees: thermal.temperatureC }) };
}
