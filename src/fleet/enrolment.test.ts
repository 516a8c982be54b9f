import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Claim, type EnrolmentBook, emptyBook, judge, readBook, type Verdict, withDrained, withNode, withoutNode, writeBook } from './enrolment.ts';
import { KeptBook } from './enrolment-book.ts';

const book: EnrolmentBook = withNode(withNode(emptyBook, 'mine', { secretHash: 'sha256:1', address: '10.0.0.1', at: 5 }), 'old', { secretHash: null, address: '10.0.0.2', at: 6 });
const claim: Claim = { id: 'new', sender: '10.0.0.9', secretHash: 'sha256:9', token: 'none', trusted: false, waitingHash: undefined };

test.each<[string, Partial<Claim>, Verdict]>([
  ['a stranger waits', {}, 'waiting'],
  ['a stranger without a secret waits too', { secretHash: null }, 'waiting'],
  ['one that waits goes on waiting', { waitingHash: 'sha256:9' }, 'waiting'],
  ['nobody takes the place of one that waits', { waitingHash: 'sha256:8' }, 'wrong_secret'],
  ['nor one without a secret', { secretHash: null, waitingHash: 'sha256:8' }, 'wrong_secret'],
  ['the token lets it in', { token: 'right' }, 'join'],
  ['not without a secret to know it by', { token: 'right', secretHash: null }, 'no_secret'],
  ['a wrong token does not', { token: 'wrong' }, 'wrong_token'],
  ['the secret of an enrolled machine', { id: 'mine', secretHash: 'sha256:1' }, 'enrolled'],
  ['wherever it is, and whatever token it still shows', { id: 'mine', secretHash: 'sha256:1', sender: '::1', token: 'wrong' }, 'enrolled'],
  ['another secret for it', { id: 'mine' }, 'wrong_secret'],
  ['another secret with the right token', { id: 'mine', token: 'right' }, 'wrong_secret'],
  ['no secret for it', { id: 'mine', secretHash: null }, 'wrong_secret'],
  ['not even from this machine', { id: 'mine', trusted: true }, 'wrong_secret'],
  ['an old agent at its address', { id: 'old', secretHash: null, sender: '10.0.0.2' }, 'enrolled'],
  ['an old agent elsewhere', { id: 'old', secretHash: null }, 'wrong_secret'],
  ['a secret in the place of an old agent', { id: 'old', sender: '10.0.0.2' }, 'wrong_secret'],
  ['on a machine of one\'s own anybody', { trusted: true, secretHash: null }, 'enrolled'],
])('%s', (_what, more, verdict) => {
  expect(judge(book, { ...claim, ...more })).toBe(verdict);
});

test('whatever is claimed: nobody is in under a bound id without its secret, and nobody joins without the token', () => {
  const hash = fc.constantFrom('sha256:1', 'sha256:9', null);
  fc.assert(
    fc.property(fc.constantFrom('mine', 'new'), hash, fc.constantFrom('right', 'wrong', 'none'), fc.boolean(), fc.option(hash, { nil: undefined }), (id, secretHash, token, trusted, waitingHash) => {
      const verdict = judge(book, { id, sender: '10.0.0.9', secretHash, token, trusted, waitingHash });
      if (id === 'mine') expect(verdict === 'enrolled').toBe(secretHash === 'sha256:1');
      if (verdict === 'join') expect(token).toBe('right');
      if (id === 'new' && !trusted) expect(verdict).not.toBe('enrolled');
    }),
  );
});

test('a book is read as it was written, and what is none is told from one', () => {
  const written = withDrained({ ...book, tokenHash: 'sha256:t' }, 'mine', true);
  expect(readBook(writeBook(written))).toEqual(written);
  expect(withoutNode(written, 'mine')).toEqual({ tokenHash: 'sha256:t', nodes: new Map([['old', book.nodes.get('old')]]), drained: new Set() });
  for (const text of ['', '{}', '[]', '{"version":2}']) expect(readBook(text)).toBeNull();
});

function storeOf(initial: string | null) {
  const state = { text: initial, failing: false };
  return {
    state,
    get: () => Promise.resolve(state.text),
    put: (_key: string, text: string): Promise<void> => {
      if (state.failing) return Promise.reject(new Error('The disk is full.'));
      state.text = text;
      return Promise.resolve();
    },
  };
}

test('a change holds once it is written; one that cannot be written leaves everything as it was', async () => {
  const store = storeOf(null);
  const kept = new KeptBook(store);
  await kept.load();
  await Promise.all(['a', 'b'].map((id) => kept.change((before) => withNode(before, id, { secretHash: id, address: '', at: 0 }))));
  expect([...kept.now.nodes.keys()]).toEqual(['a', 'b']);
  store.state.failing = true;
  await expect(kept.change((before) => withoutNode(before, 'a'))).rejects.toMatchObject({ code: 'store_unavailable' });
  expect([...kept.now.nodes.keys()]).toEqual(['a', 'b']);
  const again = new KeptBook(store);
  await again.load();
  expect(again.now).toEqual(kept.now);
});

test('a book that cannot be read stops the start: whoever is in it must not be taken for a stranger', async () => {
  await expect(new KeptBook(storeOf('{"version":9}')).load()).rejects.toThrow(/another version/);
});
