import { expect, test } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

test('credentials are redacted at any depth and the rest stays', () => {
  const fields = { url: 'http://h', headers: { Authorization: 'Bearer marked', accept: '*/*' }, backend: { settings: { apiKey: 'marked' } } };
  const clean = withoutSecrets(fields);
  expect(JSON.stringify(clean)).not.toContain('marked');
  expect(clean).toMatchObject({ url: 'http://h', headers: { accept: '*/*' } });
  expect(fields.headers.Authorization).toBe('Bearer marked');
});

test('fields without secrets are passed on as they are', () => {
  const fields = { id: 'req_1', totalMs: 12, err: new Error('x') };
  expect(withoutSecrets(fields)).toBe(fields);
});
