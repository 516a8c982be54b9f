/** Lets machines into the fleet or has them wait: by their own secret, by the join token, by an operator's word. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { type EnrolmentBook, judge, mostEnrolled, type Verdict, withNode, withoutNode } from './enrolment.ts';
import type { KeptBook } from './enrolment-book.ts';
import type { Heartbeat, NodeCaller, RouterProof } from './fleet.ts';
import { NodeNames } from './node-names.ts';
import type { NodeStates } from './node-states.ts';
import { RouterProofs } from './router-proofs.ts';
import { hashOf } from '../util/secret-hash.ts';
import type { ProofTerms } from '../util/router-proof.ts';

/** Slows down those who try tokens. */
export interface Attempts {
  /** How long this address has to wait before it may try again. */
  waitMs(address: string, at: number): number;
  failed(address: string, at: number): void;
  succeeded(address: string, hash: string, at: number): void;
  isKnown(address: string, hash: string): boolean;
}

export interface DoorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly book: KeptBook;
  readonly nodes: NodeStates;
  readonly attempts: Attempts;
  /** `fleet.enrolToken` */
  readonly enrolToken?: string;
  /** Whoever calls from this machine is taken as they come. */
  readonly trustLocal: boolean;
  newToken(): string;
  /** Is this the id of the router's own machine, or of a host of configured backends? */
  takenBy?(id: string): 'router' | 'backends' | null;
  /** Told of everybody who is turned away. */
  denied?(reason: string, nodeId: string, caller: NodeCaller): void;
}

const mostWaiting = 100;
const mostWaitingPerAddress = 10;
/** One that waits reports more often. Silent for so long, it may have come back with another secret: it makes one for each address that this router is called by. */
const quietMs = 10_000;
const tooMany = `The fleet has ${mostEnrolled} machines already. Remove some with \`oar nodes remove\`.`;

type Refusal = Exclude<Verdict, 'enrolled' | 'join' | 'waiting'>;

const refusals: Readonly<Record<Refusal, string>> = {
  wrong_secret: 'Another machine has this node_id, or this one has lost its secret. Remove it on the router with `oar nodes remove` and let it join again, or give it another id.',
  wrong_token: 'The join token is not valid. `oar nodes token` on the router makes a new one.',
  no_secret: 'To join with a token a machine shows a secret of its own as Authorization: Bearer.',
};

interface Waiting {
  readonly secretHash: string | null;
  readonly sender: string;
}

export class EnrolDoor {
  readonly #options: DoorOptions;
  readonly #names: NodeNames;
  readonly #waiting = new Map<string, Waiting>();
  readonly #proofs = new RouterProofs(() => this.#book, () => this.#tokenHash());

  constructor(options: DoorOptions) {
    this.#options = options;
    const { nodes } = options;
    this.#names = new NodeNames({
      isHeard: (id) => (nodes.get(id)?.status ?? 'offline') !== 'offline',
      boundTo: (id) => {
        const known = this.#book.nodes.get(id);
        return known?.secretHash === null ? known.address : null;
      },
    });
  }

  get #book(): EnrolmentBook {
    return this.#options.book.now;
  }

  /** The id under which the machine is known from now on, and whether it belongs to the fleet. */
  async admit(heartbeat: Heartbeat): Promise<{ readonly id: string; readonly enrolled: boolean }> {
    const { clock, attempts } = this.#options;
    const at = clock.now();
    const { secret, sender } = heartbeat;
    const secretHash = secret === null ? null : hashOf(secret);
    this.#checkAttempts(sender, secretHash, at);
    const id = this.#idOf(heartbeat, secretHash);
    this.#checkName(id, heartbeat);
    const verdict = judge(this.#book, { id, sender, secretHash, token: this.#tokenOf(heartbeat), trusted: this.#trusts(heartbeat), waitingHash: this.#isBack(id, sender, at) ? undefined : this.#waitingHash(id) });
    if (this.#options.nodes.get(id) === undefined) this.#checkSize();
    switch (verdict) {
      case 'enrolled':
        break;
      case 'join':
        await this.#write(id, { secretHash, sender }, 'token');
        break;
      case 'waiting':
        this.#checkRoom(id, sender);
        this.#waiting.set(id, { secretHash, sender });
        break;
      default:
        throw this.#refused(verdict, id, heartbeat, at);
    }
    if (verdict !== 'waiting') this.#waiting.delete(id);
    if (verdict !== 'waiting' && secretHash !== null) attempts.succeeded(sender, secretHash, at);
    this.#names.remember(id, heartbeat, secretHash);
    return { id, enrolled: verdict !== 'waiting' };
  }

  prove(terms: ProofTerms): Promise<RouterProof> {
    return this.#proofs.prove(terms);
  }

  /** Whom the caller means, if they may speak for it; null: nobody that is known. */
  leaving(nodeId: string, caller: NodeCaller): string | null {
    const at = this.#options.clock.now();
    const secretHash = caller.secret === null ? null : hashOf(caller.secret);
    this.#checkAttempts(caller.sender, secretHash, at);
    const id = this.#names.meant(nodeId, caller.sender);
    const known = this.#book.nodes.get(id);
    if (known === undefined) return this.#trusts(caller) ? id : null;
    if (known.secretHash === null) return known.address === caller.sender ? id : null;
    if (known.secretHash !== secretHash) throw this.#refused('wrong_secret', id, caller, at);
    return id;
  }

  /** False: nobody of that id waits. */
  async approve(id: string): Promise<boolean> {
    const waiting = this.#waitingHash(id) === undefined ? undefined : this.#waiting.get(id);
    if (waiting === undefined) return false;
    await this.#write(id, waiting, 'operator');
    this.#waiting.delete(id);
    return true;
  }

  /** False: nobody of that id was in. */
  async remove(id: string): Promise<boolean> {
    const was = this.#book.nodes.has(id);
    await this.#options.book.change((book) => (book.nodes.has(id) || book.drained.has(id) ? withoutNode(book, id) : book));
    this.#waiting.delete(id);
    this.tidy();
    return was;
  }

  /** Lets go of what was remembered of machines that are gone. */
  tidy(): void {
    const isKnown = (id: string): boolean => this.#options.nodes.get(id) !== undefined;
    this.#names.keep(isKnown);
    for (const id of [...this.#waiting.keys()]) if (!isKnown(id)) this.#waiting.delete(id);
  }

  /** Null when there is one already. */
  async firstToken(): Promise<string | null> {
    return this.#options.enrolToken !== undefined || this.#book.tokenHash !== null ? null : this.newToken();
  }

  async newToken(): Promise<string> {
    const { enrolToken, book, newToken } = this.#options;
    if (enrolToken !== undefined) throw new RouterError('conflict', 'The join token is the one of fleet.enrolToken. Change it there, or take it out.');
    const token = newToken();
    await book.change((before) => ({ ...before, tokenHash: hashOf(token) }));
    return token;
  }

  /** A secret belongs to one machine, so that two with one name are no mistake of theirs: it is for the secret to say. */
  #idOf(heartbeat: Heartbeat, secretHash: string | null): string {
    const { nodeId } = heartbeat.report;
    const bound = this.#book.nodes.get(nodeId);
    const bySecret = secretHash !== null && (bound !== undefined || !this.#trusts(heartbeat));
    return bySecret || (bound !== undefined && bound.secretHash !== null) ? nodeId : this.#names.idOf(heartbeat, secretHash);
  }

  #trusts({ local }: NodeCaller): boolean {
    return this.#options.trustLocal && local;
  }

  #tokenOf({ joinToken }: Heartbeat): 'right' | 'wrong' | 'none' {
    if (joinToken === null) return 'none';
    const right = this.#tokenHash();
    return right !== null && hashOf(joinToken) === right ? 'right' : 'wrong';
  }

  /** Of the token that lets machines in. */
  #tokenHash(): string | null {
    const { enrolToken } = this.#options;
    return enrolToken === undefined ? this.#book.tokenHash : hashOf(enrolToken);
  }

  #waitingHash(id: string): string | null | undefined {
    return this.#options.nodes.get(id)?.status === 'waiting' ? this.#waiting.get(id)?.secretHash : undefined;
  }

  /** The one that waited under this id is gone, and whoever calls now does so from where it was. */
  #isBack(id: string, sender: string, at: number): boolean {
    const node = this.#options.nodes.get(id);
    return node !== undefined && this.#waiting.get(id)?.sender === sender && (node.draining || at - (node.heardAt ?? 0) >= quietMs);
  }

  #checkAttempts(sender: string, secretHash: string | null, at: number): void {
    const { attempts } = this.#options;
    const retryAfterMs = attempts.waitMs(sender, at);
    if (retryAfterMs > 0 && !(secretHash !== null && attempts.isKnown(sender, secretHash))) throw new RouterError('rate_limited', 'Too many wrong tokens or secrets from this address.', { retryAfterMs });
  }

  /** What is known under an id already takes no orders and no state from a newcomer of that id. */
  #checkName(id: string, heartbeat: Heartbeat): void {
    const taken = this.#book.nodes.has(id) || this.#trusts(heartbeat) ? null : (this.#options.takenBy?.(id) ?? null);
    if (taken === null || (taken === 'backends' && this.#tokenOf(heartbeat) === 'right')) return;
    const whose = taken === 'router' ? "the router's own machine" : 'a host of configured backends';
    throw new RouterError('conflict', `${id} is the name of ${whose}. Give this one another with \`oar node --node-id\`.`, { param: 'node_id' });
  }

  /** Where everybody is let in as they come, too. */
  #checkSize(): void {
    this.tidy();
    if (this.#options.nodes.list().length >= mostEnrolled + mostWaiting) throw new RouterError('conflict', tooMany);
  }

  /** Strangers must not push each other out, nor fill the list alone. */
  #checkRoom(id: string, sender: string): void {
    this.tidy();
    if (this.#waiting.has(id)) return;
    const fromThere = [...this.#waiting.values()].filter((one) => one.sender === sender).length;
    if (this.#waiting.size < mostWaiting && fromThere < mostWaitingPerAddress) return;
    throw new RouterError('rate_limited', 'Too many machines wait for approval already. Join with a token, or approve or remove some with `oar nodes`.', { retryAfterMs: 60_000 });
  }

  #refused(reason: Refusal, nodeId: string, caller: NodeCaller, at: number): RouterError {
    this.#options.attempts.failed(caller.sender, at);
    this.#options.denied?.(reason, nodeId, caller);
    return new RouterError('unauthenticated', refusals[reason], reason === 'wrong_secret' ? { param: 'node_id' } : {});
  }

  /** Whoever was written down first under an id has it. */
  async #write(id: string, { secretHash, sender }: Waiting, by: 'token' | 'operator'): Promise<void> {
    const { book, clock, log } = this.#options;
    await book.change((before) => {
      const known = before.nodes.get(id);
      if (known !== undefined && known.secretHash !== secretHash) throw new RouterError('unauthenticated', refusals.wrong_secret);
      if (known !== undefined) return before;
      if (before.nodes.size >= mostEnrolled) throw new RouterError('conflict', tooMany);
      return withNode(before, id, { secretHash, address: sender, at: clock.now() });
    });
    log.info({ node: id, address: sender, by }, 'machine joined the fleet');
  }
}
