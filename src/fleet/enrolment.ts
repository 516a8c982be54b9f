/** Who belongs to the fleet: each machine's secret is bound to its id when it joins. Pure. */

/** One machine that was let in. */
export interface Enrolment {
  /** `sha256:…` of the secret that it made for itself; null: it has none, and is known by its address. */
  readonly secretHash: string | null;
  readonly address: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** All that is kept of them over restarts, as one document. */
export interface EnrolmentBook {
  /** `sha256:…` of the join token that was made here; null: none was. */
  readonly tokenHash: string | null;
  readonly nodes: ReadonlyMap<string, Enrolment>;
  /** Machines that somebody told to take no new work. */
  readonly drained: ReadonlySet<string>;
}

export const emptyBook: EnrolmentBook = { tokenHash: null, nodes: new Map(), drained: new Set() };

export const mostEnrolled = 1000;

export interface Claim {
  readonly id: string;
  /** Where the report comes from. */
  readonly sender: string;
  /** Null: it shows none. */
  readonly secretHash: string | null;
  readonly token: 'right' | 'wrong' | 'none';
  /** Does this router take whoever calls from its own machine, and is it such a caller? */
  readonly trusted: boolean;
  /** Of one that waits under this id: the hash of its secret; undefined: nobody waits under it. */
  readonly waitingHash: string | null | undefined;
}

/** `join`: it is to be written down. */
export type Verdict = 'enrolled' | 'join' | 'waiting' | 'wrong_secret' | 'wrong_token' | 'no_secret';

export function judge(book: EnrolmentBook, { id, sender, secretHash, token, trusted, waitingHash }: Claim): Verdict {
  const known = book.nodes.get(id);
  if (known !== undefined) return isIt(known, sender, secretHash) ? 'enrolled' : 'wrong_secret';
  if (trusted) return 'enrolled';
  if (token === 'wrong') return 'wrong_token';
  // What cannot be told from others of the same name cannot be let in by a word that many know.
  if (token === 'right') return secretHash === null ? 'no_secret' : 'join';
  return waitingHash === undefined || waitingHash === secretHash ? 'waiting' : 'wrong_secret';
}

function isIt(known: Enrolment, sender: string, secretHash: string | null): boolean {
  return known.secretHash === null ? secretHash === null && known.address === sender : known.secretHash === secretHash;
}

export function withNode(book: EnrolmentBook, id: string, enrolment: Enrolment): EnrolmentBook {
  return { ...book, nodes: new Map([...book.nodes, [id, enrolment]]) };
}

export function withoutNode(book: EnrolmentBook, id: string): EnrolmentBook {
  const nodes = new Map(book.nodes);
  nodes.delete(id);
  return { ...withDrained(book, id, false), nodes };
}

export function withDrained(book: EnrolmentBook, id: string, draining: boolean): EnrolmentBook {
  const drained = new Set(book.drained);
  if (draining) drained.add(id);
  else drained.delete(id);
  return { ...book, drained };
}

export function writeBook({ tokenHash, nodes, drained }: EnrolmentBook): string {
  return JSON.stringify({ version: 1, tokenHash, nodes: Object.fromEntries(nodes), drained: [...drained] });
}

/** Null for what was not written by `writeBook`. */
export function readBook(text: string): EnrolmentBook | null {
  try {
    const { version, tokenHash, nodes, drained } = JSON.parse(text) as { version?: unknown; tokenHash: string | null; nodes: Record<string, Enrolment>; drained: string[] };
    return version === 1 ? { tokenHash, nodes: new Map(Object.entries(nodes)), drained: new Set(drained) } : null;
  } catch {
    return null;
  }
}
