/** Every endpoint of the fleet's and the dashboard's API: its members, what it counts, what it refuses, and that it hides nothing and shows no prompt. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, backendsOf, call, chat, fakeServer, faultsOf, type Json, ollamaChat, openAi, queued, read, routerWith, until } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-dashboard-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const evil = '<script>alert("x")</script>';
const secret = 'A secret of mine';

async function bed(config: Json = {}): Promise<{ readonly router: TestRouter; readonly east: FakeBackend; readonly west: FakeBackend; readonly path: string }> {
  const [east, west] = [await fakeServer({ models: ['a:1b', 'b:1b'] }), await fakeServer({ software: 'vllm', models: ['c:1b'] })];
  for (const [fake, name] of [[east, 'a:1b'], [west, 'c:1b']] as const) fake.script(name, { text: 'Hello', usage: { promptTokens: 120, completionTokens: 45 } });
  files += 1;
  const path = join(folder, `${files}.db`);
  const router = await routerWith({ backends: backendsOf({ east, west }), store: { kind: 'sqlite', path }, ...config });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  return { router, east, west, path };
}

const say = (router: TestRouter, name: string, more: Json = {}) => ask(router, openAi, { model: name, messages: [{ role: 'user', content: secret }], ...more });

async function get(router: TestRouter, path: string): Promise<Json> {
  const answer = await read(await router.get(path));
  expect([path, answer.status, answer.text.includes(secret)]).toEqual([path, 200, false]);
  return answer.body;
}

/** The members that contract fleet part 1.3 promises, of the whole and of the first row at a place. */
const shapes: readonly (readonly [path: string, members: string, rows?: string, rowMembers?: string])[] = [
  ['/fleet/status', 'fleet nodes queues timestamp', 'nodes', 'node_id status hardware ollama_url cpu memory ollama disk thermal capacity agent_version gpus'],
  ['/fleet/queue', 'queue_depth pending in_flight completed failed estimated_wait_ms nodes_online queues timestamp', 'queues', 'pending in_flight concurrency model node_id backend completed failed rejected max_queue_depth cache_hit_rate warm_hit_rate cold_request_pct cache_sample_count stats_samples avg_latency_ms avg_prompt_tokens avg_completion_tokens'],
  ['/dashboard/api/trends', 'hours data', 'data', 'hour_bucket request_count avg_latency_ms total_prompt_tokens total_completion_tokens'],
  ['/dashboard/api/models', 'days daily summary', 'daily', 'model_name day_bucket request_count avg_latency_ms total_prompt_tokens total_completion_tokens'],
  ['/dashboard/api/models', 'days daily summary', 'summary', 'model_name total_requests avg_latency_ms min_latency_ms max_latency_ms first_seen last_seen total_prompt_tokens total_completion_tokens'],
  ['/dashboard/api/overview', 'total_requests total_prompt_tokens total_completion_tokens total_tokens models_count'],
  ['/dashboard/api/usage', 'days data', 'data', 'node_id model day_bucket request_count completed_count failed_count avg_latency_ms avg_ttft_ms total_prompt_tokens total_completion_tokens total_retries total_fallbacks'],
  ['/dashboard/api/tags', 'days data summary', 'data', 'tag request_count completed_count failed_count avg_latency_ms avg_ttft_ms total_prompt_tokens total_completion_tokens total_tokens total_retries total_fallbacks'],
  ['/dashboard/api/apps', 'days data summary', 'data', 'tag request_count'],
  ['/dashboard/api/tags/daily', 'days data', 'data', 'tag day_bucket request_count avg_latency_ms total_tokens'],
  ['/dashboard/api/apps/daily', 'days data', 'data', 'tag day_bucket'],
  ['/dashboard/api/traces', 'traces', 'traces', 'request_id model original_model node_id score scores_breakdown status latency_ms time_to_first_token_ms prompt_tokens completion_tokens retry_count fallback_used excluded_nodes client_ip original_format error_message timestamp tags owner plane dialect attempts considered'],
  ['/dashboard/api/benchmarks', 'data', 'data', 'run_id timestamp duration_s total_requests total_failures total_prompt_tokens total_completion_tokens requests_per_sec tokens_per_sec latency_p50_ms latency_p95_ms latency_p99_ms ttft_p50_ms ttft_p95_ms ttft_p99_ms fleet_snapshot per_model_results per_node_results peak_utilization'],
  ['/dashboard/api/health', 'vitals recommendations checked_at', 'vitals', undefined],
  ['/dashboard/api/briefing', 'enabled briefing model generated_at next_refresh_s cached generating error'],
  ['/dashboard/api/briefing/history', 'history'],
  ['/api/platform/status', 'connected'],
  ['/dashboard/api/context-usage', 'days models', 'models', 'model allocated_ctx override_ctx request_count prompt_tokens total_tokens utilization_pct recommended_ctx savings_pct'],
  ['/dashboard/api/recommendations', 'nodes usage fleet_summary uncovered_categories generated_at'],
  ['/dashboard/api/image-stats', 'total completed failed avg_generation_ms by_node by_model recent'],
  ['/dashboard/api/transcription-stats', 'total completed failed avg_processing_ms by_node by_model recent'],
];
const vitals = 'nodes_total nodes_online nodes_degraded nodes_offline overall_error_rate_pct cold_loads_24h avg_ttft_ms total_requests_24h total_retries_24h client_disconnects_24h incomplete_streams_24h image_generations_24h transcriptions_24h health_score';
const run = { run_id: 'run-1', duration_s: 10, total_requests: 5, total_failures: 0, total_prompt_tokens: 1, total_completion_tokens: 2, per_model_results: { [evil]: 1 } };

test('every endpoint has the members that the contract names, with and without a request so far', async () => {
  const { router } = await bed();
  const missing: string[] = [];
  const look = async (full: boolean): Promise<void> => {
    for (const [path, members, rows, rowMembers] of shapes) {
      const body = await get(router, path);
      missing.push(...members.split(' ').filter((name) => !(name in body)).map((name) => `${path} ${name}`));
      const found = rows === undefined ? undefined : Object.values(body[rows] as Json)[0];
      if (full && rowMembers !== undefined) missing.push(...rowMembers.split(' ').filter((name) => !(name in ((found ?? {}) as Json))).map((name) => `${path} ${rows} ${name}`));
    }
    const told = (await get(router, '/dashboard/api/health'))['vitals'] as Json;
    missing.push(...vitals.split(' ').filter((name) => !(name in told)).map((name) => `vitals ${name}`));
  };
  await look(false);
  await say(router, 'a:1b', { metadata: { tags: ['t'] } });
  expect((await ask(router, '/dashboard/api/benchmarks', run)).body).toEqual({ status: 'saved', run_id: 'run-1' });
  await look(true);
  expect(missing).toEqual([]);
  expect(faultsOf(router)).toEqual([]);
});

test('what happened is counted where it happened: by model, machine, tag and user, and once in all', async () => {
  const { router, east } = await bed();
  await say(router, 'a:1b', { metadata: { tags: ['t', evil] }, user: 'ada' });
  await say(router, 'c:1b');
  east.script('b:1b', { status: 500, body: JSON.stringify({ error: `It quotes ${secret}` }) });
  await say(router, 'b:1b', { metadata: { tags: ['t'] } });
  await say(router, evil);
  expect(await get(router, '/dashboard/api/overview')).toEqual({ total_requests: 4, total_prompt_tokens: 240, total_completion_tokens: 90, total_tokens: 330, models_count: 3 });
  const rowsOf = async (path: string, name: string, key: string): Promise<unknown> => ((await get(router, path))[name] as Json[]).map((row) => [row[key], row['request_count'], row['completed_count'] ?? null]);
  expect(await rowsOf('/dashboard/api/tags', 'data', 'tag')).toEqual([['t', 2, 1], [evil, 1, 1], ['user:ada', 1, 1]]);
  expect((await get(router, '/dashboard/api/tags'))['summary']).toEqual({ unique_tags: 3, total_requests: 4, total_tokens: 330, top_tag: 't' });
  expect(await rowsOf('/dashboard/api/apps?by=user', 'data', 'tag')).toEqual([['ada', 1, 1]]);
  expect(await rowsOf('/dashboard/api/apps?by=key', 'data', 'tag')).toEqual([['anonymous', 4, 2]]);
  expect(await rowsOf('/dashboard/api/trends', 'data', 'group')).toEqual([[undefined, 4, 2]]);
  expect(await rowsOf('/dashboard/api/trends?by=model', 'data', 'group')).toEqual([['', 1, 0], ['a:1b', 1, 1], ['b:1b', 1, 0], ['c:1b', 1, 1]]);
  expect(await rowsOf('/dashboard/api/trends?tag=t', 'data', 'group')).toEqual([[undefined, 2, 1]]);
  expect(await rowsOf(`/dashboard/api/trends?by=node&model=c:1b`, 'data', 'group')).toEqual([['local', 1, 1]]);
  const usage = (await get(router, '/dashboard/api/usage'))['data'] as Json[];
  expect(usage.map((row) => [row['model'], row['request_count'], row['failed_count'], row['total_prompt_tokens']])).toEqual([['', 1, 1, 0], ['a:1b', 1, 0, 120], ['b:1b', 1, 1, 0], ['c:1b', 1, 0, 120]]);
  expect((await get(router, '/dashboard/api/health'))['vitals']).toMatchObject({ total_requests_24h: 4, overall_error_rate_pct: 50, health_score: 100, nodes_total: 1, nodes_online: 1 });
  // The server's own words quoted the prompt: `get` looks for it.
  expect(((await get(router, '/dashboard/api/traces?model=b:1b'))['traces'] as Json[]).map((row) => [row['status'], row['error_code'], row['error_message']])).toEqual([['failed', 'backend_failed', 'Backend east failed with status 500']]);
  const contexts = (await get(router, '/dashboard/api/context-usage'))['models'] as Json[];
  expect(contexts.map((row) => [row['model'], (row['total_tokens'] as Json)['max'], row['recommended_ctx']])).toEqual([['a:1b', 165, 4096], ['c:1b', 165, 4096]]);
});

test('traces are found by what they are, a page at a time, and taken away as lines; what is written into a filter is a value', async () => {
  const { router, east } = await bed();
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) ids.unshift(String((await say(router, index % 2 === 0 ? 'a:1b' : 'c:1b', { metadata: { tags: [`n${index}`] } })).headers.get('x-oar-request-id')));
  const found = async (query: string): Promise<number[]> => ((await get(router, `/dashboard/api/traces?${query}`))['traces'] as Json[]).map((row) => ids.indexOf(String(row['request_id'])));
  expect(await found('')).toEqual([0, 1, 2, 3, 4]);
  expect(await found('model=c:1b')).toEqual([1, 3]);
  expect(await found('backend=east&limit=2')).toEqual([0, 2]);
  expect(await found('tag=n1')).toEqual([3]);
  expect(await found('node=local&status=completed&hours=1&key=anonymous&plane=standalone')).toEqual([0, 1, 2, 3, 4]);
  expect(await found(`start_ts=1&end_ts=2`)).toEqual([]);
  expect(await found(`q=${ids[2]!.slice(4)}`)).toEqual([2]);
  expect(await found('status=503')).toEqual([]);
  expect(await found('limit=-1')).toHaveLength(5);
  for (const wild of ["' OR '1'='1", '%', '"; DROP TABLE traces; --']) for (const name of ['model', 'node', 'tag', 'key', 'q', 'user', 'backend']) expect([name, wild, await found(`${name}=${encodeURIComponent(wild)}`)]).toEqual([name, wild, []]);
  const pages: unknown[] = [];
  for (let next: unknown = ''; next !== null; ) {
    const page = await get(router, `/dashboard/api/traces?limit=2${next === '' ? '' : `&before=${String(next)}`}`);
    pages.push(...(page['traces'] as Json[]).map((row) => row['request_id']));
    next = page['next'];
  }
  expect(pages).toEqual(ids);
  const lines = await read(await router.get('/dashboard/api/traces/export?model=c:1b'));
  expect([lines.headers.get('content-type'), lines.text.trim().split('\n').map((line) => (JSON.parse(line) as Json)['request_id'])]).toEqual(['application/x-ndjson; charset=utf-8', [ids[1], ids[3]]]);
  east.script('a:1b', { text: 'x' });
  const one = await get(router, `/dashboard/api/traces/${ids[0]}`);
  expect(one).toMatchObject({ request_id: ids[0], model: 'a:1b', original_model: 'a:1b', node_id: 'local', status: 'completed', prompt_tokens: 120, completion_tokens: 45, retry_count: 0, fallback_used: false, excluded_nodes: [], client_ip: '127.0.0.1', original_format: 'openai', error_message: null, tags: ['n4'], owner: 'anonymous', plane: 'standalone', dialect: 'openai-chat', backend: 'east', task: 'chat' });
  expect(one['attempts']).toMatchObject([{ backend: 'east', model: 'a:1b', error_code: null }]);
});

test.each([
  '/dashboard/api/trends?hours=0', '/dashboard/api/trends?hours=x', '/dashboard/api/trends?hours=99999999', '/dashboard/api/trends?by=colour', '/dashboard/api/trends?by=tag&model=a', '/dashboard/api/models?days=-1', '/dashboard/api/models?days=1.5',
  '/dashboard/api/usage?start_ts=now', '/dashboard/api/usage?end_ts=5', '/dashboard/api/tags?start_ts=9&end_ts=3', '/dashboard/api/apps?by=model', '/dashboard/api/context-usage?days=0', '/dashboard/api/traces?limit=0', '/dashboard/api/traces?limit=-2',
  '/dashboard/api/traces?limit=many', '/dashboard/api/traces?status=gone', '/dashboard/api/traces?plane=x', '/dashboard/api/traces?hours=', `/dashboard/api/traces?model=${'x'.repeat(600)}`, '/dashboard/api/traces/export?status=gone', '/dashboard/api/benchmarks?limit=x',
])('%s is 400, and names what is wrong', async (path) => {
  const router = await routerWith({});
  const answer = await read(await router.get(path));
  const { error } = answer.body as { error: Json };
  expect([answer.status, error['code'], path.includes(`${String(error['param'])}=`)]).toEqual([400, 'invalid_request', true]);
});

test('a run is kept as it was told, the latest first; what is missing or no number is 400', async () => {
  const { router } = await bed();
  for (const id of ['run-1', 'run-2']) expect((await ask(router, '/dashboard/api/benchmarks', { ...run, run_id: id, tokens_per_sec: 12.5, strange: secret })).status).toBe(200);
  expect(((await get(router, '/dashboard/api/benchmarks'))['data'] as Json[]).map((row) => row['run_id'])).toEqual(['run-2', 'run-1']);
  expect((await get(router, '/dashboard/api/benchmarks/run-1'))['data']).toMatchObject({ run_id: 'run-1', duration_s: 10, tokens_per_sec: 12.5, latency_p50_ms: null, per_model_results: { [evil]: 1 }, fleet_snapshot: null });
  expect(await get(router, '/dashboard/api/benchmarks/nobody')).toEqual({ data: null });
  for (const bad of [{}, { ...run, run_id: '' }, { ...run, run_id: '../x' }, { ...run, duration_s: '10' }, { ...run, total_requests: -1 }, { ...run, latency_p50_ms: 'x' }, { ...run, total_failures: undefined }]) expect([JSON.stringify(bad), (await ask(router, '/dashboard/api/benchmarks', bad)).status]).toEqual([JSON.stringify(bad), 400]);
});

test('the queues show what runs and what waits, each request once, and the fleet says what is in memory', async () => {
  const { router, east } = await bed({ models: [model('a:1b', { maxConcurrent: 1 })], routes: { unknown: ['a:1b'] } });
  await say(router, 'a:1b');
  const release = east.hold();
  const answers = [say(router, 'a:1b'), say(router, 'a:1b'), say(router, 'a:1b')];
  await queued(router, 2);
  const queue = await get(router, '/fleet/queue');
  expect(queue).toMatchObject({ queue_depth: 2, pending: 2, in_flight: 1, completed: 1, failed: 0, nodes_online: 1 });
  expect((queue['queues'] as Json)['local:a:1b']).toMatchObject({ pending: 2, in_flight: 1, concurrency: 1, model: 'a:1b', node_id: 'local', completed: 1, avg_prompt_tokens: 120, avg_completion_tokens: 45, stats_samples: 1 });
  expect(queue['estimated_wait_ms']).toEqual(expect.any(Number));
  const status = await get(router, '/fleet/status');
  expect(status['fleet']).toMatchObject({ nodes_total: 1, nodes_online: 1, requests_active: 1 });
  const [node] = status['nodes'] as Json[];
  expect(node).toMatchObject({ node_id: 'local', status: 'online', source: 'local', draining: false });
  expect((node!['backends'] as Json[]).map((one) => [one['id'], one['status']])).toEqual([['east', 'up'], ['west', 'up']]);
  release();
  await Promise.all(answers);
  await expect.poll(async () => (await get(router, '/fleet/queue'))['completed']).toBe(4);
  expect(await get(router, '/fleet/queue')).toMatchObject({ pending: 0, in_flight: 0, estimated_wait_ms: 0 });
});

/** Reads the line of events up to the next that is wanted. */
function eventsOf(opened: Response): (holds: (event: Json) => boolean) => Promise<Json> {
  const reader = opened.body!.getReader();
  let text = '';
  return async (holds) => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end < 0) {
        const { value, done } = await reader.read();
        if (done) throw new Error('The line ended.');
        text += new TextDecoder().decode(value);
        continue;
      }
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (!event.startsWith('data: ')) continue;
      const told = JSON.parse(event.slice('data: '.length)) as Json;
      if (holds(told)) return told;
    }
  };
}

test('the speed moves while a stream runs, and stands still when nothing does', async () => {
  const { router, west } = await bed();
  west.script('c:1b', { chunks: Array.from({ length: 100 }, () => 'word '), chunkDelayMs: 50 });
  const next = eventsOf(await fetch(`${router.url}/dashboard/events`));
  const speed = (event: Json): number => Number((event['totals'] as Json)['tokens_per_second']);
  expect(speed(await next(() => true))).toBe(0);
  const caller = call(router, openAi, chat({ model: 'c:1b', stream: true }));
  const seen: number[] = [];
  // Twenty a second at most, and a machine with little time for it makes fewer.
  await next((event) => seen.push(speed(event)) > 0 && speed(event) >= 6);
  expect(Math.max(...seen)).toBeLessThan(30);
  const told = performance.now();
  await next(() => true);
  await next(() => true);
  expect(performance.now() - told).toBeLessThan(1_900);
  const queue = await get(router, '/fleet/queue');
  expect([queue['in_flight'], Number(queue['tokens_per_second']) > 0, Number(((queue['queues'] as Json)['local:c:1b'] as Json)['tokens_per_second']) > 0]).toEqual([1, true, true]);
  caller.leave();
  await next((event) => speed(event) === 0);
});

test('what is not done here says so, and what there is instead', async () => {
  const { router } = await bed();
  expect(await get(router, '/dashboard/api/briefing')).toMatchObject({ enabled: false, briefing: null, message: expect.stringContaining('/dashboard/api/health') });
  expect(await get(router, '/dashboard/api/briefing/history?limit=5')).toMatchObject({ enabled: false, history: [] });
  expect(await get(router, '/api/platform/status')).toMatchObject({ connected: false });
  const connect = await ask(router, '/api/platform/connect', { operator_token: 'x', platform_url: 'http://127.0.0.1:9' });
  expect([connect.status, connect.text]).toEqual([501, expect.stringContaining('calls no service outside')]);
  expect((await ask(router, '/api/platform/disconnect', {})).body).toMatchObject({ connected: false });
});

test('who looks on is told of the health, as the page of health has it', async () => {
  const gone = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ gone }) });
  await gone.close();
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'down'));
  const next = eventsOf(await fetch(`${router.url}/dashboard/events`));
  const totals = (await next((event) => 'health_score' in (event['totals'] as Json)))['totals'] as Json;
  const health = await get(router, '/dashboard/api/health');
  const serious = (health['recommendations'] as Json[]).filter(({ severity }) => severity !== 'info').length;
  expect([totals['health_score'], totals['health_findings']]).toEqual([(health['vitals'] as Json)['health_score'], serious]);
  expect([serious > 0, Number(totals['health_score']) < 100]).toEqual([true, true]);
});

test('a model that is being loaded says for how long, and how long that took before', async () => {
  const { router, east } = await bed();
  east.script('b:1b', { text: 'Hello', usage: { completionTokens: 1, loadMs: 4_000 } });
  const models = async (): Promise<Json> => {
    const [node] = (await get(router, '/fleet/status'))['nodes'] as { readonly backends: readonly { readonly id: string; readonly models: readonly Json[] }[] }[];
    return node!.backends.find(({ id }) => id === 'east')!.models.find(({ name }) => name === 'b:1b') ?? {};
  };
  const begin = async (): Promise<() => Promise<void>> => {
    const release = east.hold();
    const caller = call(router, ollamaChat, chat({ model: 'b:1b' }));
    await until(() => router.service.load().totalRunning === 1);
    return async () => {
      release();
      await (await caller.answer).text();
    };
  };
  const endFirst = await begin();
  const early = await models();
  expect([early['state'], 'load_expected_ms' in early]).toEqual(['loading', false]);
  await expect.poll(async () => (await models())['loading_ms']).toBeGreaterThan(Number(early['loading_ms']) + 100);
  await endFirst();
  await expect.poll(async () => (await models())['state']).toBe('loaded');
  expect('loading_ms' in (await models())).toBe(false);
  east.catalogue.resident.clear();
  await expect.poll(models).toEqual({});
  const endSecond = await begin();
  expect(await models()).toMatchObject({ state: 'loading', load_expected_ms: 4_000 });
  expect(Number((await models())['loading_ms'])).toBeLessThan(5_000);
  await endSecond();
});

test('who looks on is told at once, soon after a change, and in any case every two seconds; an open line does not hold up a stop', async () => {
  const { router, east } = await bed();
  const opened = await fetch(`${router.url}/dashboard/events`);
  const next = eventsOf(opened);
  const running = (event: Json): unknown => (event['totals'] as Json)['running'];
  const first = await next(() => true);
  expect([Object.keys(first).slice(0, 3), running(first)]).toEqual([['nodes', 'queues', 'timestamp'], 0]);
  expect(Object.keys((first['nodes'] as Json[])[0]!)).toEqual(expect.arrayContaining(['thermal', 'capacity', 'models_available_count', 'mlx_models', 'image_models', 'stt_models', 'embed_models', 'vision_embed_models']));
  const release = east.hold();
  const caller = call(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalRunning === 1);
  const sent = performance.now();
  await next((event) => running(event) === 1);
  expect(performance.now() - sent).toBeLessThan(1_900);
  release();
  await caller.answer;
  await next((event) => running(event) === 0);
  // Nothing changes any more, and it goes on.
  const quiet = performance.now();
  await next(() => true);
  await next(() => true);
  expect(performance.now() - quiet).toBeLessThan(5_500);
  const stopped = performance.now();
  await router.stop();
  expect(performance.now() - stopped).toBeLessThan(2_000);
});

test('a restart forgets no trace', async () => {
  const { router, east, path } = await bed();
  const id = String((await say(router, 'a:1b')).headers.get('x-oar-request-id'));
  await router.stop();
  const again = await routerWith({ backends: backendsOf({ east }), store: { kind: 'sqlite', path } });
  expect(await get(again, `/v1/router/traces/${id}`)).toMatchObject({ request_id: id, model: 'a:1b' });
  expect(await get(again, '/dashboard/api/overview')).toMatchObject({ total_requests: 1 });
});
