/** Where the access policy lies that may change while the router runs. Pure. */
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';

/** The file that the configuration names, else the one that `oar keys create` makes beside the store. */
export function accessFileOf({ access, store }: Pick<Config, 'access' | 'store'>): string {
  return access?.managedConfigPath ?? join(dirname(store.path), 'access.yaml');
}
