/** Keeps other processes from changing a file: a second file beside it, which only one of them can make. */
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { errorCode } from '../util/error-code.ts';
import { pause } from '../util/pause.ts';

export interface FileLock {
  /** False when another process took it for abandoned: whoever held it must not write any more. */
  isHeld(): Promise<boolean>;
  /** Never rejects. */
  release(): Promise<void>;
}

/** Nobody takes as long as this to write a small file: the one who locked it has died. */
const abandonedMs = 10_000;
const tryEveryMs = 5;
const longestWaitMs = 5_000;

/** Waits for others. Rejects with `conflict` when they do not let go, and with the codes of node:fs. */
export async function lockFile(path: string, clock: Clock): Promise<FileLock> {
  const name = `${path}.lock`;
  const endsAt = clock.now() + longestWaitMs;
  for (;;) {
    const mark = await make(name);
    if (mark !== null) return held(name, mark);
    if (clock.now() >= endsAt) throw new RouterError('conflict', 'Another process is changing the access file. Try again.');
    await removeAbandoned(name, clock.now());
    await pause(clock, tryEveryMs);
  }
}

function held(name: string, mark: string): FileLock {
  const isHeld = async (): Promise<boolean> => (await look(name))?.mark === mark;
  return {
    isHeld,
    async release() {
      if (await isHeld()) await unlink(name).catch(() => {});
    },
  };
}

/** Null when there is one already. */
async function make(name: string): Promise<string | null> {
  try {
    const file = await open(name, 'wx', 0o600);
    try {
      return markOf(await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return null;
    throw thrown;
  }
}

/** Two who find it abandoned at once must not both remove it, since by then it may be the other's new one: what was moved away is looked at again. */
async function removeAbandoned(name: string, now: number): Promise<void> {
  const found = await look(name);
  // A clock that was set back makes it seem to come from the future.
  if (found === null || Math.abs(now - found.modifiedAt) < abandonedMs) return;
  const aside = `${name}.${process.pid}`;
  const moved = await rename(name, aside).then(() => look(aside), () => null);
  if (moved === null) return;
  if (moved.mark !== found.mark) await link(aside, name).catch(() => {});
  await unlink(aside).catch(() => {});
}

async function look(name: string): Promise<{ readonly mark: string; readonly modifiedAt: number } | null> {
  const found = await stat(name, { bigint: true }).catch(() => null);
  return found === null ? null : { mark: markOf(found), modifiedAt: Number(found.mtimeMs) };
}

function markOf({ ino, mtimeNs }: { readonly ino: bigint; readonly mtimeNs: bigint }): string {
  return `${ino} ${mtimeNs}`;
}
