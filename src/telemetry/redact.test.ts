import { expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const plain = createRedactor([]);
const key = (...parts: readonly string[]): string => parts.join('');

test.each([
  key('sk', '-proj-abcdEFGH1234567890'), key('oar', '_abcdefghij1234567890'), key('ghp', '_abcdefghijklmnopqrst1234'), key('AKIA', 'ABCDEFGHIJKLMNOP'), key('xoxb', '-1234567890-abcdef'),
  key('AIza', 'SyA1234567890abcdefghijklmnopqrstu'), key('eyJ', 'hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc'), key('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----'),
])('what looks like a key is taken out, wherever it stands: %s', (secret) => {
  const { value, count } = plain.json({ messages: [{ role: 'user', content: [{ type: 'text', text: `use ${secret} please` }] }] });
  expect([value, count]).toEqual([{ messages: [{ role: 'user', content: [{ type: 'text', text: 'use [redacted] please' }] }] }, 1]);
});

test('what follows the word for a secret, a password in an address, a bearer', () => {
  expect(plain.text('password: hunter22 and api_key="abcd1234", postgres://me:s3cret@host/db; Authorization: Bearer abcdefgh12').value).toBe('password: [redacted] and api_key="[redacted]", postgres://me:[redacted]@host/db; Authorization: [redacted] [redacted]'.replace('[redacted] [redacted]', '[redacted]'));
  expect(plain.json({ tools: [{ arguments: '{"password":"hunter22"}' }], api_key: 'x', token: 12 }).value).toEqual({ tools: [{ arguments: '{"password":"[redacted]"}' }], api_key: '[redacted]', token: '[redacted]' });
});

test('pictures and recordings are dropped, and addresses of pictures stay', () => {
  const written = {
    images: ['aGVsbG8='],
    content: [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,aGVsbG8=' } }, { type: 'image_url', image_url: { url: 'https://h/a.png' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGVsbG8=' } }, { input_audio: { format: 'wav', data: 'aGVsbG8=' } }, `x ${'QUJD'.repeat(200)} y`,
    ],
  };
  const { value, count } = plain.json(written);
  expect(JSON.stringify(value)).not.toMatch(/aGVs|QUJD/);
  expect([JSON.stringify(value).includes('https://h/a.png'), count]).toEqual([true, 5]);
});

test('what is neither stays as it was', () => {
  const body = { model: 'a:1b', stream: true, temperature: 0.5, messages: [{ role: 'user', content: 'How does a token ring work? See https://example.org:8080/a@b.' }], tools: [{ function: { parameters: { properties: { password: { type: 'string' } } } } }], stop: null };
  expect(plain.json(body)).toEqual({ value: body, count: 0 });
});

test("the operator's own patterns, in any case, with or without groups", () => {
  const own = createRedactor(['patient (\\d+)', 'acme']);
  expect(own.text('Patient 1234 of ACME')).toEqual({ value: '[redacted] of [redacted]', count: 2 });
});

test('a long text takes no longer than its length deserves', () => {
  const began = performance.now();
  for (const unit of ['://a', 'password ', 'a:', 'data:', 'eyJ', '----BEGIN PRIVATE KEY-----']) plain.text(unit.repeat(200_000));
  expect(performance.now() - began).toBeLessThan(5_000);
});
