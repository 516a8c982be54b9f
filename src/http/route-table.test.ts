import { expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import type { Route } from './http.ts';
import { RouteTable } from './route-table.ts';
import { rules } from './rules.ts';

const route = (method: string, path: string): Route => ({ method, path, rule: rules.open, handle: () => {} });
const table = new RouteTable([route('GET', '/v1/jobs'), route('GET', '/v1/jobs/:id'), route('DELETE', '/v1/jobs/:id'), route('GET', '/v1/jobs/:id/result'), route('POST', '/v1/chat/completions'), route('GET', '/v1/models/*id')]);

function failure(run: () => unknown): RouterError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof RouterError) return thrown;
  }
  throw new Error('expected a RouterError');
}

test('case and a trailing slash do not matter, the parameter keeps its case', () => {
  expect(table.match('POST', '/V1/Chat/Completions/').route.path).toBe('/v1/chat/completions');
  expect(table.match('GET', '/v1/jobs/Job_A%2F1').params).toEqual({ id: 'Job_A/1' });
});

test('a rest parameter takes slashes, so that ids of organisations can be asked for', () => {
  expect(table.match('GET', '/v1/models/Qwen/Qwen3-8B').params).toEqual({ id: 'Qwen/Qwen3-8B' });
});

test('HEAD is answered where GET is', () => {
  expect(table.match('HEAD', '/v1/jobs').route.method).toBe('GET');
});

test('a wrong method is 405 and names the right ones; an unknown path is 404', () => {
  const wrong = failure(() => table.match('PUT', '/v1/jobs/1'));
  expect([wrong.code, wrong.details.allow]).toEqual(['method_not_allowed', ['DELETE', 'GET']]);
  expect(failure(() => table.match('GET', '/v1/chat/completions')).details.allow).toEqual(['POST']);
  expect(failure(() => table.match('GET', '/v2')).code).toBe('not_found');
});

test('names of prototypes are no parameters, and a bad escape is told of beside its route, which words the error', () => {
  expect(table.match('GET', '/v1/jobs/__proto__').params.id).toBe('__proto__');
  expect(table.match('GET', '/v1/jobs/%zz')).toMatchObject({ badEscape: '%zz', route: { path: '/v1/jobs/:id' } });
});

test('what takes any rest leaves to others what they name, whoever comes first', () => {
  const route = (path: string): Route => ({ method: 'GET', path, rule: rules.open, handle: () => {} });
  const table = new RouteTable([route('/app/*rest'), route('/app/api/things/:id'), route('/app/api/things')]);
  expect(['/app/api/things/7', '/app/api/things', '/app/api/other', '/app/x/y'].map((path) => table.match('GET', path).route.path)).toEqual(['/app/api/things/:id', '/app/api/things', '/app/*rest', '/app/*rest']);
});
