/** Keeps the policy that may change in a file: read at start and when it changes, written whole or not at all. */
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { errorCode } from '../util/error-code.ts';
import { lockFile } from './file-lock.ts';
import type { ManagedPolicy } from './policy.ts';
import { writeWhole } from './write-whole.ts';

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

export class ManagedFile {
  readonly #options: ManagedFileOptions;
  #policy: ManagedPolicy;
  /** What the file looked like when it was read or written last. */
  #seen: string;
  /** What was said of it last, so that it is not said every two seconds. */
  #complaint = '';
  #cancel: CancelTimer = () => {};
  #stopped = false;
  /** Reading and writing follow one another: what was read before a write must not be taken for newer. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: ManagedFileOptions, policy: ManagedPolicy, seen: string) {
    this.#options = options;
    this.#policy = policy;
    this.#seen = seen;
  }

  /** Rejects with an Error that says what to do when the file is missing, broken or not readable. */
  static async open(options: ManagedFileOptions): Promise<ManagedFile> {
    // Behind a link it is the file itself that is written and locked, and not the link replaced.
    const path = await realpath(options.path).catch(() => options.path);
    const { initial, text } = options;
    if (initial !== null && (await markOf(path)) === missing) await create({ ...options, path }, initial);
    const seen = await markOf(path);
    return new ManagedFile({ ...options, path }, text.parse(await read(path), path), seen);
  }

  /** The same object until it changes. */
  policy(): ManagedPolicy {
    return this.#policy;
  }

  /** Looks at the file again and again from now on. */
  watch(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(watchMs, () => void this.reload(false).finally(() => this.watch()));
  }

  /** Resolves when what was begun is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#last;
  }

  /** Takes over what was written by hand. A file that cannot be understood leaves the policy as it is, and the log says so. */
  reload(always: boolean): Promise<void> {
    return this.#inTurn(() => this.#reload(always));
  }

  /**
   * Makes a new version. `change` gets the policy as the file holds it now, whoever wrote it last. Rejects with `conflict`
   * when `expectedVersion` is another, `store_unavailable` when the file cannot be written, and with what `change` throws;
   * then nothing has changed.
   */
  update(expectedVersion: number | null, change: (policy: ManagedPolicy) => ManagedPolicy): Promise<ManagedPolicy> {
    return this.#inTurn(() => this.#update(expectedVersion, change));
  }

  #inTurn<Value>(run: () => Promise<Value>): Promise<Value> {
    const next = this.#last.then(run);
    this.#last = next.catch(() => {});
    return next;
  }

  async #reload(always: boolean): Promise<void> {
    const { path, text, log } = this.#options;
    const mark = await markOf(path);
    if (mark === this.#seen && !always) return;
    this.#seen = mark;
    try {
      const policy = this.#newer(text.parse(await read(path), path));
      if (this.#complaint !== '' || policy !== this.#policy) log.info({ path, version: policy.version }, 'access policy is read again');
      this.#policy = policy;
      this.#complaint = '';
    } catch (err) {
      const complaint = String(err);
      if (complaint !== this.#complaint || always) log.warn({ path, err }, 'the access file cannot be used; the policy from before still holds');
      this.#complaint = complaint;
    }
  }

  async #update(expectedVersion: number | null, change: (policy: ManagedPolicy) => ManagedPolicy): Promise<ManagedPolicy> {
    const { path, text, clock } = this.#options;
    try {
      const lock = await lockFile(path, clock);
      try {
        const current = this.#newer(text.parse(await read(path), path));
        if (expectedVersion !== null && expectedVersion !== current.version) {
          throw new RouterError('conflict', `Access config version mismatch: expected ${expectedVersion}, current ${current.version}`);
        }
        const written = text.write({ ...change(current), version: current.version + 1, updatedAt: new Date(clock.now()).toISOString() });
        // What would not be understood when it is read again is not written.
        const policy = text.parse(written, path);
        if (!(await writeWhole(path, written, lock.isHeld))) throw new RouterError('conflict', 'Another process is changing the access file. Try again.');
        this.#seen = await markOf(path);
        this.#policy = policy;
        return policy;
      } finally {
        await lock.release();
      }
    } catch (thrown) {
      throw asRouterError(thrown);
    }
  }

  /** Whoever edits by hand may forget the version: what differs is a version of its own, so that nobody replaces it who has not seen it. */
  #newer(read: ManagedPolicy): ManagedPolicy {
    if (read.version > this.#policy.version) return read;
    const { write } = this.#options.text;
    const same = write({ ...read, version: this.#policy.version }) === write(this.#policy);
    return same ? this.#policy : { ...read, version: this.#policy.version + 1 };
  }
}

/** Does nothing when another process was faster. */
async function create({ path, text, clock }: ManagedFileOptions, initial: ManagedPolicy): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const lock = await lockFile(path, clock);
    try {
      if ((await markOf(path)) === missing) await writeWhole(path, text.write(initial), lock.isHeld);
    } finally {
      await lock.release();
    }
  } catch (cause) {
    if (cause instanceof RouterError) throw cause;
    throw new Error(`The access file ${path} cannot be written (${errorCode(cause) ?? String(cause)}). Make its folder writable for the user that runs the router, or choose another place with access.managedConfigPath.`, { cause });
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = errorCode(cause) ?? String(cause);
    if (code === 'ENOENT') throw new Error(`The access file ${path} is missing. Write it, or set access.bootstrapIfMissing: true.`, { cause });
    throw new Error(`The access file ${path} cannot be read (${code}). Make it readable for the user that runs the router.`, { cause });
  }
}

const missing = 'missing';

/** Differs when the file was written again. */
async function markOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (thrown) {
    const code = errorCode(thrown) ?? String(thrown);
    return code === 'ENOENT' ? missing : `unreadable ${code}`;
  }
}

function asRouterError(thrown: unknown): RouterError {
  if (thrown instanceof RouterError) return thrown;
  return new RouterError('store_unavailable', `The access file could not be changed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
}
