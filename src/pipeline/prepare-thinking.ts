/** Leaves a wish for thinking out where the model cannot think (decision 11). */
import type { FleetView } from '../core/fleet.ts';
import type { Placement } from '../core/placement.ts';
import type { Prepared } from './pipeline.ts';

/** Only clients of Anthropic's API ask every model to think, and only where it is known that this one cannot is the wish left out. */
export function withoutThinking(prepared: Prepared, fleet: FleetView, { backendId, model }: Placement): Prepared {
  const { request } = prepared;
  if (request.dialect !== 'anthropic-messages' || request.task !== 'chat' || request.reasoning?.enabled !== true) return prepared;
  const capabilities = fleet.backends.find((one) => one.id === backendId)?.report?.models.find((one) => one.name === model)?.capabilities;
  if (capabilities === undefined || capabilities.includes('thinking')) return prepared;
  const { reasoning: _wish, ...rest } = request;
  return { ...prepared, request: rest, rewrites: [...prepared.rewrites, 'thinking'] };
}
