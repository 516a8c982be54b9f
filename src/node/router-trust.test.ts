import { expect, test } from 'vitest';
import { RouterProofs } from '../fleet/router-proofs.ts';
import { emptyBook, type EnrolmentBook, withNode } from '../fleet/enrolment.ts';
import { hashOf } from '../util/secret-hash.ts';
import type { Membership } from './node-identity.ts';
import { type NamedRouter, type RouterTerms, RouterTrust } from './router-trust.ts';

/** A router as it really proves itself. What it is asked over another's address it signs with its own. */
class Router {
  book: EnrolmentBook = emptyBook;
  token: string | null = null;
  readonly #proofs = new RouterProofs(() => this.book, () => (this.token === null ? null : hashOf(this.token)));

  enrol(secret: string): this {
    this.book = withNode(this.book, 'studio-1', { secretHash: hashOf(secret), address: '10.0.0.7', at: 0 });
    return this;
  }

  async answer(body: string, address: string, port: number): Promise<string> {
    const { node_id: nodeId, nonce } = JSON.parse(body) as { node_id: string; nonce: string };
    return JSON.stringify({ address, port, ...(await this.#proofs.prove({ nodeId, nonce, address, port })) });
  }
}

/** A machine in a network where the test says who answers at 10.0.0.5 (the router) and 10.0.0.66 (somebody else). */
class Bed {
  readonly router = new Router();
  readonly told: string[] = [];
  readonly said: string[] = [];
  readonly kept: (Membership | null)[] = [];
  status = 200;
  /** What the liar says: as an old router does, or what he is told when he asks the router himself. */
  liar: 'old' | 'relays' = 'relays';

  trust(joinToken: string | null = null, membership?: Membership): RouterTrust {
    return new RouterTrust({
      identity: { id: 'studio-1', secret: 'innermost', ...(membership === undefined ? {} : { membership }) },
      joinToken,
      link: {
        post: async (url, path, body, headers) => {
          this.told.push(JSON.stringify([url, path, body, headers]));
          const answer = (status: number, text: string) => ({ status, text, localAddress: '10.0.0.7' });
          if (this.status !== 200) return answer(this.status, '');
          if (url.includes('10.0.0.66') && this.liar === 'old') return answer(404, '{"error": "Not found"}');
          return answer(200, await this.router.answer(body, '10.0.0.5', 11_435));
        },
      },
      newNonce: () => `nonce-number-${String(this.told.length).padStart(6, '0')}`,
      keep: (one) => void this.kept.push(one),
      terminal: { debug: () => {}, info: () => {}, warn: (line) => void this.said.push(line) },
    });
  }
}

const signal = new AbortController().signal;
const den: NamedRouter = { name: 'den', url: 'http://10.0.0.5:11435' };
const liar: NamedRouter = { name: 'den', url: 'http://10.0.0.66:11435' };
const given: NamedRouter = { url: 'http://10.0.0.5:11435' };
const member: Membership = { secret: 'ours', router: 'den' };

test('a machine that is known goes to the router that proves it, at whatever address, with the secret that it knows', async () => {
  const bed = new Bed();
  bed.router.enrol('ours');
  expect(await bed.trust(null, member).termsFor(den, signal)).toEqual({ secret: 'ours', joinToken: null });
  expect(bed.said).toEqual([]);
});

test('moved to another router, it goes back to the one of before at the word of a person alone', async () => {
  const bed = new Bed();
  const before = await bed.trust().termsFor(den, signal);
  bed.router.enrol(before?.secret ?? '');
  const trust = bed.trust(null, { secret: 'of-the-other-router' });
  expect([await trust.termsFor(den, signal), await trust.termsFor(den, signal)]).toEqual([null, null]);
  expect(bed.said).toEqual([expect.stringMatching(/den at http:\/\/10\.0\.0\.5:11435 knows this machine from before.*--router-url/)]);
  expect(await trust.termsFor(given, signal)).toEqual(before);
  bed.router.token = 'token';
  expect(await bed.trust('token', { secret: 'of-the-other-router' }).termsFor(den, signal)).toEqual({ ...before, joinToken: 'token' });
});

test('given the token of another router, it stays where it belongs, says so once, and does not show the token there', async () => {
  const bed = new Bed();
  bed.router.enrol('ours').token = 'token';
  const trust = bed.trust('of-another-router', member);
  expect([await trust.termsFor(den, signal), await trust.termsFor(den, signal)]).toEqual([{ secret: 'ours', joinToken: null }, { secret: 'ours', joinToken: null }]);
  expect(bed.said).toEqual([expect.stringMatching(/belongs to den at http:\/\/10\.0\.0\.5:11435 already.*token.*not that router's.*--router-url/)]);
  expect(await bed.trust('token', member).termsFor(den, signal)).toEqual({ secret: 'ours', joinToken: 'token' });
  expect(bed.said).toHaveLength(1);
});

test.each<['old' | 'relays', string | null]>([['old', null], ['old', 'token'], ['relays', null], ['relays', 'token']])('who only announces himself as the router (%s, token %s) is told nothing, and that is said once', async (how, joinToken) => {
  const bed = new Bed();
  bed.liar = how;
  bed.router.token = 'token';
  bed.router.enrol('ours');
  const trust = bed.trust(joinToken, member);
  expect([await trust.termsFor(liar, signal), await trust.termsFor(liar, signal)]).toEqual([null, null]);
  expect(bed.said).toEqual([expect.stringMatching(/den at http:\/\/10\.0\.0\.66:11435 announces itself, but does not know.*oar node --join TOKEN.*--router-url/)]);
  for (const told of bed.told) expect(told).not.toMatch(/innermost|ours|token/);
});

test('a new machine with a token goes to the router that knows the token, and to no other', async () => {
  const bed = new Bed();
  bed.router.token = 'token';
  const trust = bed.trust('token');
  expect(await trust.termsFor(liar, signal)).toBeNull();
  expect(await trust.termsFor(den, signal)).toMatchObject({ joinToken: 'token' });
  bed.router.token = 'another';
  expect(await trust.termsFor(den, signal)).toBeNull();
  expect(bed.told.join()).not.toMatch(/innermost|"token"/);
});

test('a new machine without a token believes whoever it hears, with a secret that is worth nothing elsewhere', async () => {
  const bed = new Bed();
  const trust = bed.trust();
  const [one, other] = [await trust.termsFor(liar, signal), await trust.termsFor(den, signal)];
  expect(one?.secret).not.toBe(other?.secret);
  expect([one?.secret, other?.secret]).not.toContain('innermost');
  expect(await bed.trust().termsFor(den, signal)).toEqual(other);
});

test('a router that a person has named is told what it needs, also one that cannot prove itself', async () => {
  const bed = new Bed();
  const own = await bed.trust('token').termsFor(given, signal);
  expect(own?.joinToken).toBe('token');
  bed.status = 404;
  expect(await bed.trust('token', member).termsFor(given, signal)).toEqual(own);
});

test('one that a proxy stands before is known by its proof all the same, since a person has named it', async () => {
  const bed = new Bed();
  bed.router.enrol('ours');
  expect((await bed.trust(null, member).termsFor({ url: 'https://models.example.org' }, signal))?.secret).toBe('ours');
});

test.each([500, 503, 429])('an answer of %i proves nothing and refutes nothing: it is asked again later', async (status) => {
  const bed = new Bed();
  bed.router.enrol('ours');
  bed.status = status;
  const trust = bed.trust(null, member);
  expect([await trust.termsFor(den, signal), await trust.termsFor(given, signal)]).toEqual([null, null]);
  bed.status = 200;
  expect((await trust.termsFor(den, signal))?.secret).toBe('ours');
  expect(bed.said).toEqual([]);
});

test('let in, it keeps what the router knows it by, finds it by that elsewhere, and forgets it when it is removed there', async () => {
  const bed = new Bed();
  bed.router.token = 'token';
  const trust = bed.trust('token');
  const terms = (await trust.termsFor(den, signal)) as RouterTerms;
  bed.router.enrol(terms.secret);
  await trust.joined(den, terms, signal);
  await trust.joined(den, terms, signal);
  expect(bed.kept).toEqual([{ secret: terms.secret, router: 'den' }]);
  expect(trust.router).toBe('den');
  const next = bed.trust(null, bed.kept[0] ?? undefined);
  expect((await next.termsFor(den, signal))?.secret).toBe(terms.secret);
  next.left({ secret: 'of another router', joinToken: null });
  next.left(terms);
  expect([bed.kept.at(-1), next.router]).toEqual([null, undefined]);
});

test('a router that says it has let the machine in but cannot prove itself, as old ones cannot, is not what the machine is bound to', async () => {
  const bed = new Bed();
  bed.liar = 'old';
  const trust = bed.trust();
  const terms = (await trust.termsFor(liar, signal)) as RouterTerms;
  await trust.joined(liar, terms, signal);
  expect(bed.kept).toEqual([]);
  expect(await trust.termsFor(liar, signal)).toEqual(terms);
});
