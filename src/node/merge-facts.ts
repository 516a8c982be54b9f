/** Several collectors' facts as one: lists are joined, and what two know of the same thing is settled. Pure. */
import type { Gpu } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';
import type { NodeFacts } from './collectors/collector.ts';
import { cardBandwidth } from './memory-bandwidth.ts';

const hotC = 85;

/** Later facts stand above earlier ones, where both know something. */
export function mergeFacts(all: readonly NodeFacts[]): Omit<NodeFacts, 'cpuTimes'> {
  const { cpuTimes: _counters, ...merged } = Object.assign({}, ...all) as NodeFacts;
  const gpus = all.flatMap((facts) => facts.gpus ?? []);
  const thermal = withGpus(merged.thermal, gpus);
  const speeds = gpus.flatMap(({ name }) => (name === undefined ? [] : (cardBandwidth(name) ?? [])));
  return {
    ...merged,
    gpus,
    ...(thermal === undefined ? {} : { thermal }),
    ...(speeds.length === 0 ? {} : { memoryBandwidthGbps: Math.max(...speeds) }),
  };
}

/** A graphics card that is hotter than the processor is what slows the work. */
function withGpus(thermal: NodeReport['thermal'], gpus: readonly Gpu[]): NodeReport['thermal'] {
  const hottest = Math.max(...gpus.flatMap((gpu) => gpu.temperatureC ?? []));
  if (!Number.isFinite(hottest) || hottest <= (thermal?.temperatureC ?? 0)) return thermal;
  return { state: hottest >= hotC || thermal?.state === 'warning' ? 'warning' : 'nominal', temperatureC: hottest, source: 'gpu' };
}
