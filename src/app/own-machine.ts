/** Lists the router's own machine among those of the fleet, with what it is and how it fares. */
import type { Clock } from '../core/clock.ts';
import type { RunningFleet } from '../fleet/create-fleet.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { CapacityPart } from '../node/node.ts';
import type { Machine } from './machine.ts';

export interface OwnMachineSources {
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  /** What its owner leaves of it. */
  readonly capacity: Pick<CapacityPart, 'start' | 'stop' | 'now'>;
  readonly fleet: Pick<RunningFleet, 'setOwnReport'>;
  readonly nodeId: string;
  readonly version: string;
  /** How often it reports, as any other. */
  readonly everyMs: number;
}

/** Nobody waits for the first look. Returns the way to stop. */
export function watchOwnMachine({ clock, log, machine, capacity, fleet, nodeId, version, everyMs }: OwnMachineSources): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const report = (): void => {
    if (stopped) return;
    fleet.setOwnReport(machine.report({ nodeId, agentVersion: version, servers: [], owner: capacity.now() }));
    cancel = clock.after(everyMs, report);
  };
  Promise.all([machine.start(), capacity.start()]).then(report, (err: unknown) => log.warn({ err }, 'this machine cannot be looked at'));
  return () => {
    stopped = true;
    cancel();
    machine.stop();
    void capacity.stop();
  };
}
