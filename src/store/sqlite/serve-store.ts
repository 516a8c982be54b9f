/** The store's side of the conversation: whatever has arrived while a transaction was committed makes the next one. */
import type { MessagePort } from 'node:worker_threads';
import { GroupCommit } from './group-commit.ts';
import type { NumberedCall } from './group-commit.ts';
import { openFile } from './open-file.ts';
import type { OpenFile } from './open-file.ts';
import type { FromStore, ToStore } from './protocol.ts';
import { tablesOf } from './tables.ts';

/** Opens the file and answers on the port until it is told to close. */
export function serveStore(port: MessagePort, path: string): void {
  const say = (message: FromStore): void => port.postMessage(message);
  let file: OpenFile;
  try {
    file = openFile(path);
  } catch (thrown) {
    say({ kind: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown) });
    port.close();
    return;
  }
  const commit = new GroupCommit(file.database, tablesOf(file.database));
  let waiting: NumberedCall[] = [];
  const drain = (): void => {
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) say({ kind: 'answers', answers: commit.run(batch) });
  };
  port.on('message', (message: ToStore) => {
    if (message.kind === 'close') {
      drain();
      file.close();
      say({ kind: 'closed' });
      port.close();
      return;
    }
    waiting.push(message);
    if (waiting.length === 1) setImmediate(drain);
  });
  say({ kind: 'opened' });
}
