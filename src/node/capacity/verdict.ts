/** From availability to mode, memory ceiling and reason, in the contract's words (fleet part 2.6). Pure. */
import type { NodeCapacity } from '../../core/node.ts';
import type { Override } from './capacity.ts';

const gibibyte = 1024 ** 3;

export interface Judged {
  readonly meeting: boolean;
  /** What the owner's programs kept busy for two minutes. */
  readonly sustained: 'cpu' | 'gpu' | null;
  readonly override?: Override | undefined;
  readonly availability: number;
  readonly trend: number;
  /** The load that this hour of the week usually has, in percent; absent: it was not seen yet. */
  readonly usualLoadPct?: number | undefined;
  /** How free it is right now, 0 to 1. */
  readonly freeNow?: number | undefined;
  readonly confidence: number;
  readonly daysObserved: number;
  readonly totalBytes?: number | undefined;
}

type Verdict = Pick<NodeCapacity, 'mode' | 'availability' | 'reason' | 'overridden'> & { readonly ceiling?: readonly [atMostBytes: number, share: number] };

const daysToLearn = 7;
const noMemory = [0, 0] as const;

/** What somebody set by hand goes before what was measured or learned; a meeting yields to the machine's owner alone. */
export function capacityOf(judged: Judged): NodeCapacity {
  const { ceiling, ...verdict } = verdictOf(judged);
  const { totalBytes, trend, confidence, daysObserved } = judged;
  return {
    ...verdict,
    ...(ceiling === undefined || totalBytes === undefined ? {} : { ceilingBytes: Math.floor(Math.min(ceiling[0], ceiling[1] * totalBytes)) }),
    trend,
    confidence,
    daysObserved,
  };
}

function verdictOf(judged: Judged): Verdict {
  const { availability, override, meeting } = judged;
  const byHand = override?.mode === 'full' && meeting && override.by === 'router' ? undefined : override;
  if (byHand?.mode === 'full') return { mode: 'full', availability: 1, reason: 'manual_override', overridden: true, ceiling: [Number.MAX_VALUE, 0.8] };
  if (meeting) return { mode: 'paused', availability: 0, reason: 'meeting_detected', overridden: false, ceiling: noMemory };
  if (byHand?.mode === 'paused') return { mode: 'paused', availability: 0, reason: 'manual_override', overridden: true, ceiling: noMemory };
  if (judged.sustained !== null) return { mode: 'paused', availability: Math.min(0.1, availability), reason: judged.sustained === 'cpu' ? 'sustained_high_cpu' : 'currently_busy', overridden: false, ceiling: noMemory };
  const { mode, ceiling, level } = bandOf(availability);
  if (judged.daysObserved < daysToLearn && mode !== 'paused') return { mode: 'bootstrap', availability, reason: 'bootstrap_observation_period', overridden: false, ceiling };
  return { mode, availability, reason: reasonOf(judged, level), overridden: false, ceiling };
}

function bandOf(availability: number): { readonly mode: NodeCapacity['mode']; readonly ceiling: readonly [number, number]; readonly level: string } {
  if (availability < 0.2) return { mode: 'paused', ceiling: noMemory, level: 'low_availability' };
  if (availability < 0.4) return { mode: 'learned_low', ceiling: [16 * gibibyte, 0.125], level: 'low_availability' };
  if (availability < 0.6) return { mode: 'learned_medium', ceiling: [32 * gibibyte, 0.25], level: 'moderate_availability' };
  if (availability < 0.8) return { mode: 'learned_high', ceiling: [64 * gibibyte, 0.5], level: 'good_availability' };
  return { mode: 'full', ceiling: [Number.MAX_VALUE, 0.8], level: 'high_availability' };
}

/** Below the middle it matters whether the machine is busy or the hour is known for it. */
function reasonOf({ availability, freeNow = 1, usualLoadPct = 0 }: Judged, level: string): string {
  if (availability >= 0.6) return level;
  if (freeNow < 0.5) return 'currently_busy';
  return usualLoadPct > 60 ? 'historically_busy_slot' : level;
}
