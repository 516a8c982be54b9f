/** The capacity of the machine that this process runs on, for the node agent and for the router that is a machine itself. */
import type { Clock } from '../core/clock.ts';
import { OwnerWatch, type OwnerWatchOptions } from '../node/capacity/owner-watch.ts';
import { order } from '../node/capacity/override.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import type { CapacityPart } from '../node/node.ts';

/** Its state lies in `folder`; two processes that watch one machine learn the same. */
export function createCapacityPart(clock: Clock, parts: Pick<OwnerWatchOptions, 'folder' | 'learn' | 'looks' | 'facts' | 'relaying' | 'say'>): CapacityPart {
  return new OwnerWatch({ ...parts, clock, wallTime: Date.now, tools: collectorTools, ownPid: process.pid });
}

/** What the owner of this machine wants of it, until it is over or `auto` ends it; whoever watches it heeds that within half a minute. */
export function orderCapacity(folder: string, mode: 'full' | 'paused' | 'auto', forMs: number | null): Promise<void> {
  return order(folder, 'owner', { mode, until: forMs === null || mode === 'auto' ? null : Date.now() + forMs });
}
