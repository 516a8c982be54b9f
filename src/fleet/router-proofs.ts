/** Shows machines that this router knows their secret, or the join token, so that they tell neither to somebody who only says that he is the router. */
import { proofOf, type ProofTerms, tokenKey } from '../util/router-proof.ts';
import type { EnrolmentBook } from './enrolment.ts';
import type { RouterProof } from './fleet.ts';

export class RouterProofs {
  readonly #book: () => EnrolmentBook;
  readonly #tokenHash: () => string | null;
  /** Dear to work out: once a token. */
  #key: { readonly of: string; readonly key: Promise<string> } | null = null;

  /** `tokenHash`: of the token that lets machines in now; null: none does. */
  constructor(book: () => EnrolmentBook, tokenHash: () => string | null) {
    this.#book = book;
    this.#tokenHash = tokenHash;
  }

  /** Of what it does not know it proves nothing. */
  async prove(terms: ProofTerms): Promise<RouterProof> {
    const secretHash = this.#book().nodes.get(terms.nodeId)?.secretHash ?? null;
    const tokenHash = this.#tokenHash();
    return {
      ...(secretHash === null ? {} : { secret: proofOf('secret', secretHash, terms) }),
      ...(tokenHash === null ? {} : { token: proofOf('token', await this.#keyOf(tokenHash), terms) }),
    };
  }

  #keyOf(tokenHash: string): Promise<string> {
    if (this.#key?.of !== tokenHash) this.#key = { of: tokenHash, key: tokenKey(tokenHash) };
    return this.#key.key;
  }
}
