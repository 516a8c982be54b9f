/** Which model should be on which machine, as the page gets it: from what machines report and what was asked for, with what a pull needs. */
import { expect, test } from 'vitest';
import { ModelStore } from '../fakes/model-store.ts';
import { gib, nodeReport } from '../fakes/nodes.ts';
import { ask, backendsOf, chat, fakeServer, type Json, openAi, read, routerWith, until } from '../support/flow-bed.ts';

const planMembers = 'node_id total_ram_gb usable_ram_gb current_models recommendations disk_total_gb disk_available_gb total_recommended_ram_gb ram_headroom_gb';
const rowMembers = 'model display_name category ram_gb quality_score reason priority already_available';

test('advice follows demand and what is there, has the members of the contract, and one call pulls a row', async () => {
  const store = new ModelStore();
  const fake = await fakeServer({ models: ['qwen3:0.6b', 'mine-coder:7b'].map((name) => ({ name, sizeBytes: 4e9 })), handlers: store.handlers });
  store.attach(fake);
  const router = await routerWith({ backends: backendsOf({ east: fake }) });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  expect((await read(await router.get('/dashboard/api/recommendations'))).body['nodes']).toEqual([]);
  router.fleet.setOwnReport(nodeReport('local', 40, { os: 'linux', memoryBandwidthGbps: 800, disk: { totalBytes: 900 * gib, usedBytes: 0, availableBytes: 500 * gib } }));
  await ask(router, openAi, chat({ model: 'mine-coder:7b' }));
  await ask(router, openAi, chat({ model: 'mistral:7b', router: { allowSubstitution: false } }));
  expect((await read(await router.get('/dashboard/api/recommendations'))).body['nodes']).toEqual([]);
  const { body } = await read(await router.get('/dashboard/api/recommendations?refresh=1'));
  const [plan] = body['nodes'] as Json[];
  const rows = plan?.['recommendations'] as Json[];
  expect(planMembers.split(' ').filter((name) => !(name in (plan as Json)))).toEqual([]);
  for (const row of rows) expect(rowMembers.split(' ').filter((name) => !(name in row))).toEqual([]);
  expect(plan).toMatchObject({ node_id: 'local', total_ram_gb: 64, usable_ram_gb: 58, disk_available_gb: 500 });
  expect(rows.find(({ model }) => model === 'mine-coder:7b')).toMatchObject({ already_available: true, priority: 'high', requests: 1, reason: 'It is in use here: 1 request since yesterday.' });
  expect(rows.filter(({ model }) => model === 'qwen3:32b' || model === 'qwen3:30b').every((row) => row['already_available'] === false)).toBe(true);
  expect(rows.every(({ category }) => category !== 'image')).toBe(true);
  const asked = rows.find(({ model }) => model === 'mistral:7b') as Json;
  expect(asked).toMatchObject({ priority: 'high', already_available: false });
  expect(body).toMatchObject({ usage: { requests: 1, by_category: [{ category: 'coding', requests: 1 }, { category: 'general', requests: 1 }] }, fleet_summary: { nodes_total: 1 } });
  const pulled = await ask(router, '/dashboard/api/pull', { node_id: asked['node_id'], model: asked['model'] });
  expect([pulled.status, pulled.body]).toEqual([200, { ok: true, node_id: 'local', model: 'mistral:7b' }]);
  await until(() => router.fleet.view().backends.some(({ report }) => report?.models.some(({ name }) => name === 'mistral:7b') === true));
  const [after] = (await read(await router.get('/dashboard/api/recommendations?refresh=true'))).body['nodes'] as Json[];
  expect(((after as Json)['recommendations'] as Json[]).some((row) => row['model'] === 'mistral:7b' && row['already_available'] === false)).toBe(false);
});
