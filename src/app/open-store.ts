/** Opens what the configuration asks for: one store for everything, or one of their own for the jobs. */
import type { LoadedConfig } from '../config/config.ts';
import { drivers } from '../store/index.gen.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';

interface Place {
  readonly kind: string;
  readonly path: string;
}

/** Rejects with an Error whose message says what to do. `now` in epoch milliseconds. */
export async function openStore({ config, fromFile }: Pick<LoadedConfig, 'config' | 'fromFile'>, now: () => number, log: Log): Promise<Store> {
  const forJobs: Place = { kind: config.jobs.store ?? config.store.kind, path: config.jobs.path ?? config.store.path };
  // Who says only where jobs are kept says it for everything.
  const forRest: Place = fromFile.store ? config.store : forJobs;
  if (forJobs.kind === 'memory') log.warn({ store: 'memory' }, 'jobs are kept in memory: a restart loses them');
  if (forRest.kind === 'memory') log.warn({ store: 'memory' }, 'token counts and conversations are kept in memory: a restart loses them');
  if (forJobs.kind === forRest.kind && (forJobs.kind === 'memory' || forJobs.path === forRest.path)) return openAt(forRest, now);
  const rest = await openAt(forRest, now);
  try {
    const own = await openAt(forJobs, now);
    return { ...rest, kind: own.kind, jobs: own.jobs, close: async () => void (await Promise.all([own.close(), rest.close()])) };
  } catch (thrown) {
    await rest.close();
    throw thrown;
  }
}

async function openAt({ kind, path }: Place, now: () => number): Promise<Store> {
  const driver = drivers.find((one) => one.kind === kind);
  if (!driver) throw new Error(`There is no store ${kind}; there are ${drivers.map((one) => one.kind).join(', ')}.`);
  return driver.open({ path, now });
}
