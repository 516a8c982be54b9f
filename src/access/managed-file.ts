/** Keeps the policy that may change in a file: read at start and when it changes, written whole or not at all. */
import { type FileHandle, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { ManagedPolicy } from './policy.ts';

export interface PolicyText {
  /** Throws an Error whose message names what is wrong and where. */
  parse(text: string, file: string): ManagedPolicy;
  write(policy: ManagedPolicy): string;
}

export interface ManagedFileOptions {
  readonly path: string;
  /** Written when the file is missing; null: its absence is an error. */
  readonly initial: ManagedPolicy | null;
  readonly text: PolicyText;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the file is looked at. */
const watchMs = 2000;
/** A lock older than this was left by a process that died. */
const staleLockMs = 10_000;
const lockTries = 50;
const lockWaitMs = 20;

export class ManagedFile {
  readonly #options: ManagedFileOptions;
  #policy: ManagedPolicy;
  #seen: string;
  #cancel: CancelTimer = () => {};
  #stopped = false;
  /** Writes follow one another. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: ManagedFileOptions, policy: ManagedPolicy, seen: string) {
    this.#options = options;
    this.#policy = policy;
    this.#seen = seen;
  }

  /** Rejects with an Error that says what to do when the file is missing, broken or not readable. */
  static async open(options: ManagedFileOptions): Promise<ManagedFile> {
    const { path, initial, text } = options;
    const written = await readIfThere(path);
    if (written !== null) return new ManagedFile(options, text.parse(written, path), await markOf(path));
    if (initial === null) throw new Error(`The access file ${path} is missing. Write it, or set access.bootstrapIfMissing: true.`);
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, text.write(initial));
    return new ManagedFile(options, initial, await markOf(path));
  }

  policy(): ManagedPolicy {
    return this.#policy;
  }

  /** Looks at the file again and again from now on. */
  watch(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(watchMs, () => void this.reload(false).finally(() => this.watch()));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Takes over what was written by hand. A file that cannot be understood leaves the policy as it is, and the log says so. */
  async reload(always: boolean): Promise<void> {
    const { path, text, log } = this.#options;
    try {
      const mark = await markOf(path);
      if (mark === this.#seen && !always) return;
      this.#seen = mark;
      this.#policy = text.parse(await readFile(path, 'utf8'), path);
      log.info({ path, version: this.#policy.version }, 'access policy is read again');
    } catch (err) {
      log.warn({ path, err }, 'the access file cannot be used; the policy from before still holds');
    }
  }

  /**
   * Makes a new version. `change` gets the policy as the file holds it now, whoever wrote it last. Rejects with `conflict`
   * when `expectedVersion` is another, `store_unavailable` when the file cannot be written; then nothing has changed.
   */
  update(expectedVersion: number | null, change: (policy: ManagedPolicy) => ManagedPolicy): Promise<ManagedPolicy> {
    const next = this.#last.then(() => this.#update(expectedVersion, change));
    this.#last = next.catch(() => {});
    return next;
  }

  async #update(expectedVersion: number | null, change: (policy: ManagedPolicy) => ManagedPolicy): Promise<ManagedPolicy> {
    const { path, text, clock } = this.#options;
    const unlock = await lock(path, clock);
    try {
      const current = text.parse(await readFile(path, 'utf8'), path);
      if (expectedVersion !== null && expectedVersion !== current.version) {
        throw new RouterError('conflict', `Access config version mismatch: expected ${expectedVersion}, current ${current.version}`);
      }
      const policy = { ...change(current), version: current.version + 1, updatedAt: new Date(clock.now()).toISOString() };
      await writeWhole(path, text.write(policy));
      this.#policy = policy;
      this.#seen = await markOf(path);
      return policy;
    } catch (thrown) {
      if (thrown instanceof RouterError) throw thrown;
      throw new RouterError('store_unavailable', `The access file could not be changed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
    } finally {
      await unlock();
    }
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null;
    throw new Error(`The access file ${path} cannot be read (${codeOf(thrown)}).`, { cause: thrown });
  }
}

/** Differs when the file was written again. */
async function markOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

/** Readable by its owner alone; after a crash there is the old file or the new one, whole. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** So that the new name survives a crash; not every system can do that with a folder. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } catch {
    return;
  } finally {
    await folder?.close();
  }
}

/** Keeps other processes from changing the file in between. Resolves with the way to unlock. */
async function lock(path: string, clock: Clock): Promise<() => Promise<void>> {
  const name = `${path}.lock`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await (await open(name, 'wx', 0o600)).close();
      return () => unlink(name).catch(() => {});
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown;
      if (attempt >= lockTries) throw new RouterError('conflict', 'Another process is changing the access file. Try again.');
      await removeStale(name, clock);
      await new Promise<void>((resolve) => void clock.after(lockWaitMs, resolve));
    }
  }
}

async function removeStale(name: string, clock: Clock): Promise<void> {
  const age = await stat(name).then(({ mtimeMs }) => clock.now() - mtimeMs, () => 0);
  if (age > staleLockMs) await unlink(name).catch(() => {});
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
}
