/** A fleet over backends whose probes a test answers. */
import type { BackendKind, BackendSettings } from '../../src/backends/backend.ts';
import { RouterError } from '../../src/core/errors.ts';
import type { BackendReport } from '../../src/core/fleet.ts';
import { createFleet, type FleetBackend } from '../../src/fleet/create-fleet.ts';
import type { Lesson } from '../../src/fleet/fleet.ts';
import { FakeClock } from './clock.ts';

export const silent = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
export const report = (...resident: readonly string[]): BackendReport => ({ models: [{ name: 'm' }, { name: 'n' }], resident: resident.map((name) => ({ name })), maxConcurrent: 2 });

export interface Scripted extends FleetBackend {
  answer: () => Promise<BackendReport>;
  probes: number;
}

export function backendOf(more: Partial<BackendSettings> = {}): Scripted {
  const settings: BackendSettings = { id: 'studio', kind: 'fake', url: 'http://127.0.0.1:1', priority: 3, tags: ['gpu'], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 }, ...more };
  const scripted: Scripted = {
    settings,
    answer: () => Promise.resolve(report()),
    probes: 0,
    kind: {
      kind: 'fake', label: 'Fake', speaks: [], usualAddresses: [], urlFor: () => '', detect: () => Promise.resolve(true), readError: () => new RouterError('backend_failed', ''),
      probe: () => {
        scripted.probes += 1;
        return scripted.answer();
      },
    } satisfies BackendKind,
    probeClient: () => ({ get: () => Promise.reject(new Error('unused')), post: () => Promise.reject(new Error('unused')) }),
  };
  return scripted;
}

export function fleetOf(...backends: readonly FleetBackend[]) {
  const clock = new FakeClock(1000);
  return { clock, fleet: createFleet({ clock, nodeId: 'home', backends, gpu: null, log: silent }) };
}

export const lesson = (more: Partial<Lesson>): Lesson => ({ backendId: 'studio', model: 'm', ok: true, usage: {}, cold: false, ...more });
