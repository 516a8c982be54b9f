import { expect, test } from 'vitest';
import { backend } from '../../test/fakes/brain.ts';
import type { UsageTotal } from '../core/usage.ts';
import { configView, statsView, tokenCountsView, usageView } from './usage-view.ts';

const total = (of: string, model: string, promptTokens: number, completionTokens: number): UsageTotal => ({ backend: of, model, requests: 1, promptTokens, completionTokens });
const at = (id: string, url: string) => backend(id, { url });

test('endpoints are addresses; those of one address are told apart, and one that is gone keeps its id', () => {
  const backends = [at('x', 'http://one:1'), at('a', 'http://two:2'), at('b', 'http://two:2')];
  const running = new Map([['b', new Map([['m:latest', 2]])]]);
  const totals = [total('x', 'z', 1, 2), total('x', 'm', 10, 5), total('a', 'm', 1, 0), total('gone', 'm', 3, 3)];
  expect(JSON.stringify(usageView({ backends, running, totals }))).toBe(
    JSON.stringify({
      token_usage_counts: { gone: { m: 6 }, 'http://one:1': { m: 15, z: 3 }, 'http://two:2#a': { m: 1 } },
      usage_counts: { 'http://one:1': {}, 'http://two:2#a': {}, 'http://two:2#b': { 'm:latest': 2 } },
    }),
  );
  expect(tokenCountsView({ backends, running, totals: totals.slice(1, 3) })).toEqual({
    total_tokens: 16,
    breakdown: [
      { endpoint: 'http://one:1', model: 'm', input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      { endpoint: 'http://two:2#a', model: 'm', input_tokens: 1, output_tokens: 0, total_tokens: 1 },
    ],
  });
});

test('names that mean something to JavaScript are names', () => {
  const view = usageView({ backends: [], running: new Map(), totals: [total('__proto__', 'constructor', 1, 1), total('a', '__proto__', 1, 2)] });
  expect(JSON.stringify(view['token_usage_counts'])).toBe('{"__proto__":{"constructor":2},"a":{"__proto__":3}}');
});

test('stats sum a model over its backends', () => {
  const backends = [at('a', 'http://a'), at('b', 'http://b')];
  const view = statsView('m', { backends, running: new Map(), totals: [total('a', 'm', 10, 5), total('a', 'm:latest', 1, 1), total('b', 'm', 2, 2)] }, [{ ...total('b', 'm', 2, 2), at: 120, spanSeconds: 60 }]);
  expect(view).toEqual({
    model: 'm',
    input_tokens: 13,
    output_tokens: 8,
    total_tokens: 21,
    time_series: [{ endpoint: 'http://b', input_tokens: 2, output_tokens: 2, total_tokens: 4, timestamp: 120, span_seconds: 60 }],
    endpoint_distribution: { 'http://a': 17, 'http://b': 4 },
  });
});

test('each server is as its last probe found it', () => {
  const backends = [
    at('up', 'http://up'),
    { ...at('old', 'http://old'), report: { version: '0.12.3', models: [], resident: null } },
    { ...at('down', 'http://down'), status: 'down' as const, problem: 'It refused the connection.' },
    { ...at('new', 'http://new'), status: 'unknown' as const },
    { ...at('llama', 'http://llama'), kind: 'llama-server' },
  ];
  expect(configView(backends)).toEqual({
    endpoints: [
      { id: 'up', url: 'http://up', status: 'ok', version: 'latest' },
      { id: 'old', url: 'http://old', status: 'ok', version: '0.12.3' },
      { id: 'down', url: 'http://down', status: 'error', detail: 'It refused the connection.' },
      { id: 'new', url: 'http://new', status: 'error', detail: 'It has not answered yet.' },
    ],
    llama_server_endpoints: [{ id: 'llama', url: 'http://llama', status: 'ok', version: 'latest' }],
    require_router_api_key: false,
  });
});
