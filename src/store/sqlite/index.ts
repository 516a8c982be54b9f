/** A store in one SQLite file, written by a thread of its own; what it has confirmed survives `kill -9` and a power cut. */
import { resolve } from 'node:path';
import type { StoreDriver } from '../store.ts';
import { storeParts } from '../store-calls.ts';
import { RemoteStore } from './remote-store.ts';
import { startThread } from './start-thread.ts';

export const driver: StoreDriver = {
  kind: 'sqlite',
  async open({ path, now = Date.now }) {
    if (!path) throw new Error('The sqlite store needs a file: set store.path, or set store.kind to memory.');
    const remote = new RemoteStore(await startThread(resolve(path)));
    await remote.opened();
    return { kind: 'sqlite', ...storeParts((call) => remote.send(call), now), close: () => remote.close() };
  },
};
