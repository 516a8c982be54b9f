/** Scores a model for a task as the user's description states it; the highest wins. */
import type { Term } from '../core/placement.ts';
import type { Complexity } from '../core/request.ts';
import { requiredVramMb } from './blocks.ts';
import type { RoutingPolicy } from './routing.ts';
import type { SpecView } from './spec-view.ts';

export interface ScoreInput {
  readonly taskType: string;
  readonly complexity: Complexity;
  /** Keys of the task's route, in order. */
  readonly route: readonly string[];
  /** Keys of the request's preferred models, in order. */
  readonly preferred: readonly string[];
  /** As measured; undefined when it is not, and then VRAM says nothing. */
  readonly freeVramMb: number | undefined;
  readonly policy: RoutingPolicy;
}

export interface Score {
  readonly total: number;
  /** Every term that changed the total, by name. */
  readonly terms: readonly Term[];
}

export function scoreOf(view: SpecView, input: ScoreInput): Score {
  const routeIndex = input.route.indexOf(view.key);
  const preferredIndex = input.preferred.indexOf(view.key);
  const costClass = view.spec?.costClass;
  const points: readonly (readonly [string, number])[] = [
    ['start', 100],
    ['route', routeIndex < 0 ? 0 : Math.max(0, 50 - 8 * routeIndex)],
    ['priority', view.spec?.priority ?? 0],
    ['purpose', view.spec?.purpose.includes(input.taskType) ? 25 : 0],
    ['preferred', preferredIndex < 0 ? 0 : 80 - 10 * preferredIndex],
    ['loaded', view.resident === 'yes' ? 20 : 0],
    ['heavy-high', input.complexity === 'heavy' && costClass === 'high' ? 20 : 0],
    ['light-low', input.complexity === 'light' && costClass === 'low' ? 15 : 0],
    ['vram', vramPoints(view, input)],
    ['queued', -18 * view.queued],
    ['running', -25 * view.running],
    ['exclusive-running', view.spec?.exclusive ? -80 * view.running : 0],
  ];
  const terms = points.filter(([, value]) => value !== 0).map(([signal, value]): Term => ({ signal, value, unit: 'points' }));
  return { total: terms.reduce((sum, term) => sum + term.value, 0), terms };
}

/** Only a model that would have to be loaded is judged by the room there is (ruling 5). */
function vramPoints(view: SpecView, input: ScoreInput): number {
  const required = requiredVramMb(view, input.policy);
  if (view.resident !== 'no' || required === undefined || input.freeVramMb === undefined) return 0;
  const spare = input.freeVramMb - required;
  return spare < 0 ? -60 : Math.min(25, spare / 512);
}
