import { describe, expect, test } from 'vitest';
import { backend, type BackendSketch, fleet } from '../../test/fakes/brain.ts';
import { gib, nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { Gpu, Model } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';
import { type CatalogueModel, modelCatalogue } from './model-catalogue.ts';
import { type AdviceFacts, recommendModels } from './recommend.ts';

const memory = (totalGb: number) => ({ totalBytes: totalGb * gib, usedBytes: 0, availableBytes: totalGb * gib, pressure: 'normal' as const });
const disk = (availableGb: number) => ({ totalBytes: 1000 * gib, usedBytes: 0, availableBytes: availableGb * gib });
const card = (vramGb: number): Gpu => ({ index: 0, name: 'card', vramTotalMb: vramGb * 1024 });
const model = (name: string, more: Partial<Model> = {}): Model => ({ name, sizeBytes: 5e9, ...more });

interface Machine extends Partial<NodeReport> {
  readonly sketch?: BackendSketch;
}

/** A workstation whose speed is no hindrance, unless it is said otherwise. */
function advise(machines: Readonly<Record<string, Machine>>, more: Partial<AdviceFacts> = {}) {
  const ids = Object.keys(machines);
  const backends = ids.map((id) => backend(id, { models: [], ...machines[id]?.sketch }));
  const nodes = ids.map((id) => {
    const { sketch: _sketch, ...report } = machines[id] as Machine;
    return nodeState(id, nodeReport(id, 40, { os: 'linux', memoryBandwidthGbps: 800, ...report }));
  });
  return recommendModels({ view: { ...fleet(backends), nodes }, catalogue: modelCatalogue, used: [], missing: [], ...more });
}

const of = (result: ReturnType<typeof advise>, nodeId: string) => result.machines.find((machine) => machine.nodeId === nodeId)?.advice ?? [];
const sizes = (name: string, sizeGb: number, more: Partial<CatalogueModel> = {}): CatalogueModel => ({ name, title: name, family: name, categories: ['coding'], sizeGb, quality: sizeGb, ...more });

describe('what fits', () => {
  test.each([8, 16, 24, 64, 192])('on a machine with %d GB nothing takes more than half of what is left beside the system, and all of it fits together', (totalGb) => {
    const [plan] = advise({ a: { memory: memory(totalGb) } }).machines;
    expect(plan?.memory.usableBytes).toBe((totalGb - 6) * gib);
    const needs = plan?.advice.map(({ memoryBytes }) => memoryBytes) ?? [];
    expect(Math.max(0, ...needs)).toBeLessThanOrEqual((totalGb - 6) * gib * 0.5);
    expect(needs.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual((totalGb - 6) * gib);
  });

  test('a machine that is smaller than its system gets nothing', () => {
    expect(of(advise({ a: { memory: memory(4) } }), 'a')).toEqual([]);
  });

  test('memory of a graphics card counts, not that beside it', () => {
    const all = of(advise({ a: { memory: memory(256), gpus: [card(12)] } }), 'a');
    expect(all.length).toBeGreaterThan(0);
    expect(all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBeLessThanOrEqual(12 * gib);
  });

  test('memory that the graphics share counts once', () => {
    const [plan] = advise({ a: { memory: memory(64), gpus: [{ ...card(48), unified: true }] } }).machines;
    expect(plan?.memory.usableBytes).toBe(58 * gib);
  });

  test('the owner of the machine keeps what is above the ceiling', () => {
    const capacity = { mode: 'learned_low' as const, ceilingBytes: 8 * gib, availability: 0.3, reason: '', overridden: false, confidence: 1, daysObserved: 9 };
    expect(of(advise({ a: { memory: memory(128), capacity } }), 'a').reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBeLessThanOrEqual(8 * gib);
  });

  test('what the disk cannot take is not advised, but what lies on it already is', () => {
    const catalogue = [sizes('big:1b', 20), sizes('small:1b', 1)];
    expect(of(advise({ a: { memory: memory(128), disk: disk(55) } }, { catalogue }), 'a').map(({ model: name }) => name)).toEqual(['small:1b']);
    expect(of(advise({ a: { memory: memory(128), disk: disk(55), sketch: { models: [model('big:1b', { sizeBytes: 20e9 })] } } }, { catalogue }), 'a').map(({ model: name }) => name)).toEqual(['big:1b']);
  });

  test('the real size counts where some machine has the model', () => {
    const catalogue = [sizes('m:1b', 5)];
    const result = advise({ a: { memory: memory(32), sketch: { models: [] } }, b: { memory: memory(16), sketch: { models: [model('m:1b', { sizeBytes: 14e9 })] } } }, { catalogue });
    expect(of(result, 'a')).toEqual([]);
    expect(of(advise({ a: { memory: memory(32) } }, { catalogue }), 'a')[0]).toMatchObject({ model: 'm:1b', memoryBytes: 6e9 });
  });
});

describe('what suits', () => {
  test('the best of each use; a slow machine gets what it can write quickly enough', () => {
    const catalogue = [sizes('large:1b', 20), sizes('small:1b', 4), sizes('experts:1b', 18, { activeGb: 2 })];
    const best = (memoryBandwidthGbps: number) => of(advise({ a: { memory: memory(128), memoryBandwidthGbps } }, { catalogue }), 'a')[0]?.model;
    expect(best(800)).toBe('large:1b');
    expect(best(100)).toBe('experts:1b');
    expect(of(advise({ a: { memory: memory(128), memoryBandwidthGbps: 2 } }, { catalogue }), 'a')).toEqual([]);
  });

  test('a machine without a graphics card whose memory nobody knows is taken for an ordinary one', () => {
    const result = advise({ a: { memory: memory(512) } }, { view: { ...fleet([backend('a', { models: [] })]), nodes: [nodeState('a', nodeReport('a', 500, { memory: memory(512), os: 'linux' }))] } });
    expect(of(result, 'a').map(({ model: name }) => name)).not.toContain('llama3.3:70b');
    expect(of(result, 'a').length).toBeGreaterThan(0);
  });

  test('measured speed stands above the estimate', () => {
    const catalogue = [sizes('m:1b', 5)];
    const view = { ...fleet([backend('a', { models: [model('m:1b')] })]), nodes: [nodeState('a', nodeReport('a', 40, { memoryBandwidthGbps: 800 }))] };
    expect(recommendModels({ view: { ...view, speed: () => ({ completionTokensPerSecond: 33 }) }, catalogue, used: [], missing: [] }).machines[0]?.advice[0]?.tokensPerSecond).toBe(33);
    expect(recommendModels({ view: { ...view, speed: () => ({ completionTokensPerSecond: 1 }) }, catalogue, used: [], missing: [] }).machines[0]?.advice).toEqual([]);
  });

  test('models for one system are advised to no other, whatever is asked for', () => {
    const used = [{ nodeId: 'mac', model: 'x/flux2-klein:4b', requests: 50 }];
    const missing = [{ model: 'x/z-image-turbo', requests: 50 }];
    const result = advise({ linux: { memory: memory(256) }, unknown: { memory: memory(256), os: undefined as unknown as string }, mac: { memory: memory(128), os: 'darwin' } }, { used, missing });
    expect(of(result, 'mac').map(({ model: name }) => name)).toContain('x/z-image-turbo:latest');
    for (const id of ['linux', 'unknown']) expect(of(result, id).filter(({ category }) => category === 'image')).toEqual([]);
  });

  test('one size of a family, and at most two machines with the same model', () => {
    const result = advise({ a: { memory: memory(128) }, b: { memory: memory(128) }, c: { memory: memory(128) } });
    const families = new Map(modelCatalogue.map(({ name, family }) => [name, family]));
    const names = (id: string) => of(result, id).map(({ model: name }) => name);
    expect(new Set(names('a').map((name) => families.get(name))).size).toBe(names('a').length);
    const all = ['a', 'b', 'c'].flatMap(names);
    for (const name of all) expect([name, all.filter((one) => one === name).length <= 2]).toEqual([name, true]);
  });

  test('the roomiest machine is looked after first; machines without Ollama, away, waiting or draining are not', () => {
    const view = {
      ...fleet([backend('a', { models: [] }), backend('b', { models: [] }), backend('v', { kind: 'openai', models: [] }), backend('w', { models: [] }), backend('x', { models: [] }), backend('d', { models: [] }), backend('down', { models: [], status: 'down' })]),
      nodes: [nodeState('a', nodeReport('a', 1, { memory: memory(16) })), nodeState('b', nodeReport('b', 1, { memory: memory(64) })), nodeState('v'), nodeState('w', nodeReport('w'), { status: 'waiting' }), nodeState('x', nodeReport('x'), { status: 'offline' }), nodeState('d', nodeReport('d'), { draining: true }), nodeState('down'), nodeState('static', null)],
    };
    expect(recommendModels({ view, catalogue: modelCatalogue, used: [], missing: [] }).machines.map(({ nodeId }) => nodeId)).toEqual(['b', 'a']);
  });
});

describe('what is there', () => {
  test('is the exact tag: another size of the same name is another model', () => {
    const advice = of(advise({ a: { memory: memory(64), sketch: { models: [model('qwen3:0.6b', { sizeBytes: 0.5e9 })] } } }), 'a');
    expect(advice.find(({ model: name }) => name === 'qwen3:32b')).toMatchObject({ there: false });
    expect(advice.filter(({ there }) => there).every(({ model: name }) => name === 'qwen3:0.6b')).toBe(true);
  });

  test('is preferred to what is hardly better', () => {
    const catalogue = [sizes('here:1b', 5, { quality: 70 }), sizes('new:1b', 5, { quality: 74 }), sizes('great:1b', 5, { quality: 90 })];
    const sketch = { models: [model('here:1b')] };
    expect(of(advise({ a: { sketch } }, { catalogue: catalogue.slice(0, 2) }), 'a')[0]).toMatchObject({ model: 'here:1b', there: true });
    expect(of(advise({ a: { sketch } }, { catalogue }), 'a')[0]).toMatchObject({ model: 'great:1b', there: false });
  });

  test('and in use is kept, whether or not the catalogue knows it, and nothing is advised for its use', () => {
    const sketch = { models: [model('mine-coder:7b'), model('idle-coder:7b')] };
    const advice = of(advise({ a: { sketch } }, { used: [{ nodeId: 'a', model: 'mine-coder:7b', requests: 12 }] }), 'a');
    expect(advice[0]).toMatchObject({ model: 'mine-coder:7b', there: true, priority: 'high', requests: 12, quality: null, reason: 'It is in use here: 12 requests since yesterday.' });
    expect(advice.filter(({ category }) => category === 'coding')).toHaveLength(1);
  });
});

describe('demand and gaps', () => {
  const catalogue = [sizes('c:1b', 20), sizes('g:1b', 20, { categories: ['general'] })];

  test('what people ask for comes first where there is not room for all', () => {
    const first = (model: string) => of(advise({ a: { memory: memory(60) }, b: { memory: memory(6), sketch: { models: [{ name: model }] } } }, { catalogue, used: [{ nodeId: 'b', model, requests: 3 }] }), 'a')[0]?.model;
    expect(first('some-coder:1b')).toBe('c:1b');
    expect(first('some-model:1b')).toBe('g:1b');
  });

  test('what is asked for without anybody having it is a gap of high priority; what is neither is of low', () => {
    const [coding, general] = of(advise({ a: { memory: memory(128), sketch: { models: [model('some-model:1b')] } } }, { catalogue, used: [{ nodeId: 'gone', model: 'some-coder:1b', requests: 3 }] }), 'a');
    expect([coding?.priority, coding?.reason]).toEqual(['high', expect.stringMatching(/3 requests for coding.*No machine has a model for coding/)]);
    expect(general?.priority).toBe('low');
  });

  test('a model that was asked for by name and is nowhere is brought to one machine', () => {
    const result = advise({ a: { memory: memory(64) }, b: { memory: memory(64) } }, { missing: [{ model: 'mistral:7b', requests: 4 }, { model: 'nonsense', requests: 99 }] });
    const rows = ['a', 'b'].flatMap((id) => of(result, id)).filter(({ model: name, reason }) => name === 'mistral:7b' && reason.includes('4 times'));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ priority: 'high', requests: 4, there: false });
    expect(['a', 'b'].flatMap((id) => of(result, id)).some(({ model: name }) => name === 'nonsense')).toBe(false);
  });

  test('uses that no model of the fleet is made for are named', () => {
    expect(advise({ a: { sketch: { models: [] } } }).uncovered).toEqual(['general', 'coding', 'reasoning', 'vision', 'creative', 'fast-chat']);
    expect(advise({ a: { sketch: { models: [model('qwen3:4b'), model('gemma3:12b'), model('devstral:24b')] } } }).uncovered).toEqual([]);
    expect(advise({ a: {} }, { used: [{ nodeId: 'gone', model: 'nomic-embed-text:v1.5', requests: 1 }] }).uncovered).toContain('embedding');
  });
});

test('the catalogue names each tag once, with a size, and only models that an Ollama can pull', () => {
  expect(new Set(modelCatalogue.map(({ name }) => name)).size).toBe(modelCatalogue.length);
  for (const { name, sizeGb, activeGb = 0, quality, categories } of modelCatalogue) {
    expect([name, /^(x\/)?[a-z0-9.-]+:[a-z0-9.-]+$/.test(name), sizeGb > 0 && activeGb < sizeGb, quality > 0 && quality <= 100, categories.length > 0]).toEqual([name, true, true, true, true]);
  }
});
