/** A GPU in one line. Pure. */
import { type Fields, numberOf, textOf } from './loose-json.ts';

/** `NVIDIA X: 3.2 of 20.0 GiB used, 12 % busy`, as far as it is known; empty when nothing is. */
export function gpuLine(gpu: Fields | null): string {
  if (gpu === null) return '';
  const total = numberOf(gpu.vramTotalMb);
  const used = numberOf(gpu.vramUsedMb);
  const busy = numberOf(gpu.utilizationPct);
  const memory = total === null ? [] : [used === null ? `${gib(total)} GiB` : `${gib(used)} of ${gib(total)} GiB used`];
  const figures = [...memory, ...(busy === null ? [] : [`${Math.round(busy)} % busy`])].join(', ');
  return [textOf(gpu.name) || textOf(gpu.provider), figures].filter((part) => part !== '').join(': ');
}

function gib(mib: number): string {
  return (mib / 1024).toFixed(1);
}
