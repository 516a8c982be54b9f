/** How a router proves to a machine that it knows the machine's secret, or the join token, before the machine says either. */
import { createHmac, scrypt, timingSafeEqual } from 'node:crypto';
import { parseAddress } from './address-ranges.ts';

/**
 * What both sides know before: the machine sends a number, the router answers with a keyed hash of it (RFC 2104) in which its own address stands. An answer
 * that somebody fetched from the router and passes on carries the router's address instead of his.
 */
export interface ProofTerms {
  readonly nodeId: string;
  /** Drawn by the machine, for this one question. */
  readonly nonce: string;
  /** The address that the machine called, in any way of writing it. */
  readonly address: string;
  readonly port: number;
}

export type ProofKind = 'token' | 'secret';

/** `key`: the hash of the machine's secret, or the join token's key. */
export function proofOf(kind: ProofKind, key: string, { nodeId, nonce, address, port }: ProofTerms): string {
  return createHmac('sha256', key).update(JSON.stringify(['oar router proof', kind, nodeId, nonce, parseAddress(address) ?? address, port]), 'utf8').digest('base64url');
}

/** Takes the same time whatever is shown. */
export function isProof(shown: string, expected: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Work for each guess of a token that somebody made up: about 16 MiB and a few hundredths of a second (RFC 7914). */
const cost = { N: 16_384, r: 8, p: 1 };

/** What a join token proves itself with. Anybody may ask a router for a proof and try words against it, so that each try is made dear. */
export function tokenKey(tokenHash: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(tokenHash, 'oar join token', 32, cost, (error, key) => (error === null ? resolve(key.toString('base64url')) : reject(error)));
  });
}

/** A machine's secret for one address, of which nobody else can tell another's: what a stranger is shown is worth nothing elsewhere. */
export function secretFor(secret: string, url: string): string {
  return createHmac('sha256', secret).update(`oar secret for ${url}`, 'utf8').digest('base64url');
}
