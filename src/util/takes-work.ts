/** May new work start on a machine? One answer for every policy of placement. */
import type { BackendState } from '../core/fleet.ts';
import type { NodeState } from '../core/node.ts';
import { sameModel } from './model-name.ts';

/** Below this share of the machine its owner needs it. */
export const leastAvailability = 0.2;

/** Why nothing new may start there; null: it may. `waiting`: nobody has approved it. `paused`: its owner needs it. `memory`: it is short of memory, and the model would have to be loaded. */
export type NoWork = 'waiting' | 'offline' | 'draining' | 'paused' | 'memory';

/** A machine that is degraded is still used. `node`: that of the backend; undefined: nothing is known of it. */
export function whyNoWork(node: NodeState | undefined, backend: BackendState, model: string): NoWork | null {
  if (node === undefined) return null;
  const { status, draining, report, source } = node;
  if (status === 'waiting') return 'waiting';
  // Hosts that say nothing themselves are known by their servers alone, each of which has a state of its own.
  if (status === 'offline' && source === 'agent') return 'offline';
  if (draining) return 'draining';
  if (report?.capacity !== undefined && isPaused(report.capacity)) return 'paused';
  if (report?.memory.pressure === 'critical' && !isLoaded(backend, model)) return 'memory';
  return null;
}

/** While a machine is being learned about it serves: its availability means nothing yet. */
function isPaused({ mode, availability }: NonNullable<NonNullable<NodeState['report']>['capacity']>): boolean {
  return mode === 'paused' || (mode !== 'bootstrap' && availability < leastAvailability);
}

/** Servers that cannot say what they hold have loaded it before they answer. */
function isLoaded({ report }: BackendState, model: string): boolean {
  return report?.resident === null || (report?.resident.some((one) => one.sleeping !== true && sameModel(one.name, model)) ?? false);
}
