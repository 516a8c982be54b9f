/** Puts the access room together: the policy from its file or the configuration, and the door that holds to it. */
import { existsSync } from 'node:fs';
import { AccessControl, type AccessParts } from '../access/create-access.ts';
import { ManagedFile } from '../access/managed-file.ts';
import type { AccessSettings, ManagedPolicy } from '../access/policy.ts';
import { accessFileOf } from '../config/access-file.ts';
import type { Config } from '../config/config.ts';
import { parsePolicy, writePolicy } from '../config/managed-policy.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../telemetry/telemetry.ts';

export interface OpenAccess {
  /** Null: nobody is asked for a key, as on a machine of one's own. */
  readonly control: AccessControl | null;
  /** Where the policy is kept when it may change; null: it is as the configuration says. */
  readonly file: ManagedFile | null;
  readonly policy: () => ManagedPolicy;
}

export interface AccessSources {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly denied: AccessParts['denied'];
  readonly used: AccessParts['used'];
}

/** Rejects with an Error that says what is wrong with the policy or its file. */
export async function openAccess({ config, clock, log, denied, used }: AccessSources): Promise<OpenAccess> {
  const file = await openFile(config, clock, log);
  const configured = config.access?.managed;
  if (file === null && configured === undefined) return { control: null, file: null, policy: () => openPolicy };
  const policy = file === null ? () => configured ?? openPolicy : () => file.policy();
  return { control: new AccessControl({ settings: settingsOf(config), policy, denied, used }), file, policy };
}

async function openFile(config: Config, clock: Clock, log: Log): Promise<ManagedFile | null> {
  const { access } = config;
  const path = accessFileOf(config);
  const named = access?.managedConfigPath !== undefined;
  if (!named && (access !== undefined || !existsSync(path))) return null;
  const initial = access?.bootstrapIfMissing === true ? access.managed : null;
  return ManagedFile.open({ path, initial, text: { parse: parsePolicy, write: writePolicy }, clock, log });
}

function settingsOf({ access }: Config): AccessSettings {
  const none = { enabled: false, auditLog: true, allowedIps: ['127.0.0.1', '::1'], apiKeyHashes: [], clientCert: { required: false, allowedFingerprints: [], allowedSubjects: [] } };
  return { admin: access?.admin ?? none, trustedProxies: access?.admin.trustedProxy ?? [], allowOpenNetwork: access?.allowOpenNetwork ?? false };
}

const openPlane = { enabled: true, auth: { requireApiKey: false, anonymous: 'allow' } } as const;
const openPolicy: ManagedPolicy = { version: 0, planes: { standalone: openPlane, runtimeAgent: openPlane }, apiKeys: [] };

/** Does any plane let in callers of other machines without a key? */
export function isOpenToOthers({ planes }: ManagedPolicy): boolean {
  return Object.values(planes).some(({ enabled, auth }) => enabled && !auth.requireApiKey && auth.anonymous !== 'reject');
}
