/** The fleet over real servers and a real program. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { backend as ollama } from '../../src/backends/ollama.ts';
import { backend as openai } from '../../src/backends/openai-compatible.ts';
import type { BackendKind, BackendSettings } from '../../src/backends/backend.ts';
import { createProbeClient } from '../../src/backends/probe-client.ts';
import { createFleet, type FleetBackend, type RunningFleet } from '../../src/fleet/create-fleet.ts';
import { collector as nvidia } from '../../src/node/collectors/nvidia.ts';
import { collectorTools, runProgram } from '../../src/node/collectors/run-program.ts';
import { systemClock } from '../../src/util/system-clock.ts';
import { startFakeBackend } from '../fakes/backend.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function backendAt(id: string, kind: BackendKind, url: string): FleetBackend {
  const settings: BackendSettings = { id, kind: kind.kind, url, priority: 0, tags: [], models: [], timeouts: { connectMs: 1000, firstByteMs: 0, idleMs: 0, totalMs: 0 } };
  return { settings, kind, probeClient: (signal, timeoutMs) => createProbeClient(settings, kind, timeoutMs, signal) };
}

function fleetOf(...backends: readonly FleetBackend[]): RunningFleet {
  const fleet = createFleet({ clock: systemClock, nodeId: 'home', backends, probeIntervalMs: 100, gpu: null, log: silent });
  cleanups.push(() => fleet.stop());
  return fleet;
}

/** Resolves when the fleet has changed so that this holds. */
function until(fleet: RunningFleet, holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = fleet.onChange(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

test('servers of several kinds are known after the start, and one that dies and returns is followed', async () => {
  const first = await startFakeBackend({ models: ['qwen3:8b'] });
  const second = await startFakeBackend({ software: 'llama-server', models: [{ name: 'smollm', contextLength: 2048 }] });
  cleanups.push(() => second.close());
  const fleet = fleetOf(backendAt('studio', ollama, first.url), backendAt('box', openai, second.url));
  await fleet.start();
  expect(fleet.view().backends.map((backend) => [backend.id, backend.status, backend.nodeId, backend.report?.models[0]?.name])).toEqual([['studio', 'up', 'home', 'qwen3:8b'], ['box', 'up', 'home', 'smollm']]);

  await first.close();
  await until(fleet, () => fleet.view().backends[0]?.status === 'down');
  expect(fleet.view().backends[0]?.problem).toContain('refused the connection');
  expect(fleet.view().backends[0]?.report?.models[0]?.name).toBe('qwen3:8b');

  const again = await startFakeBackend({ models: ['qwen3:8b', 'new:1b'], port: first.port });
  cleanups.push(() => again.close());
  await until(fleet, () => fleet.view().backends[0]?.status === 'up');
  expect(fleet.view().backends[0]?.report?.models).toHaveLength(2);
});

test('a wrong key is a backend that is down and says so', async () => {
  const fake = await startFakeBackend({ apiKey: 'right' });
  cleanups.push(() => fake.close());
  const fleet = fleetOf(backendAt('studio', ollama, fake.url));
  await fleet.start();
  expect(fleet.view().backends[0]?.problem).toContain('apiKey');
});

test('the GPUs come from the program that is configured', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oar-gpu-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const program = join(folder, 'nvidia-smi');
  await writeFile(program, '#!/bin/sh\necho "NVIDIA L4, 23034, [N/A], 22000, 12, 0"\n');
  await chmod(program, 0o755);
  const collect = (signal: AbortSignal) => nvidia.collect(collectorTools, { nvidiaSmiPath: program }, signal);
  const fleet = createFleet({ clock: systemClock, nodeId: 'home', backends: [], gpu: { provider: 'nvidia', intervalMs: 60_000, collect }, log: silent });
  cleanups.push(() => fleet.stop());
  await fleet.start();
  expect(fleet.view().gpu?.gpus).toEqual([{ index: 0, name: 'NVIDIA L4', vramTotalMb: 23_034, vramFreeMb: 22_000, utilizationPct: 12, vendor: 'nvidia' }]);
});

test('a program that is missing, fails, hangs or is stopped rejects', async () => {
  const never = new AbortController().signal;
  await expect(runProgram('/no/such/program', [], 1000, never)).rejects.toMatchObject({ code: 'internal' });
  await expect(runProgram('false', [], 1000, never)).rejects.toMatchObject({ code: 'internal' });
  await expect(runProgram('sleep', ['30'], 50, never)).rejects.toMatchObject({ code: 'internal' });
  const controller = new AbortController();
  const running = runProgram('sleep', ['30'], 60_000, controller.signal);
  controller.abort();
  await expect(running).rejects.toMatchObject({ code: 'internal' });
  expect(await runProgram('echo', ['hello'], 1000, never)).toBe('hello\n');
});
