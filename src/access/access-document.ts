/** Changes the policy and its keys as an admin asks, after checking what they wrote. */
import { RouterError } from '../core/errors.ts';
import type { AccessAdmin, KeyChange } from './access.ts';
import { newSecret } from './key-secrets.ts';
import { hashOf } from '../util/secret-hash.ts';
import type { LastUsed } from './last-used.ts';
import type { ManagedFile } from './managed-file.ts';
import type { KeyPolicy, ManagedPolicy } from './policy.ts';

interface Problems {
  readonly problems: readonly { readonly place: string; readonly message: string }[];
}

/** Everything that is wrong at once, or the thing itself with every default in place. */
export interface PolicyChecks {
  policy(tree: unknown): { readonly policy: ManagedPolicy } | Problems;
  key(tree: unknown): { readonly key: KeyPolicy } | Problems;
}

export interface AccessDocumentParts {
  readonly file: Pick<ManagedFile, 'policy' | 'update'>;
  readonly checks: PolicyChecks;
  readonly lastUsed: Pick<LastUsed, 'at' | 'forget'>;
  /** So many bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array;
}

type Fields = Readonly<Record<string, unknown>>;

const changeable = ['enabled', 'name', 'limits', 'expiresAt', 'scopes', 'models', 'maxPriority'];
const mostTold = 10;

export class AccessDocument implements AccessAdmin {
  readonly #parts: AccessDocumentParts;

  constructor(parts: AccessDocumentParts) {
    this.#parts = parts;
  }

  config(): ManagedPolicy {
    return this.#parts.file.policy();
  }

  async replace(config: unknown, expectedVersion: number | null): Promise<ManagedPolicy> {
    const checked = this.#parts.checks.policy(config);
    if ('problems' in checked) throw refused(checked);
    return this.#parts.file.update(expectedVersion, () => checked.policy);
  }

  async keys() {
    const { file, lastUsed } = this.#parts;
    const { version, apiKeys } = file.policy();
    const keys = await Promise.all(apiKeys.map(async ({ keyHash: _keyHash, ...key }) => ({ ...key, lastUsedAt: await lastUsed.at(key.id) })));
    return { version, keys };
  }

  async addKey(fields: Fields, expectedVersion: number | null): Promise<KeyChange> {
    const secret = fields['keyHash'] == null ? newSecret(this.#parts.random) : undefined;
    const key = this.#checked(secret === undefined ? fields : { ...fields, keyHash: hashOf(secret) });
    const { version } = await this.#parts.file.update(expectedVersion, (policy) => {
      if (policy.apiKeys.some(({ id }) => id === key.id)) throw new RouterError('conflict', `API key with id '${key.id}' already exists`);
      return { ...policy, apiKeys: [...withoutHash(policy, key), key] };
    });
    await this.#parts.lastUsed.forget(key.id);
    return { key, version, ...(secret === undefined ? {} : { secret }) };
  }

  async changeKey(id: string, fields: Fields, expectedVersion: number | null): Promise<KeyChange> {
    const strange = Object.keys(fields).find((name) => !changeable.includes(name));
    if (strange !== undefined) throw new RouterError('invalid_request', `${strange} cannot be changed. What can be is ${changeable.join(', ')}.`, { param: strange });
    // What is taken away falls back to its default: a key that is off would be on again, unasked.
    if (fields['enabled'] === null) throw new RouterError('invalid_request', 'enabled must be true or false.', { param: 'enabled' });
    return this.#swap(id, expectedVersion, (key) => this.#checked({ ...key, ...fields }));
  }

  async rotateKey(id: string, expectedVersion: number | null): Promise<KeyChange> {
    const secret = newSecret(this.#parts.random);
    return { ...(await this.#swap(id, expectedVersion, (key) => ({ ...key, keyHash: hashOf(secret) }))), secret };
  }

  async revokeKey(id: string, expectedVersion: number | null): Promise<KeyChange> {
    let revoked: KeyPolicy | undefined;
    const { version } = await this.#parts.file.update(expectedVersion, (policy) => {
      revoked = keyIn(policy, id);
      return { ...policy, apiKeys: policy.apiKeys.filter((key) => key.id !== id) };
    });
    await this.#parts.lastUsed.forget(id);
    return { key: revoked ?? missing(id), version };
  }

  async #swap(id: string, expectedVersion: number | null, change: (key: KeyPolicy) => KeyPolicy): Promise<KeyChange> {
    let changed: KeyPolicy | undefined;
    const { version } = await this.#parts.file.update(expectedVersion, (policy) => {
      const key = change(keyIn(policy, id));
      changed = key;
      return { ...policy, apiKeys: policy.apiKeys.map((one) => (one.id === id ? key : one)) };
    });
    return { key: changed ?? missing(id), version };
  }

  #checked(tree: Fields): KeyPolicy {
    const checked = this.#parts.checks.key(tree);
    if ('problems' in checked) throw refused(checked);
    return checked.key;
  }
}

/** The keys of the policy. Throws `conflict` when one of them is the same under another id. */
function withoutHash({ apiKeys }: ManagedPolicy, { keyHash }: KeyPolicy): readonly KeyPolicy[] {
  const same = apiKeys.find((key) => key.keyHash.toLowerCase() === keyHash.toLowerCase());
  if (same !== undefined) throw new RouterError('conflict', `The same key exists already, with the id '${same.id}'`);
  return apiKeys;
}

function keyIn({ apiKeys }: ManagedPolicy, id: string): KeyPolicy {
  return apiKeys.find((key) => key.id === id) ?? missing(id);
}

function missing(id: string): never {
  throw new RouterError('not_found', `API key '${id}' not found`);
}

function refused({ problems }: Problems): RouterError {
  const told = problems.slice(0, mostTold).map(({ message }) => message);
  const more = problems.length - told.length;
  return new RouterError('invalid_request', [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join(' '), { param: problems[0]?.place ?? '' });
}
