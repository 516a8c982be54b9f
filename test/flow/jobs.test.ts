/** Jobs over HTTP: accepted with 202, listed, read, cancelled, tried again, kept for their time and no longer. */
import { expect, test } from 'vitest';
import { accept, ask, asJob, backend, ended, gated, hello, hold, isoTime, list, queues, remove, result, type Row, router, row, sqlite, start, startAgain, toModel } from '../support/jobs-bed.ts';
import { model } from '../support/test-router.ts';

test('mode async on an idle router is accepted with exactly the promised body', async () => {
  await start({ server: { nodeId: 'lab-1' } });
  const release = hold();
  const response = await ask(asJob);
  const text = await response.text();
  const { id, ...body } = JSON.parse(text) as Row;
  expect(response.status).toBe(202);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(id).toMatch(/^job_lab-1_[A-Za-z0-9_-]{16}$/);
  expect(body).toEqual({
    object: 'router.job',
    status: 'queued',
    message: 'Heavy load. Job accepted for asynchronous processing.',
    router: { mode: 'async', taskType: 'simple_chat', preferredModel: 'small:1b', position: 1, estimatedClass: 'light' },
  });
  expect(Object.keys(JSON.parse(text) as Row)).toEqual(['id', 'object', 'status', 'message', 'router']);
  release();
});

test('a record has thirteen keys in order; the result is the answer of the backend itself', async () => {
  await start();
  backend.script('small:1b', { text: 'The answer.' });
  const body = JSON.stringify({ ...asJob, user: 'ada', temperature: 0.5 });
  const id = await accept(body);
  const record = await ended(id);
  expect(Object.keys(record)).toEqual(['id', 'status', 'task_type', 'selected_model', 'request_json', 'result_json', 'error_json', 'attempts', 'priority', 'created_at', 'started_at', 'finished_at', 'expires_at']);
  expect(record).toMatchObject({ id, status: 'succeeded', task_type: 'simple_chat', selected_model: 'small:1b', request_json: body, error_json: null, attempts: 1, priority: 50 });
  for (const key of ['created_at', 'started_at', 'finished_at', 'expires_at']) expect(record[key], key).toMatch(isoTime);
  const times = ['created_at', 'started_at', 'finished_at', 'expires_at'].map((key) => Date.parse(String(record[key])));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const told = await result(id);
  const text = await told.text();
  expect(told.status).toBe(200);
  expect(text).toBe(record.result_json);
  const answer = JSON.parse(text) as Row;
  expect(answer).toMatchObject({ object: 'chat.completion', model: 'small:1b', choices: [{ message: { content: 'The answer.' } }] });
  expect(answer).not.toHaveProperty('router');
  expect(backend.requests[0]?.body).not.toHaveProperty('router');
  expect(backend.requests[0]?.body).toMatchObject({ model: 'small:1b', user: 'ada', temperature: 0.5 });
});

test('the list shows summaries, newest first, in pages (AR-D12)', async () => {
  await start();
  const ids: string[] = [];
  for (let count = 0; count < 7; count += 1) {
    ids.unshift(await accept(asJob));
    await ended(ids[0] ?? '');
  }
  const all = await list();
  expect(all.map((job) => job.id)).toEqual(ids);
  expect(Object.keys(all[0] ?? {})).not.toContain('request_json');
  expect(Object.keys(all[0] ?? {})).not.toContain('result_json');
  expect(all[0]).toMatchObject({ status: 'succeeded', task_type: 'simple_chat', selected_model: 'small:1b', attempts: 1, priority: 50 });
  const paged: unknown[] = [];
  for (let page = await list('?limit=3'); page.length > 0; page = await list(`?limit=3&before=${String(paged.at(-1))}`)) {
    expect(page.length).toBeLessThanOrEqual(3);
    paged.push(...page.map((job) => job.id));
  }
  expect(paged).toEqual(ids);
  for (const limit of ['0', '-1', 'x', '1.5']) expect((await router.get(`/v1/jobs?limit=${limit}`)).status, limit).toBe(400);
  expect((await router.get('/v1/jobs?limit=100000')).status).toBe(200);
});

test('fifty jobs are listed when nobody asks for more', async () => {
  await start();
  const release = hold();
  for (let count = 0; count < 55; count += 1) await accept(asJob);
  expect(await list()).toHaveLength(50);
  expect(await list('?limit=55')).toHaveLength(55);
  release();
});

test('a waiting or running job has no result yet, an unknown one none at all', async () => {
  await start();
  const release = hold();
  const running = await accept(asJob);
  await backend.waitForRequests(1);
  const waiting = await accept(asJob);
  await expect.poll(async () => (await row(running)).status).toBe('running');
  for (const [id, status] of [[running, 'running'], [waiting, 'queued']] as const) {
    const told = await result(id);
    expect([told.status, await told.json()]).toEqual([202, { status }]);
  }
  expect(await row(waiting)).toMatchObject({ status: 'queued', attempts: 0, started_at: null, finished_at: null, result_json: null });
  for (const path of ['/v1/jobs/job_local_0000000000000000', '/v1/jobs/job_local_0000000000000000/result', '/v1/jobs/nonsense']) {
    const response = await router.get(path);
    expect(response.status, path).toBe(404);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String), code: 'job_not_found' } });
  }
  expect((await remove('job_local_0000000000000000')).status).toBe(404);
  release();
  await ended(running);
  await ended(waiting);
});

test('a cancelled job leaves the queue and its backend is never asked (AR-D11)', async () => {
  await start();
  const release = hold();
  const running = await accept(asJob);
  await backend.waitForRequests(1);
  const waiting = await accept(asJob);
  await expect.poll(async () => (await queues()).globalQueued).toBe(1);
  const response = await remove(waiting);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ id: waiting, status: 'cancelled', finished_at: expect.stringMatching(isoTime) });
  await expect.poll(async () => (await queues()).globalQueued).toBe(0);
  release();
  await ended(running);
  await ended(await accept(asJob));
  expect(backend.received).toBe(2);
  const told = await result(waiting);
  expect([told.status, await told.json()]).toEqual([410, { error: expect.objectContaining({ code: 'job_expired' }) }]);
});

test('cancelling a running job ends the call to the backend and gives its slot back (AR-D11)', async () => {
  await start();
  const release = hold();
  const id = await accept(asJob);
  await backend.waitForRequests(1);
  const at = performance.now();
  expect((await remove(id)).status).toBe(200);
  await backend.waitForAborts(1);
  expect(performance.now() - at).toBeLessThan(1000);
  release();
  expect(await row(id)).toMatchObject({ status: 'cancelled', result_json: null });
  await expect.poll(async () => (await queues()).globalRunning).toBe(0);
  const next = await ask({ model: 'small:1b', messages: hello });
  expect(next.status).toBe(200);
  expect((await result(id)).status).toBe(410);
});

test('a finished job is returned unchanged when it is cancelled, as often as one likes', async () => {
  await start();
  const id = await accept(asJob);
  const before = await ended(id);
  for (let count = 0; count < 2; count += 1) {
    const response = await remove(id);
    expect([response.status, await response.json()]).toEqual([200, before]);
  }
  expect((await result(id)).status).toBe(200);
});

test('a passing failure is tried again, after a pause (AR-D25)', async () => {
  await start();
  backend.script('small:1b', { status: 500, times: 1 });
  const id = await accept(toModel('small:1b'));
  await backend.waitForRequests(1);
  const failedAt = performance.now();
  await backend.waitForRequests(2);
  const pausedMs = performance.now() - failedAt;
  expect(await ended(id)).toMatchObject({ attempts: 2 });
  // Half a second at least: the base of one second, halved by jitter at most. A little is lost between the two clocks.
  expect(pausedMs).toBeGreaterThan(400);
});

test('what fails every time ends as failed after maxAttempts, without a stack (AR-D20)', async () => {
  await start({ jobs: { maxAttempts: 2 } });
  backend.script('small:1b', { status: 500, body: JSON.stringify({ error: { message: 'the runner has crashed' } }) });
  const id = await accept(toModel('small:1b'));
  const record = await ended(id, 'failed');
  expect(record).toMatchObject({ attempts: 2, result_json: null });
  expect(backend.received).toBe(2);
  const told = await result(id);
  const body = (await told.json()) as { status: string; error: Row };
  expect(told.status).toBe(500);
  expect(body).toEqual({ status: 'failed', error: { code: 'backend_failed', message: expect.stringContaining('the runner has crashed') } });
  expect(JSON.parse(String(record.error_json))).toEqual(body.error);
  expect(JSON.stringify(record)).not.toMatch(/\bat .*\.(ts|js):\d+/);
});

test.each([400, 422])('a refusal with %i is final: one attempt (AR-D25)', async (status) => {
  await start();
  backend.script('small:1b', { status, body: JSON.stringify({ error: { message: 'temperature must be a number' } }) });
  const id = await accept(toModel('small:1b'));
  expect(await ended(id, 'failed')).toMatchObject({ attempts: 1 });
  expect(backend.received).toBe(1);
  const body = (await (await result(id)).json()) as { error: Row };
  expect(body.error).toEqual({ code: 'backend_rejected', message: expect.stringContaining('temperature must be a number') });
});

test('a job falls back to the next model when its own cannot answer (AR-D16)', async () => {
  await start({ routes: { simple_chat: ['small:1b', 'other:1b'] } });
  backend.script('small:1b', { status: 500 });
  const id = await accept(asJob);
  expect(await ended(id)).toMatchObject({ attempts: 1, selected_model: 'other:1b' });
  expect(backend.requests.map((request) => request.body?.['model'])).toEqual(['small:1b', 'other:1b']);
});

test('a job that runs longer than its model may is stopped and fails', async () => {
  await start({ models: [model('small:1b', { timeoutMs: 100 }), model('other:1b')], jobs: { maxAttempts: 1 } });
  backend.script('small:1b', { fault: 'hang' });
  const id = await accept(toModel('small:1b'));
  await backend.waitForAborts(1);
  expect(await ended(id, 'failed')).toMatchObject({ error_json: expect.stringContaining('backend_timeout') });
  await expect.poll(async () => (await queues()).globalRunning).toBe(0);
});

test("a job's own time limit counts as well", async () => {
  await start({ jobs: { maxAttempts: 1 } });
  backend.script('small:1b', { fault: 'hang' });
  const id = await accept(toModel('small:1b', { maxExecutionTimeMs: 100 }));
  await backend.waitForAborts(1);
  expect(await ended(id, 'failed')).toMatchObject({ error_json: expect.stringContaining('backend_timeout') });
});

test('a job outlives queue.timeoutMs, which is the limit of those who wait for their answer', async () => {
  await start({ queue: { timeoutMs: 50 } });
  const release = hold();
  const id = await accept(toModel('small:1b'));
  await backend.waitForRequests(1);
  // A request that somebody waits for ends at the limit; the job began before it and is still there.
  expect((await ask({ model: 'other:1b', messages: hello })).status).toBe(504);
  expect((await row(id)).status).toBe('running');
  release();
  await ended(id);
});

for (const kind of ['memory', 'sqlite'] as const) {
  test(`the time to live counts from the end; then 410, and request and result are gone, ${kind} (AR-D12, AR-D13)`, async () => {
    await start({ jobs: { resultTtlSeconds: 1, cleanupIntervalMs: 50 }, ...(kind === 'sqlite' ? sqlite() : {}) });
    const letGo = gated('small:1b', { text: 'late' });
    const slow = await accept(toModel('small:1b'));
    await backend.waitForRequests(1);
    const queued = await accept(toModel('small:1b'));
    const quick = await accept(toModel('other:1b'));
    const record = await ended(quick);
    expect(Date.parse(String(record.expires_at)) - Date.parse(String(record.finished_at))).toBe(1000);
    await expect.poll(async () => (await result(quick)).status).toBe(410);
    expect(await row(quick)).toMatchObject({ status: 'expired', request_json: '', result_json: null });
    // Both are older than what has just expired: neither running nor waiting jobs do.
    expect(await row(slow)).toMatchObject({ status: 'running' });
    expect(await row(queued)).toMatchObject({ status: 'queued' });
    letGo();
    await ended(slow);
    expect((await result(slow)).status).toBe(200);
    await ended(queued);
    await expect.poll(async () => (await row(slow)).status).toBe('expired');
    expect(router.service.jobs.counts().bytes).toBeLessThan(4096);
  });

  test(`requests and results of any letters and sizes are kept as they came, ${kind}`, async () => {
    await start({ server: { requestBodyLimit: '16mb' }, ...(kind === 'sqlite' ? sqlite() : {}) });
    const odd = 'Zażółć gęślą jaźń, Ärger, 日本語, 🎉, \u0000 \u2028 "quoted" \\ \u00ff';
    const big = `${odd} ${'é🎉'.repeat(400_000)}`;
    backend.script('small:1b', { text: big });
    const body = JSON.stringify({ ...toModel('small:1b'), messages: [{ role: 'user', content: big }] });
    expect(Buffer.byteLength(body)).toBeGreaterThan(2_000_000);
    const id = await accept(body);
    const record = await ended(id);
    expect(record.request_json).toBe(body);
    const sent = backend.requests[0]?.body as unknown as { messages: { content: string }[] };
    expect(sent.messages[0]?.content).toBe(big);
    const answer = (await (await result(id)).json()) as { choices: { message: { content: string } }[] };
    expect(answer.choices[0]?.message.content).toBe(big);
  });
}

test('a job with high priority goes before those that came earlier', async () => {
  await start();
  const release = hold();
  await accept(toModel('small:1b'));
  await backend.waitForRequests(1);
  const order = ['low', 'normal', 'high'] as const;
  for (const [count, priority] of order.entries()) {
    await accept({ ...toModel('small:1b', { priority }), user: priority });
    await expect.poll(async () => (await queues()).globalQueued).toBe(count + 1);
  }
  expect((await list()).slice(0, 3).map((job) => job.priority)).toEqual([90, 50, 10]);
  release();
  await backend.waitForRequests(4);
  expect(backend.requests.slice(1).map((request) => request.body?.['user'])).toEqual(['high', 'normal', 'low']);
});

test('the place in the queue counts everybody who waits for the model', async () => {
  await start({ router: { syncMaxQueueTimeMs: 60_000 } });
  const release = hold();
  const first = ask({ model: 'small:1b', messages: hello });
  await backend.waitForRequests(1);
  const second = ask({ model: 'small:1b', messages: hello });
  await expect.poll(async () => (await queues()).globalQueued).toBe(1);
  const answer = (await (await ask(toModel('small:1b'))).json()) as { router: Row };
  expect(answer.router.position).toBe(2);
  release();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});

test('a job is refused with 503 and Retry-After when enough of them wait (AR-D18)', async () => {
  await start({ queue: { globalMaxQueued: 2 } });
  const release = hold();
  const running = await accept(toModel('small:1b'));
  await expect.poll(async () => (await row(running)).status).toBe('running');
  const waiting = [await accept(toModel('small:1b')), await accept(toModel('small:1b'))];
  const refused = await ask(toModel('small:1b'));
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ error: { code: 'queue_full', message: expect.any(String) } });
  release();
  for (const id of [running, ...waiting]) await ended(id);
  expect(backend.received).toBe(3);
});

test('a request that may become a job does so when its model is busy; one without a router object waits (AR-D7)', async () => {
  await start();
  const release = hold();
  const first = ask({ messages: hello });
  await backend.waitForRequests(1);
  const job = await ask({ messages: hello, router: {} });
  expect(job.status).toBe(202);
  const plain = ask({ messages: hello });
  const insisting = ask({ messages: hello, router: { mode: 'sync' } });
  const never = ask({ messages: hello, router: { allowAsync: false } });
  await expect.poll(async () => (await queues()).globalQueued).toBe(4);
  release();
  for (const answer of [first, plain, insisting, never]) expect((await answer).status).toBe(200);
  await ended(((await job.json()) as { id: string }).id);
});

test('a request that waited longer than syncMaxQueueTimeMs becomes a job, and its model is then asked once (AR-D17)', async () => {
  await start({ models: [model('small:1b'), model('other:1b')], router: { syncMaxQueueTimeMs: 60 } });
  const release = hold();
  const first = ask({ model: 'small:1b', messages: hello });
  await backend.waitForRequests(1);
  const late = await ask({ model: 'small:1b', messages: hello, router: {} });
  expect(late.status).toBe(202);
  const { id } = (await late.json()) as { id: string };
  release();
  expect((await first).status).toBe(200);
  await ended(id);
  expect(backend.received).toBe(2);
});

test('a stream never becomes a job, whatever mode it asks for', async () => {
  await start();
  const response = await ask({ ...asJob, stream: true });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/);
  expect(await list()).toEqual([]);
});

test('GPU-only holds for jobs too: nothing is accepted that must not run (AR-D8)', async () => {
  await start();
  const response = await ask({ messages: hello, router: { mode: 'async', requireGpuOnly: true } });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('gpu_only') } });
  expect(backend.received).toBe(0);
  expect(await list()).toEqual([]);
});

test('jobs of a router that stops are there when it starts again, and run then (AR-D26)', async () => {
  const store = sqlite();
  await start(store);
  const release = hold();
  const running = await accept(toModel('small:1b'));
  await backend.waitForRequests(1);
  const waiting = await accept(toModel('small:1b'));
  const stopping = router.stop();
  release();
  await stopping;
  await startAgain(store);
  await ended(running);
  await ended(waiting);
  expect(backend.received).toBe(2);
});
