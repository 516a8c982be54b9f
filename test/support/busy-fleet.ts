/** A fleet of stand-ins for the tests of the dashboard: two machines with graphics cards, models in memory, work that runs and work that waits. */
import type { Gpu } from '../../src/core/fleet.ts';
import type { NodeServer } from '../../src/core/node.ts';
import type { FakeBackend } from '../fakes/backend.ts';
import { ModelStore } from '../fakes/model-store.ts';
import { gib } from '../fakes/nodes.ts';
import { ask, call, chat, fakeServer, type Json, openAi, queued, routerWith, until } from './flow-bed.ts';
import { ollamaOf, ScriptedNode } from './scripted-node.ts';
import type { TestRouter } from './test-router.ts';

const card: Gpu = { index: 0, name: 'RTX 4090', vendor: 'nvidia', vramTotalMb: 24_564, vramUsedMb: 21_200, utilizationPct: 97, temperatureC: 71 };

export interface BusyFleet {
  readonly router: TestRouter;
  readonly studio: FakeBackend;
  readonly rack: FakeBackend;
  /** What is pulled to and deleted from `studio`. */
  readonly store: ModelStore;
  readonly nodes: readonly [ScriptedNode, ScriptedNode];
  /** What both machines say of themselves once more, with other figures. */
  report(more?: { readonly cpuPct?: number; readonly draining?: boolean }): Promise<void>;
}

/** `studio` has the models `qwen3:32b` and `coder:14b`, `rack` has `coder:14b` alone. */
export async function busyFleet(config: Json = {}): Promise<BusyFleet> {
  const store = new ModelStore();
  const studio = await fakeServer({ models: ['qwen3:32b', 'coder:14b'], handlers: store.handlers });
  store.attach(studio);
  const rack = await fakeServer({ models: ['coder:14b'] });
  const router = await routerWith({ backends: [], ...config });
  const nodes = [new ScriptedNode(router, 'studio'), new ScriptedNode(router, 'rack')] as const;
  const report: BusyFleet['report'] = async ({ cpuPct = 31, draining = false } = {}) => {
    const server = (fake: FakeBackend): NodeServer => ollamaOf(fake, { maxConcurrent: 2, version: '0.12.6' });
    const memory = { totalBytes: 192 * gib, usedBytes: 136 * gib, availableBytes: 56 * gib, pressure: 'normal' as const };
    await nodes[0].report([server(studio)], { name: 'studio', chip: 'M2 Ultra', os: 'darwin', cores: 24, cpuPct, memory, draining });
    await nodes[1].report([server(rack)], { name: 'rack', chip: 'Ryzen 9', os: 'linux', cores: 16, cpuPct: 72, gpus: [card] });
  };
  await report();
  // Where there are keys, machines wait to be approved.
  if (config['access'] === undefined) await until(() => router.fleet.view().backends.filter(({ status }) => status === 'up').length === 2);
  return { router, studio, rack, store, nodes, report };
}

/** Requests that have ended: one of each model that went well, and one for a model that nobody has. */
export async function someHistory(router: TestRouter): Promise<readonly string[]> {
  const tags = { 'x-herd-tags': 'my-app' };
  const answers = [
    await ask(router, openAi, chat({ model: 'qwen3:32b', user: 'bob' }), tags),
    await ask(router, openAi, chat({ model: 'coder:14b' }), { 'x-herd-tags': 'nightly' }),
    await ask(router, openAi, chat({ model: 'nobody:1b' }), tags),
  ];
  return answers.map((answer) => answer.headers.get('x-oar-request-id') ?? '');
}

/** Fills both slots of `qwen3:32b` and lets one more request wait; the returned function lets all go on. */
export async function filled({ router, studio }: BusyFleet): Promise<() => void> {
  const release = studio.hold();
  for (let index = 0; index < 3; index += 1) call(router, openAi, chat({ model: 'qwen3:32b', user: `user-${index}` }));
  await studio.waitForRequests(2);
  await queued(router, 1);
  return release;
}
