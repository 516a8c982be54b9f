/** Goes on looking for inference servers after the start, and takes in those that come up. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { PlannedBackend } from './backend-plan.ts';

const intervalMs = 5000;

export interface LaterServers {
  stop(): void;
}

/** Each server is added once; one that is known already by its address is not added again. */
export function watchForServers(clock: Clock, detect: () => Promise<readonly PlannedBackend[]>, add: (planned: PlannedBackend) => void, log: Log): LaterServers {
  const known = new Set<string>();
  let stopped = false;
  let cancel: CancelTimer = () => {};
  const look = async (): Promise<void> => {
    try {
      for (const planned of await detect()) {
        if (stopped || known.has(planned.settings.url)) continue;
        known.add(planned.settings.url);
        log.info({ backend: planned.settings.id, url: planned.settings.url }, 'backend is found');
        add(planned);
      }
    } catch (err) {
      log.warn({ err }, 'looking for inference servers failed');
    }
    plan();
  };
  const plan = (): void => {
    if (!stopped) cancel = clock.after(intervalMs, () => void look());
  };
  plan();
  return {
    stop() {
      stopped = true;
      cancel();
    },
  };
}
