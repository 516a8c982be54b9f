/** How this machine's GPUs are watched. */
import type { Config } from '../config/config.ts';
import { type GpuSettings, staticGpu } from '../fleet/gpu-monitor.ts';
import type { Collector, CollectorTools } from '../node/collectors/collector.ts';

/** Null: nothing is watched and nothing is known. Without a provider in the file NVIDIA's tool is tried, in the background. */
export function gpuSettings({ gpu }: Config, collectors: readonly Collector[], tools: CollectorTools): GpuSettings | null {
  if (gpu.provider === 'none') return null;
  if (gpu.provider !== undefined && !gpu.monitor.enabled) {
    return { provider: 'static', intervalMs: gpu.monitor.intervalMs, collect: () => Promise.resolve(null), static: staticGpu(gpu.name, gpu.vramTotalMb) };
  }
  const nvidia = collectors.find((collector) => collector.id === 'nvidia');
  if (!nvidia) return null;
  const options = { nvidiaSmiPath: gpu.monitor.nvidiaSmiPath };
  let given = gpu.provider !== undefined;
  let absent = false;
  return {
    provider: 'nvidia',
    intervalMs: gpu.monitor.intervalMs,
    async collect(signal) {
      if (absent) return null;
      const facts = await nvidia.collect(tools, options, signal);
      // A machine that was only tried for luck, and has none, is not asked again.
      absent = facts === null && !given;
      given ||= facts !== null;
      return facts;
    },
  };
}
