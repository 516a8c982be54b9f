/** Who this machine is: a name that no other has, and a secret, made once and kept in a file of its owner's alone. */
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import { textIn } from './known-values.ts';
import { isObject } from '../util/json-object.ts';

export interface NodeIdentity {
  readonly id: string;
  /** What this machine makes the secrets from that it shows; shown to nobody itself. */
  readonly secret: string;
  /** Absent: no router has let it in yet. */
  readonly membership?: Membership;
}

/** Where the machine belongs. */
export interface Membership {
  /** By which the router knows the machine, and proves itself to it. */
  readonly secret: string;
  /** The name that the router announces itself with; absent: a person has named its address. */
  readonly router?: string;
}

export interface IdentityPlace {
  readonly folder: string;
  readonly hostName: string;
  random(bytes: number): Uint8Array;
}

/** What a node may be called; it becomes part of headers. */
const validId = /^[a-z0-9][a-z0-9._-]{0,127}$/i;

export function identityPath(folder: string): string {
  return join(folder, 'node.json');
}

/** Rejects with an Error for people. */
export async function loadIdentity(place: IdentityPlace, givenId?: string): Promise<NodeIdentity> {
  if (givenId !== undefined && !validId.test(givenId)) throw new Error(`${JSON.stringify(givenId)} cannot be the id of a node: it begins with a letter or digit and has at most 128 letters, digits, dots, dashes and underscores.`);
  const kept = (await readIdentity(place.folder)) ?? (await makeIdentity(place));
  return givenId === undefined ? kept : { ...kept, id: givenId };
}

/** The short name of the host, so that people know it, and a few letters that no other machine of that name has. */
export function newNodeId(hostName: string, random: IdentityPlace['random']): string {
  const short = (hostName.split('.')[0] ?? '').toLowerCase().replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40) || 'node';
  return `${short}-${[...random(5)].map((byte) => (byte % 36).toString(36)).join('')}`;
}

/** Remembers the router that let this machine in, null: that none does; the id stays the one in the file. */
export async function rememberMembership(folder: string, membership: Membership | null): Promise<void> {
  const kept = await readIdentity(folder);
  if (kept === null) return;
  const { id, secret } = kept;
  const draft = `${identityPath(folder)}.${process.pid}.new`;
  await writeFile(draft, text({ id, secret, ...(membership === null ? {} : { membership }) }), { mode: 0o600 });
  await rename(draft, identityPath(folder));
}

async function readIdentity(folder: string): Promise<NodeIdentity | null> {
  const path = identityPath(folder);
  let written: string;
  try {
    written = await readFile(path, 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return null;
    throw new Error(`${path} cannot be read (${errorCode(thrown) ?? String(thrown)}). It holds who this machine is.`, { cause: thrown });
  }
  const value = parsed(written);
  const [id, secret] = [textIn(value['id']), textIn(value['secret'])];
  if (id === undefined || secret === undefined || !validId.test(id)) throw new Error(`${path} does not hold who this machine is. Remove it, and the machine gets a new id that has to be approved again.`);
  const membership = membershipIn(value['membership']);
  return { id, secret, ...(membership === undefined ? {} : { membership }) };
}

function membershipIn(value: unknown): Membership | undefined {
  if (!isObject(value)) return undefined;
  const [secret, router] = [textIn(value['secret']), textIn(value['router'])];
  return secret === undefined ? undefined : { secret, ...(router === undefined ? {} : { router }) };
}

function parsed(written: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(written);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Two that start at once agree: the file appears whole or not at all, and whoever comes second reads the first one's. */
async function makeIdentity({ folder, hostName, random }: IdentityPlace): Promise<NodeIdentity> {
  const made: NodeIdentity = { id: newNodeId(hostName, random), secret: Buffer.from(random(32)).toString('base64url') };
  const path = identityPath(folder);
  const draft = `${path}.${made.id}.new`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, text(made), { mode: 0o600 });
    await link(draft, path);
    return made;
  } catch (thrown) {
    const other = errorCode(thrown) === 'EEXIST' ? await readIdentity(folder) : null;
    if (other !== null) return other;
    throw new Error(`${path} cannot be written (${errorCode(thrown) ?? String(thrown)}). It keeps who this machine is; name another folder with --state-dir.`, { cause: thrown });
  } finally {
    await unlink(draft).catch(() => {});
  }
}

function text(identity: NodeIdentity): string {
  return `${JSON.stringify(identity, null, 2)}\n`;
}
