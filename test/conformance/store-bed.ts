/** Opens a store of any driver for one test, with its own file and a clock that the test sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, StoreDriver } from '../../src/store/store.ts';

export async function withStore<T>(driver: StoreDriver, use: (store: Store) => Promise<T>, now: () => number = () => 0): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oar-store-'));
  const store = await driver.open({ path: join(folder, 'router.db'), now });
  try {
    return await use(store);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
