/** Decides what a router is told: the secret of this machine and the join token are for routers that have shown that they know one of them, or were named by whoever started the agent. */
import { isObject } from '../util/json-object.ts';
import { isProof, proofOf, type ProofTerms, secretFor, tokenKey } from '../util/router-proof.ts';
import { hashOf } from '../util/secret-hash.ts';
import { jsonIn, numberIn, textIn } from './known-values.ts';
import type { Terminal } from './node.ts';
import type { Membership, NodeIdentity } from './node-identity.ts';
import type { RouterLink } from './router-link.ts';

/** What this machine shows a router. */
export interface RouterTerms {
  /** By which the router knows it again. */
  readonly secret: string;
  readonly joinToken: string | null;
}

/** Where a router is; `name` is the one it announces itself with, absent where a person has named its address. */
export interface NamedRouter {
  readonly url: string;
  readonly name?: string;
}

export interface TrustParts {
  readonly identity: NodeIdentity;
  readonly joinToken: string | null;
  readonly link: Pick<RouterLink, 'post'>;
  /** A number that was never drawn before, in 16 to 128 letters, digits, dashes and underscores. */
  newNonce(): string;
  /** Writes down where this machine belongs, for the next start; null: nowhere any more. */
  keep(membership: Membership | null): void;
  readonly terminal: Terminal;
}

interface Proof {
  readonly terms: ProofTerms;
  readonly secret?: string | undefined;
  readonly token?: string | undefined;
}

export class RouterTrust {
  readonly #parts: TrustParts;
  readonly #warned = new Set<string>();
  #membership: Membership | null;
  #tokenKey: Promise<string> | null = null;

  constructor(parts: TrustParts) {
    this.#parts = parts;
    this.#membership = parts.identity.membership ?? null;
  }

  /** The name of the router that has let this machine in; undefined: none yet, or one without a name. */
  get router(): string | undefined {
    return this.#membership?.router;
  }

  /**
   * What this router may be told; null: nothing, or not now. Never rejects. A machine that belongs nowhere and was given no token believes the first router
   * that it hears, and shows it a secret that is good for that address alone.
   */
  async termsFor(router: NamedRouter, signal: AbortSignal): Promise<RouterTerms | null> {
    const { joinToken, identity } = this.#parts;
    const proof = await this.#ask(router, signal);
    if (proof === null) return null;
    const own = secretFor(identity.secret, router.url);
    const known = this.#secretsFor(router, own).find((secret) => provesSecret(proof, secret));
    const isItsToken = joinToken !== null && (router.name === undefined || (await this.#provesToken(proof, joinToken)));
    if (known !== undefined) {
      if (joinToken !== null && !isItsToken) this.#sayWhoseToken(router);
      return { secret: known, joinToken: isItsToken ? joinToken : null };
    }
    const isBelieved = router.name === undefined || (joinToken === null ? this.#membership === null : isItsToken);
    if (isBelieved) return { secret: own, joinToken };
    if (provesSecret(proof, own)) this.#sayLeft(router);
    else this.#warn(router);
    return null;
  }

  /** Where it was once but does not belong any more it goes back to at a person's word alone. */
  #secretsFor({ name }: NamedRouter, own: string): readonly string[] {
    if (this.#membership === null) return [own];
    return name === undefined ? [this.#membership.secret, own] : [this.#membership.secret];
  }

  /** The router has let this machine in. One that can prove itself from now on is kept, and told apart from others. Never rejects. */
  async joined(router: NamedRouter, { secret }: RouterTerms, signal: AbortSignal): Promise<void> {
    const before = this.#membership;
    if (before?.secret === secret && (router.name === undefined || router.name === before.router)) return;
    const proof = before?.secret === secret ? null : await this.#ask(router, signal);
    if (before?.secret !== secret && (proof === null || !provesSecret(proof, secret))) return;
    this.#keep({ secret, ...(router.name === undefined ? {} : { router: router.name }) });
  }

  /** The router that had let it in has it wait again: somebody removed it there. */
  left({ secret }: RouterTerms): void {
    if (this.#membership?.secret === secret) this.#keep(null);
  }

  #keep(membership: Membership | null): void {
    this.#membership = membership;
    this.#parts.keep(membership);
  }

  /** Null: there is no answer now. What answers without a proof, as old routers do, proves nothing. */
  async #ask({ url, name }: NamedRouter, signal: AbortSignal): Promise<Proof | null> {
    const { link, identity, newNonce } = this.#parts;
    const nonce = newNonce();
    try {
      const { status, text } = await link.post(url, '/heartbeat/proof', JSON.stringify({ node_id: identity.id, nonce }), {}, signal);
      if (status >= 500 || status === 429) return null;
      const said = status === 200 ? jsonIn(text) : undefined;
      const answer = isObject(said) ? said : {};
      // Where a person has named the router there may be a proxy on the way, and nobody else to be taken for it.
      const end = name === undefined ? { address: textIn(answer['address']) ?? '', port: numberIn(answer['port']) ?? 0 } : calledAt(url);
      return { terms: { nodeId: identity.id, nonce, ...end }, secret: textIn(answer['secret']), token: textIn(answer['token']) };
    } catch {
      return null;
    }
  }

  async #provesToken({ token, terms }: Proof, joinToken: string): Promise<boolean> {
    if (token === undefined) return false;
    this.#tokenKey ??= tokenKey(hashOf(joinToken));
    return isProof(token, proofOf('token', await this.#tokenKey, terms));
  }

  #warn({ url, name }: NamedRouter): void {
    const { joinToken } = this.#parts;
    const line = `${name ?? ''} at ${url} announces itself, but does not know this machine${joinToken === null ? '' : ' or its join token'}, so it is told nothing. If it is yours: get a token there with \`oar nodes token\` and run \`oar node --join TOKEN\` here, or name it with --router-url ${url}.`;
    this.#sayOnce(line);
  }

  #sayLeft({ url, name }: NamedRouter): void {
    this.#sayOnce(`${name ?? ''} at ${url} knows this machine from before, but it belongs to another router now. To move it back, start it once with --router-url ${url}.`);
  }

  /** Whoever gave it may have meant to move the machine. */
  #sayWhoseToken({ url, name }: NamedRouter): void {
    this.#sayOnce(`This machine belongs to ${name ?? ''} at ${url} already, and the join token that it was given is not that router's, or not any more. To move it to another router, name that one with --router-url.`);
  }

  /** Of each router at each address. */
  #sayOnce(line: string): void {
    const { terminal } = this.#parts;
    if (this.#warned.has(line)) return;
    this.#warned.add(line);
    terminal.warn(line);
  }
}

function provesSecret({ secret: shown, terms }: Proof, secret: string): boolean {
  return shown !== undefined && isProof(shown, proofOf('secret', hashOf(secret), terms));
}

/** Routers are announced with addresses, never with names. */
function calledAt(url: string): Pick<ProofTerms, 'address' | 'port'> {
  const { hostname, port, protocol } = new URL(url);
  return { address: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
