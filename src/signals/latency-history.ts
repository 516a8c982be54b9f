/** Signal `latency-history`: points off for the time that what runs there takes, by past requests; contract fleet part 2.2. */
import { gigabytes } from './machine-figures.ts';
import type { Signal, SignalView } from './signal.ts';

const mostPoints = 25;
const msForPoint = 10_000;

/** Of the estimate for a model that was never seen answering. */
const usualTokens = 100;
const slowestTokensPerSecond = 10;
const tokensPerGbps = 1.2;
const gbForHalf = 10;
const tokensForGb = 100;

export const signal: Signal = {
  id: 'latency-history',
  unit: 'points',
  term(_candidate, view) {
    const depth = view.runningOnNode ?? 0;
    if (depth === 0) return 0;
    const points = (depth * (view.speed.p75Ms ?? estimatedMs(view))) / msForPoint;
    return points === 0 ? 0 : -Math.min(mostPoints, points);
  },
};

/** By the memory that a token has to be read from; 0 for a model of which nothing is known. */
function estimatedMs({ memoryBytes, machine }: SignalView): number {
  if (memoryBytes === undefined) return 0;
  const sizeGb = gigabytes(memoryBytes);
  const bandwidth = machine?.bandwidthGbps ?? 0;
  const tokensPerSecond = bandwidth > 0 ? Math.max(slowestTokensPerSecond, (tokensPerGbps * bandwidth) / Math.max(1, sizeGb / gbForHalf)) : Math.max(1, tokensForGb / Math.max(1, sizeGb));
  return (usualTokens * 1000) / tokensPerSecond;
}
