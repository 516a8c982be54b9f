/** What is listed is what can be asked for: over any fleet, each listed name leads to a backend that has the model. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BackendState, FleetView, Model } from '../../src/core/fleet.ts';
import type { CatalogueView, ListingDialect } from '../../src/dialects/dialect.ts';
import { dialect as tags } from '../../src/dialects/ollama-tags.ts';
import { dialect as models } from '../../src/dialects/openai-models.ts';
import { candidatesFor } from '../../src/routing/backend-candidates.ts';
import { resolve } from '../../src/routing/resolve.ts';
import { tableFromModels } from '../../src/routing/roles.ts';
import type { RoutingTable } from '../../src/routing/routing.ts';
import { modelKey } from '../../src/util/model-name.ts';
import { backend, fleet, spec, table } from '../fakes/brain.ts';

const organisation = fc.constantFrom('', 'org/', 'Org/', 'hf.co/org/');
const base = fc.constantFrom('tiny', 'Tiny', 'big-GGUF', 'nomic-embed-text', 'auto', 'x.gguf', 'ünï');
const tag = fc.constantFrom('', ':latest', ':1b', ':Q4_K_M', ':q8_0', ':LATEST');
const name = fc.tuple(organisation, base, tag).map((parts) => parts.join(''));

const kinds = { ollama: undefined, openai: 'vllm', 'llama-server': 'llamacpp', embedded: 'embedded', anthropic: 'anthropic' } as const;

const backends = fc
  .array(fc.record({ kind: fc.constantFrom('ollama', 'openai', 'llama-server', 'embedded', 'anthropic' as const), names: fc.uniqueArray(name, { maxLength: 6 }), status: fc.constantFrom('up', 'up', 'down', 'unknown' as const), unasked: fc.boolean(), loaded: fc.array(fc.nat(6)), stray: fc.option(name, { nil: undefined }) }), { maxLength: 5 })
  .map((sketches) => sketches.map(({ kind, names, status, unasked, loaded, stray }, index): BackendState => {
    const ownedBy = kinds[kind];
    const listed = names.map((one): Model => ({ name: one, ...(ownedBy === undefined ? {} : { ownedBy }) }));
    const resident = [...loaded.flatMap((at) => names[at] ?? []), ...(stray === undefined ? [] : [stray])];
    return backend(`b${index}`, { kind, status, models: listed, resident, unasked: unasked && status !== 'up' });
  }));

const aliases = fc.dictionary(fc.constantFrom('gpt-4o', 'claude-*', '*', 'tiny', 'alias', 'TINY', 'again'), fc.oneof(name, fc.constantFrom('alias', 'again', 'auto', 'gpt-4o')), { maxKeys: 4, noNullPrototype: true });

function listed(dialect: ListingDialect, path: string, view: CatalogueView): readonly string[] {
  const body = dialect.answer(view, { path, params: {}, body: '' }).body as { models?: readonly { name: string }[]; data?: readonly { id: string }[] };
  return [...(body.models ?? []).map((row) => row.name), ...(body.data ?? []).map((row) => row.id)];
}

function has(state: BackendState | undefined, key: string): boolean {
  return state?.report?.models.some((model) => modelKey(model.name) === key) === true;
}

function expectServed(asked: string, fleetView: FleetView, rules: RoutingTable, names: Readonly<Record<string, string>>): void {
  const resolved = resolve({ asked, table: rules, fleet: fleetView, aliases: names });
  if (resolved.kind === 'auto') return;
  const candidates = candidatesFor(resolved.modelKey, rules, fleetView);
  expect(candidates.length, asked).toBeGreaterThan(0);
  for (const { backendId, model } of candidates) {
    const state = fleetView.backends.find((one) => one.id === backendId);
    expect(has(state, resolved.modelKey), `${asked} on ${backendId}`).toBe(true);
    expect(state?.report?.models.some((one) => one.name === model)).toBe(true);
  }
}

test('each name in each list can be asked for, and goes to a backend that has it', () => {
  fc.assert(fc.property(backends, aliases, fc.option(name, { nil: undefined }), (states, names, configured) => {
    const fleetView = fleet(states);
    const rules = configured === undefined ? tableFromModels(states.flatMap((state) => state.report?.models ?? [])) : table([spec(configured)]);
    const view: CatalogueView = { backends: states, aliases: names, configured: configured === undefined ? [] : [configured], version: '1', startedAt: 0 };
    for (const [dialect, path] of [[tags, '/api/tags'], [models, '/v1/models'], [tags, '/api/ps']] as const) {
      const all = listed(dialect, path, view);
      // Each machine has its own row of what is in memory.
      if (path !== '/api/ps') expect(new Set(all).size).toBe(all.length);
      for (const one of all) expectServed(one, fleetView, rules, names);
    }
  }), { numRuns: 500 });
});

test('each listed model is found by its name in any of its writings, or the answer names the choices', () => {
  fc.assert(fc.property(backends, (states) => {
    const fleetView = fleet(states);
    const rules = tableFromModels([]);
    for (const { name: full } of states.flatMap((state) => state.report?.models ?? [])) {
      for (const written of [full, `${modelKey(full)}:latest`, full.toUpperCase(), full.slice(full.lastIndexOf('/') + 1)]) {
        try {
          const resolved = resolve({ asked: written, table: rules, fleet: fleetView, aliases: {} });
          if (written === full) expect(resolved.kind === 'auto' || resolved.modelKey === modelKey(full)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'unknown_model' });
          expect(written).not.toBe(full);
        }
      }
    }
  }), { numRuns: 300 });
});
