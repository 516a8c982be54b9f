/** The context that a model is asked for with where its caller names none, as the live settings say. */
import type { Clock } from '../core/clock.ts';
import type { FleetView } from '../core/fleet.ts';
import type { LiveSettings } from '../config/live-settings.ts';
import { percentile, recommendedContext } from '../routing/context-recommendation.ts';
import { listingsOf } from '../routing/listings.ts';
import type { ModelUse } from '../telemetry/model-use.ts';
import { modelKey } from '../util/model-name.ts';

const dayMs = 86_400_000;
/** Fewer requests say little about a model. */
const leastRequests = 20;

export interface PresetSources {
  readonly live: LiveSettings;
  readonly use: ModelUse;
  readonly clock: Clock;
  readonly view: () => FleetView;
}

/** What somebody set goes before what was worked out from use; never more than the model supports. */
export function presetContexts({ live, use, clock, view }: PresetSources): (model: string) => number | undefined {
  return (model) => {
    const key = modelKey(model);
    const { dynamic_num_ctx: dynamic, num_ctx_auto_calculate: auto, num_ctx_overrides: overrides } = live.values;
    const set = dynamic ? Object.entries(overrides).find(([name]) => modelKey(name) === key)?.[1] : undefined;
    if (set !== undefined || !auto) return set;
    const now = clock.now();
    const week = use.totals(key, now - 7 * dayMs);
    if (week.length < leastRequests) return undefined;
    const recommended = recommendedContext({ p99: percentile(week, 0.99), max24h: Math.max(0, ...use.totals(key, now - dayMs)) });
    return Math.min(recommended, ...listingsOf(key, view()).map(({ model }) => model.contextLength ?? Number.POSITIVE_INFINITY));
  };
}
