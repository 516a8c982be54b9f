/** Token counts survive `kill -9` of the whole router: what ended a second before is kept, and nothing is counted twice. Needs a build. */
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, newFolder, plainConfig, RouterProcess } from '../support/router-process.ts';

const kills = process.env['OAR_TEST_LONG'] === 'full' ? 40 : 6;
const tokensEach = 15;
/** The promise. */
const keptAfterMs = 1_000;

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

/** Asks without a pause until the router is gone; when each answer was complete. */
async function askOnAndOn(router: RouterProcess): Promise<readonly number[]> {
  const endedAt: number[] = [];
  for (;;) {
    const path = endedAt.length % 2 === 0 ? '/v1/chat/completions' : '/api/chat';
    const response = await router.post(path, { model: 'small:1b', messages: [{ role: 'user', content: 'Hello' }], stream: false }).catch(() => null);
    const text = await response?.text().catch(() => null);
    if (response?.status !== 200 || !text) return endedAt;
    endedAt.push(performance.now());
  }
}

async function totalOf(router: RouterProcess): Promise<number> {
  return Number((await router.json('/api/token_counts'))['total_tokens']);
}

test(`${kills} times kill -9 under load: each count is between what must be kept and what was served`, async () => {
  backend = await startFakeBackend({ models: ['small:1b'], record: false });
  backend.script('small:1b', { usage: { promptTokens: 10, completionTokens: 5 }, firstByteDelayMs: 2 });
  const folder = newFolder();
  const config = configFile(plainConfig(backend.url, folder), folder);
  let before = 0;
  for (let life = 0; life < kills; life += 1) {
    const router = await RouterProcess.serve(config, { quiet: true });
    expect(await totalOf(router)).toBe(before);
    const received = backend.received;
    const callers = Array.from({ length: 3 }, () => askOnAndOn(router));
    await new Promise<void>((resolve) => void setTimeout(resolve, keptAfterMs + 200 + Math.random() * 600));
    const killedAt = performance.now();
    router.signal('SIGKILL');
    await router.ended();
    const endedAt = (await Promise.all(callers)).flat();
    const next = await RouterProcess.serve(config, { quiet: true });
    const after = await totalOf(next);
    const kept = endedAt.filter((at) => at <= killedAt - keptAfterMs).length;
    expect(kept).toBeGreaterThan(0);
    expect(after - before).toBeGreaterThanOrEqual(kept * tokensEach);
    expect(after - before).toBeLessThanOrEqual((backend.received - received) * tokensEach);
    expect((after - before) % tokensEach).toBe(0);
    before = after;
    // A clean stop loses nothing at all.
    for (let count = 0; count < 3; count += 1) expect((await next.post('/api/generate', { model: 'small:1b', prompt: 'Hello', stream: false })).status).toBe(200);
    expect((await next.stop()).code).toBe(0);
    before += 3 * tokensEach;
  }
}, 150_000);
