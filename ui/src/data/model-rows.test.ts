/** What is known of models, put together. */
import { expect, test } from 'vitest';
import { modelRows } from './model-rows.ts';
import type { LiveNode } from './shapes.ts';

const live: readonly LiveNode[] = [{ node_id: 'studio', status: 'online', backends: [{ id: 'studio-ollama', kind: 'ollama', status: 'up', models: [{ name: 'a:1b', state: 'loaded', size_gb: 1, context_length: 8192 }, { name: 'cold:1b', state: 'cold' }] }] }];

test('a model is one row, however many sides know it', () => {
  const rows = modelRows({
    used: { daily: [{ model_name: 'a:1b', day_bucket: 0, request_count: 3, total_prompt_tokens: 10 }, { model_name: 'a:1b', day_bucket: 86_400, request_count: 2, total_completion_tokens: 5 }], summary: [{ model_name: 'a:1b', total_requests: 99, last_seen: 7 }, { model_name: 'gone:1b', total_requests: 1 }] },
    stored: [{ node_id: 'studio', models: [{ name: 'a:1b', size_gb: 1.2 }] }, { node_id: 'attic', models: [{ name: 'a:1b' }, { name: 'b:1b' }] }],
    contexts: [{ model: 'a:1b', allocated_ctx: 4096, request_count: 5, total_tokens: { p99: 900 } }],
    hourly: [],
    live,
  });
  expect(rows.map((row) => row.name).sort()).toEqual(['a:1b', 'b:1b', 'gone:1b']);
  expect(rows.find((row) => row.name === 'a:1b')).toMatchObject({ requests: 5, tokens: 15, loadedOn: 1, sizeGb: 1.2, contextAllocated: 4096, contextUsed: 900, lastUsed: 7000, places: [{ node: 'studio', backend: 'studio-ollama', loaded: true, sizeGb: 1.2 }, { node: 'attic', loaded: false }] });
});

test('hours of all days are one day', () => {
  const at = (day: number, hour: number): number => new Date(2026, 0, day, hour).getTime() / 1000;
  const hourly = [{ hour_bucket: at(1, 9), group: 'a:1b', request_count: 2 }, { hour_bucket: at(2, 9), group: 'a:1b', request_count: 3 }, { hour_bucket: at(2, 23), group: 'a:1b', request_count: 1 }, { hour_bucket: at(2, 9), group: 'b:1b', request_count: 9 }];
  const [row] = modelRows({ used: null, stored: [], contexts: [], hourly, live });
  expect([row?.hours[9], row?.hours[23], row?.hours.length]).toEqual([5, 1, 24]);
});
