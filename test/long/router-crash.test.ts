/** Jobs survive `kill -9` of the whole router: what was accepted with 202 ends in exactly one result. Needs a build. */
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, newFolder, plainConfig, RouterProcess } from '../support/router-process.ts';

const kills = process.env['OAR_TEST_LONG'] === 'full' ? 50 : 10;
const deadlineMs = 150_000;

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

type Row = { readonly id: string; readonly status: string; readonly attempts: number; readonly result_json: string | null; readonly error_json: string | null };

/** What the test was told, over all the lives of the router. */
class Witness {
  /** Job id to the number that its request carried. */
  readonly accepted = new Map<string, number>();
  readonly results = new Map<string, string>();
  asked = 0;

  async ask(router: RouterProcess): Promise<void> {
    this.asked += 1;
    const number = this.asked;
    // Whoever asks in the moment of the kill gets no answer, and may not count on anything.
    const response = await router.post('/v1/chat/completions', { model: 'small:1b', messages: [{ role: 'user', content: `number ${number}` }], router: { mode: 'async' } }).catch(() => null);
    const body = response === null ? null : ((await response.json().catch(() => null)) as { id?: string } | null);
    if (body === null) return;
    expect(response?.status, JSON.stringify(body)).toBe(202);
    this.accepted.set(String(body.id), number);
  }

  /** A result that was read once must never be another. */
  see(id: string, text: string): void {
    expect(this.results.get(id) ?? text, id).toBe(text);
    this.results.set(id, text);
  }
}

async function readSome(router: RouterProcess, witness: Witness, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const response = await fetch(`${router.url}/v1/jobs/${id}/result`).catch(() => null);
    const text = await response?.text().catch(() => null);
    if (response?.status === 200 && text) witness.see(id, text);
  }
}

/** Accepts a handful, sees some of them begin, and dies while others wait. */
async function liveAndDie(config: string, witness: Witness): Promise<void> {
  const router = await RouterProcess.serve(config);
  const before = backend.received;
  await Promise.all(Array.from({ length: 12 }, () => witness.ask(router)));
  await backend.waitForRequests(before + 1 + Math.floor(Math.random() * 10));
  const known = [...witness.accepted.keys()];
  const reading = readSome(router, witness, known.slice(-20));
  const asking = Promise.all([witness.ask(router), witness.ask(router)]);
  if (Math.random() < 0.5) await reading;
  router.signal('SIGKILL');
  await Promise.all([reading, asking, router.ended()]);
}

test(`${kills} times kill -9 of the router: no accepted job is lost, none has two results`, async () => {
  backend = await startFakeBackend({ models: ['small:1b'] });
  // Every answer is another, so that a second result could not hide.
  for (let number = 0; number < kills * 60; number += 1) backend.script('small:1b', { text: `answer ${number}`, firstByteDelayMs: 15, times: 1 });
  const folder = newFolder();
  const config = configFile(plainConfig(backend.url, folder, { models: [{ name: 'small:1b', maxConcurrent: 2 }], queue: { globalMaxQueued: 10_000 } }), folder);
  const witness = new Witness();
  for (let life = 0; life < kills; life += 1) await liveAndDie(config, witness);
  const router = await RouterProcess.serve(config);
  const unfinished = async (): Promise<number> => {
    const { jobs } = (await router.json('/v1/router/runtime')) as { jobs: { queued: number; running: number } };
    return jobs.queued + jobs.running;
  };
  await expect.poll(unfinished, { interval: 50, timeout: 60_000 }).toBe(0);
  for (const id of witness.accepted.keys()) await judge(router, witness, id);
  expect(witness.accepted.size).toBeGreaterThanOrEqual(kills * 12);
  // A job that was written but not yet answered for may be there as well; nothing else may.
  const { jobs } = (await router.json('/v1/router/runtime')) as { jobs: Record<string, number> };
  const all = Object.values(jobs).reduce((sum, count) => sum + count, 0);
  expect(all).toBeGreaterThanOrEqual(witness.accepted.size);
  expect(all).toBeLessThanOrEqual(witness.asked);
  expect((await router.stop()).code).toBe(0);
}, deadlineMs);

async function judge(router: RouterProcess, witness: Witness, id: string): Promise<void> {
  const row = (await router.json(`/v1/jobs/${id}`)) as unknown as Row;
  if (row.status === 'failed') {
    // The router died five times during it: the one other end that is promised.
    expect(row.error_json).toContain('died');
    expect(witness.results.has(id)).toBe(false);
    return;
  }
  expect(row, id).toMatchObject({ id, status: 'succeeded', request_json: expect.stringContaining(`"number ${witness.accepted.get(id)}"`) });
  const result = await fetch(`${router.url}/v1/jobs/${id}/result`);
  const text = await result.text();
  expect([result.status, text]).toEqual([200, row.result_json]);
  expect(text).toMatch(/"content":"answer \d+"/);
  witness.see(id, text);
}
