/** Traces over `kill -9` of the whole router: what was read back is there, of the last moment's some may be missing, and nothing is counted twice. Needs a build. */
import { expect, test } from 'vitest';
import { fakeServer, type Json } from '../support/flow-bed.ts';
import { configFile, newFolder, plainConfig, RouterProcess } from '../support/router-process.ts';

async function idsIn(router: RouterProcess): Promise<string[]> {
  const found = (await router.json('/dashboard/api/traces?limit=-1')) as { traces: readonly Json[] };
  return found.traces.map((trace) => String(trace['request_id']));
}

async function asked(router: RouterProcess, count: number): Promise<string[]> {
  const answers = Array.from({ length: count }, () => router.post('/v1/chat/completions', { model: 'small:1b', messages: [{ role: 'user', content: 'Hello' }] }));
  return (await Promise.all(answers)).map((answer) => String(answer.headers.get('x-oar-request-id')));
}

test('kill -9 loses at most the last batch', async () => {
  const backend = await fakeServer({ models: ['small:1b'] });
  const folder = newFolder();
  const config = configFile(plainConfig(backend.url, folder), folder);
  const kept = new Set<string>();
  const all = new Set<string>();
  for (let life = 0; life < 3; life += 1) {
    const router = await RouterProcess.serve(config, { quiet: true });
    const before = await idsIn(router);
    expect(before).toHaveLength(new Set(before).size);
    for (const id of kept) expect(before).toContain(id);
    for (const id of before) expect(all).toContain(id);
    expect(await router.json('/dashboard/api/overview')).toMatchObject({ total_requests: before.length });
    for (const id of await asked(router, 20)) all.add(id);
    // Whoever reads the list has the store brought up to date first.
    for (const id of await idsIn(router)) kept.add(id);
    expect(kept.size).toBeGreaterThanOrEqual((life + 1) * 20);
    for (const id of await asked(router, 20)) all.add(id);
    router.signal('SIGKILL');
    await router.ended();
  }
});
