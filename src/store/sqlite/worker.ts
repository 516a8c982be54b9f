/** The store's thread: what `start-thread.ts` starts. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveStore } from './serve-store.ts';

if (parentPort) serveStore(parentPort, String((workerData as { readonly path: unknown }).path));
