import { expect, test } from 'vitest';
import { certificateFits } from './certificates.ts';

const fingerprint256 = 'AB:CD:EF:01';
const certificate = { trusted: true, fingerprint256, subject: { CN: 'admin', O: 'Example, Inc', OU: ['ops', 'eu'] } };
const rules = (more: object) => ({ required: true, allowedFingerprints: [], allowedSubjects: [], ...more });

test.each<[string, object, boolean]>([
  ['any trusted one', {}, true],
  ['its fingerprint, in any spelling', { allowedFingerprints: ['sha256:abcdef01'] }, true],
  ['another fingerprint', { allowedFingerprints: ['abcdef02'] }, false],
  ['the beginning of its fingerprint', { allowedFingerprints: ['abcdef'] }, false],
  ['a whole field of its subject', { allowedSubjects: ['CN=admin'] }, true],
  ['a part of a field (AR-D30)', { allowedSubjects: ['CN=adm'] }, false],
  ['several fields', { allowedSubjects: ['OU=eu,CN=admin'] }, true],
  ['one field of several that is not there', { allowedSubjects: ['CN=admin,OU=us'] }, false],
  ['a value with a comma', { allowedSubjects: ['O=Example\\, Inc'] }, true],
  ['an entry that is no subject', { allowedSubjects: ['admin'] }, false],
  ['either list is enough', { allowedFingerprints: ['ff'], allowedSubjects: ['CN=admin'] }, true],
])('a trusted certificate, allowed is %s', (_what, more, expected) => {
  expect(certificateFits(certificate, rules(more))).toBe(expected);
});

test('a name that holds an allowed one is not it (AR-D30)', () => {
  expect(certificateFits({ ...certificate, subject: { CN: 'admin-evil' } }, rules({ allowedSubjects: ['CN=admin'] }))).toBe(false);
});

test('one that nobody vouches for fits nothing', () => {
  expect(certificateFits({ ...certificate, trusted: false }, rules({ allowedFingerprints: ['abcdef01'] }))).toBe(false);
  expect(certificateFits(null, rules({}))).toBe(false);
});
