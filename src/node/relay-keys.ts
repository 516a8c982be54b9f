/** The keys of the relay: one a server, made here and told to the router alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface RelayTarget {
  readonly name: string;
  /** May carry a path, below which every request stays. */
  readonly url: string;
  readonly apiKey?: string;
}

export class RelayKeys {
  readonly #byName = new Map<string, { readonly key: string; readonly digest: Buffer; target: RelayTarget }>();

  /** The same key for as long as the agent runs. */
  keyFor(target: RelayTarget): string {
    const known = this.#byName.get(target.name);
    if (known !== undefined) {
      known.target = target;
      return known.key;
    }
    const key = `oar_relay_${randomBytes(32).toString('base64url')}`;
    this.#byName.set(target.name, { key, digest: digestOf(key), target });
    return key;
  }

  /** Null: no server has the key of this `Authorization`. Each comparison takes the same time, whatever is shown. */
  find(authorization: string | undefined): RelayTarget | null {
    const shown = digestOf(/^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '');
    let found: RelayTarget | null = null;
    for (const { digest, target } of this.#byName.values()) {
      if (timingSafeEqual(digest, shown)) found = target;
    }
    return found;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What belongs to one connection stays on it, and what that connection names as its own too. */
export function endToEnd(headers: Headers, without: readonly string[] = []): Record<string, string | string[]> {
  const named = String(headers['connection'] ?? '').toLowerCase().split(',').map((name) => name.trim());
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !hopByHop.has(name) && !named.includes(name) && !without.includes(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}

/** The path at the server for one that was asked for; null when it is no path, or would climb out of where it belongs. */
export function pathBelow(base: string, asked: string): string | null {
  if (!asked.startsWith('/')) return null;
  const [path = '', query] = asked.split(/\?(.*)/s);
  if (path.split('/').some((segment) => readable(segment).split(/[\\/]/).some((part) => part === '.' || part === '..'))) return null;
  return `${base.replace(/\/+$/, '')}${path}${query === undefined ? '' : `?${query}`}`;
}

function readable(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '..';
  }
}
