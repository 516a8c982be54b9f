import { expect, test } from 'vitest';
import { isProof, proofOf, type ProofTerms, secretFor, tokenKey } from './router-proof.ts';

const terms: ProofTerms = { nodeId: 'studio-1', nonce: 'n'.repeat(22), address: '10.0.0.5', port: 11_435 };
const proof = proofOf('secret', 'sha256:1', terms);

test.each<[string, string]>([
  ['another key', proofOf('secret', 'sha256:2', terms)],
  ['the other kind', proofOf('token', 'sha256:1', terms)],
  ['another machine', proofOf('secret', 'sha256:1', { ...terms, nodeId: 'studio-2' })],
  ['another question', proofOf('secret', 'sha256:1', { ...terms, nonce: 'm'.repeat(22) })],
  ['another address', proofOf('secret', 'sha256:1', { ...terms, address: '10.0.0.6' })],
  ['another port', proofOf('secret', 'sha256:1', { ...terms, port: 1 })],
  ['half of it', proof.slice(0, 20)],
  ['nothing', ''],
])('a proof holds for what it was made for alone: %s is none', (_what, other) => {
  expect(isProof(other, proof)).toBe(false);
});

test.each([
  ['10.0.0.5', '::ffff:10.0.0.5'],
  ['[FD00::0005]', 'fd00::5'],
  ['fe80::1%eth0', 'fe80::1'],
])('an address is the same however it is written: %s and %s', (one, other) => {
  const at = (address: string): string => proofOf('secret', 'sha256:1', { ...terms, address });
  expect(isProof(at(one), at(other))).toBe(true);
});

test('a token always has the same key, another one another', async () => {
  const [one, again, other] = await Promise.all([tokenKey('sha256:1'), tokenKey('sha256:1'), tokenKey('sha256:2')]);
  expect(one).toBe(again);
  expect(one).not.toBe(other);
  expect(one).not.toContain('sha256');
});

test('what one address is shown tells nothing of another\'s', () => {
  const told = ['http://10.0.0.5:11435', 'http://10.0.0.6:11435', 'https://10.0.0.5:11435'].map((url) => secretFor('secret', url));
  expect(new Set(told).size).toBe(3);
  expect(told.every((secret) => secret.length >= 43 && secret !== 'secret')).toBe(true);
  expect(secretFor('secret', 'http://10.0.0.5:11435')).toBe(told[0]);
});
