/** Keeps machines apart that call themselves the same: those with a secret by it, the others by where they are. Pure but for its memory. */
import type { Heartbeat } from './fleet.ts';

export interface NameSources {
  /** Is a machine of this id there now? */
  isHeard(id: string): boolean;
  /** Where a machine of this id that has no secret was let in from; null: nobody was, or it has one. */
  boundTo(id: string): string | null;
}

interface Origin {
  readonly base: string;
  readonly key: string;
  readonly sender: string;
}

type Told = Pick<Heartbeat, 'report' | 'sender' | 'address'>;

export class NodeNames {
  readonly #sources: NameSources;
  readonly #origins = new Map<string, Origin>();

  constructor(sources: NameSources) {
    this.#sources = sources;
  }

  /** The id of the one that reports; its own, or with an addition while another has that. */
  idOf(told: Told, secretHash: string | null): string {
    const base = told.report.nodeId;
    const key = originOf(told, secretHash);
    const added = `${base}-${additionFor(told, secretHash)}`;
    if (this.#origins.get(added)?.key === key) return added;
    const bound = this.#sources.boundTo(base);
    const elsewhere = bound !== null && secretHash === null && bound !== told.sender;
    const held = this.#sources.isHeard(base) && this.#origins.has(base) && this.#origins.get(base)?.key !== key;
    return elsewhere || held ? added : base;
  }

  remember(id: string, told: Told, secretHash: string | null): void {
    this.#origins.set(id, { base: told.report.nodeId, key: originOf(told, secretHash), sender: told.sender });
  }

  /** Whom a sender means by the name that it calls itself. */
  meant(base: string, sender: string): string {
    const ids = [...this.#origins].filter(([, origin]) => origin.base === base && origin.sender === sender).map(([id]) => id);
    const [only] = ids;
    return ids.length === 1 && only !== undefined ? only : base;
  }

  /** Keeps those alone for which it holds. */
  keep(isKnown: (id: string) => boolean): void {
    for (const id of [...this.#origins.keys()]) if (!isKnown(id)) this.#origins.delete(id);
  }
}

function portOf({ report }: Told): number {
  return report.servers[0]?.port ?? 0;
}

function originOf(told: Told, secretHash: string | null): string {
  return secretHash ?? `${told.sender} ${told.address} ${portOf(told)}`;
}

/** Says where it is; what has a secret may be anywhere. */
function additionFor(told: Told, secretHash: string | null): string {
  if (secretHash !== null) return secretHash.replace(/^sha256:/, '').slice(0, 6);
  return told.address === '127.0.0.1' ? String(portOf(told)) : `${told.address.replace(/[^a-z0-9.]+/gi, '-')}-${portOf(told)}`;
}
