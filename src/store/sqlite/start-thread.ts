/** Starts the store's thread, so that a wait for the disk never holds up a request. */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { FromStore, ToStore } from './protocol.ts';

/** The router's end of the conversation with the store. */
export interface StoreThread {
  post(message: ToStore): void;
  /** Messages in order; `gone` once, when the thread has ended, with the reason if it failed. */
  listen(heard: (message: FromStore) => void, gone: (cause?: Error) => void): void;
}

/** Resolves when the conversation can begin; whether the file could be opened is its first message. */
export function startThread(path: string): Promise<StoreThread> | StoreThread {
  // A thread cannot run TypeScript on every supported Node: from sources, the same code answers in this one.
  return import.meta.url.endsWith('.ts') ? sameThread(path) : ownThread(path);
}

/** What it makes of a batch is garbage right after: more room for that costs memory and saves no time. */
const youngMb = 4;

function ownThread(path: string): StoreThread {
  // Not the program's own flags, such as --input-type; and no word about the SQLite of Node 22 being new.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { path }, resourceLimits: { maxYoungGenerationSizeMb: youngMb }, execArgv: ['--disable-warning=ExperimentalWarning'] });
  return {
    post: (message) => worker.postMessage(message),
    listen(heard, gone) {
      let cause: Error | undefined;
      worker.on('message', heard);
      worker.on('error', (thrown: Error) => {
        cause = thrown;
      });
      worker.on('exit', () => gone(cause));
    },
  };
}

async function sameThread(path: string): Promise<StoreThread> {
  const { serveStore } = await import('./serve-store.ts');
  const { port1, port2 } = new MessageChannel();
  serveStore(port2, path);
  return {
    post: (message) => port1.postMessage(message),
    listen(heard, gone) {
      port1.on('message', heard);
      port1.on('close', () => gone());
    },
  };
}
