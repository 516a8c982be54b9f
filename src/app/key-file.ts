/** Finds and opens the file that keeps the keys, as the configuration says. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { AccessAdmin } from '../access/access.ts';
import { AccessDocument } from '../access/access-document.ts';
import { lockedPolicy } from '../access/locked-policy.ts';
import { ManagedFile } from '../access/managed-file.ts';
import type { KeyFile } from '../commands/command.ts';
import { accessFileOf } from '../config/access-file.ts';
import { loadConfig } from '../config/load.ts';
import { checkKey, checkPolicy, parsePolicy, writePolicy } from '../config/managed-policy.ts';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../util/system-clock.ts';

export interface KeyFilePlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly explicitPath?: string;
}

/** A command that waits for another to let go of the file must not end meanwhile, as the timers of a router would let it. */
const patientClock: Clock = {
  now: systemClock.now,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const quiet = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };

/** Rejects with an Error that says what is wrong with the configuration. */
export async function findKeyFile({ cwd, env, explicitPath }: KeyFilePlace): Promise<KeyFile> {
  const loaded = await loadConfig({ cwd, env, home: homedir(), ...(explicitPath === undefined ? {} : { explicitPath }) });
  const { config } = loaded;
  const { access } = config;
  if (access !== undefined && access.managedConfigPath === undefined) {
    throw new Error(`The keys stand in access.managed of ${loaded.path ?? 'the configuration'}, which is yours to change. Set access.managedConfigPath there to the path of a file, and keys are kept in that.`);
  }
  const path = accessFileOf(config);
  const configured = access?.bootstrapIfMissing === true ? access.managed : null;
  return {
    path,
    config,
    exists: existsSync(path),
    policy: async () => (existsSync(path) ? (await openAt(path, null)).config() : configured),
    async open(lock) {
      if (existsSync(path) || access !== undefined) return openAt(path, configured);
      return lock ? openAt(path, lockedPolicy) : null;
    },
    check(fields) {
      const checked = checkKey({ ...fields, keyHash: `sha256:${'0'.repeat(64)}` });
      return 'problems' in checked ? checked.problems.map(({ message }) => message) : [];
    },
  };
}

/** Reads the file that a router would start with. Rejects with an Error that says what is wrong in it. */
export async function checkAccessFile({ cwd, env, explicitPath }: KeyFilePlace): Promise<void> {
  const { config } = await loadConfig({ cwd, env, home: homedir(), ...(explicitPath === undefined ? {} : { explicitPath }) });
  const used = config.access === undefined || config.access.managedConfigPath !== undefined;
  const path = accessFileOf(config);
  if (used && (existsSync(path) || config.access?.bootstrapIfMissing === false)) await openAt(path, null);
}

async function openAt(path: string, initial: ReturnType<AccessAdmin['config']> | null): Promise<AccessAdmin> {
  const file = await ManagedFile.open({ path, initial, text: { parse: parsePolicy, write: writePolicy }, clock: patientClock, log: quiet });
  // The store belongs to the router, which may be running.
  const lastUsed = { at: () => Promise.resolve(null), forget: () => Promise.resolve() };
  return new AccessDocument({ file, checks: { policy: checkPolicy, key: checkKey }, lastUsed, random: randomBytes });
}
