/** The whole watch on a machine made of texts: inference is not the owner, what was learned and ordered outlives a restart. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FakeClock, settled } from '../../../test/fakes/clock.ts';
import type { CollectorTools } from '../collectors/collector.ts';
import { localHours } from './local-hour.ts';
import { holding, order, parseOrder, readOrders } from './override.ts';
import { OwnerWatch, type OwnerWatchOptions } from './owner-watch.ts';
import { parseMemory, readMemory } from './state-file.ts';

const root = mkdtempSync(join(tmpdir(), 'oar-capacity-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => {
  folders += 1;
  return join(root, `state-${folders}`);
};

const gib = 1024 ** 3;

/** Eight cores, of which each round the owner takes some and Ollama some. */
class Machine {
  readonly clock = new FakeClock(Date.UTC(2024, 0, 1, 12));
  owner = 0;
  inference = 0;
  meeting: boolean | undefined = false;
  gpuPct: number | undefined;
  relaying = 0;
  pmon: string | null = null;
  listsProcesses = true;
  readonly said: string[] = [];
  readonly #start = this.clock.now();
  #ownerMs = 0;
  #inferenceMs = 0;
  #at = this.clock.now();

  readonly tools: CollectorTools = {
    host: { platform: 'linux', arch: 'x64', home: '/home/a', env: {}, cpus: () => [{ model: 'x', times: this.#times() }], load1: () => 0, totalBytes: () => 64 * gib, freeBytes: () => 32 * gib },
    run: (program) => (program === 'nvidia-smi' && this.pmon !== null ? Promise.resolve(this.pmon) : Promise.reject(new Error('missing'))),
    read: (path) => Promise.resolve(path === '/proc/11/stat' ? this.#stat(11, 'ollama') : path === '/proc/40/stat' ? this.#stat(40, 'work') : null),
    list: (folder) => Promise.resolve(folder === '/proc' && this.listsProcesses ? ['11', '40', 'self'] : []),
    space: () => Promise.resolve(null),
  };

  watch(folder: string, more: Partial<OwnerWatchOptions> = {}): OwnerWatch {
    return new OwnerWatch({
      clock: this.clock,
      wallTime: () => this.clock.now(),
      tools: this.tools,
      folder,
      learn: true,
      facts: () => ({ memory: { totalBytes: 64 * gib, usedBytes: 20 * gib, availableBytes: 44 * gib, pressure: 'normal' }, gpus: this.gpuPct === undefined ? [] : [{ index: 0, utilizationPct: this.gpuPct }] }),
      relaying: () => this.relaying,
      say: (line) => void this.said.push(line),
      localHour: localHours('UTC'),
      meetings: { start: () => {}, stop: () => {}, inMeeting: () => this.meeting },
      ownPid: 1,
      ...more,
    });
  }

  async run(seconds: number): Promise<void> {
    for (let done = 0; done < seconds; done += 5) {
      await this.clock.advanceAsync(5000);
      // A round reads real files; it is over when the next one waits.
      while (this.clock.pending === 0) await settled();
    }
  }

  #times(): { user: number; idle: number } {
    const now = this.clock.now();
    this.#ownerMs += (now - this.#at) * this.owner;
    this.#inferenceMs += (now - this.#at) * this.inference;
    this.#at = now;
    const busy = this.#ownerMs + this.#inferenceMs;
    return { user: busy, idle: 8 * (now - this.#start) + 1 - busy };
  }

  #stat(pid: number, name: string): string {
    this.#times();
    return `${pid} (${name}) S 1 1 1 0 -1 0 0 0 0 0 ${Math.round((name === 'work' ? this.#ownerMs : this.#inferenceMs) / 10)} 0 0 0 20 0 1 0 ${pid} 100000 25600 0 0`;
  }
}

const capacityOf = (watch: OwnerWatch) => watch.now().capacity;

test('a processor full of inference is not the owner\'s; the same work of the owner pauses the machine', async () => {
  const machine = new Machine();
  const watch = machine.watch(newFolder());
  await watch.start();
  machine.inference = 7.5;
  await machine.run(300);
  expect(capacityOf(watch)).toMatchObject({ mode: 'bootstrap', overridden: false });
  expect(capacityOf(watch)?.availability).toBeGreaterThan(0.8);
  expect(watch.now().activity).toBe('idle');
  [machine.inference, machine.owner] = [0, 7.5];
  await machine.run(300);
  expect(capacityOf(watch)).toMatchObject({ mode: 'paused', reason: 'sustained_high_cpu' });
  expect(watch.now().activity).toBe('intensive');
  machine.owner = 0.1;
  await machine.run(180);
  expect(capacityOf(watch)?.mode).toBe('bootstrap');
  await watch.stop();
});

test('while the processes cannot be listed nothing is held against the owner', async () => {
  const machine = new Machine();
  const watch = machine.watch(newFolder());
  await watch.start();
  await machine.run(60);
  [machine.inference, machine.listsProcesses] = [7.9, false];
  await machine.run(300);
  expect(capacityOf(watch)?.mode).toBe('bootstrap');
  machine.listsProcesses = true;
  await machine.run(60);
  expect(capacityOf(watch)).toMatchObject({ mode: 'bootstrap' });
  expect(watch.now().activity).toBe('idle');
  await watch.stop();
});

test('a GPU that inference keeps busy is not the owner\'s, and a game beside it is', async () => {
  const machine = new Machine();
  const watch = machine.watch(newFolder());
  await watch.start();
  [machine.inference, machine.gpuPct] = [1, 98];
  await machine.run(300);
  expect(capacityOf(watch)?.availability).toBeGreaterThan(0.8);
  machine.pmon = '# gpu pid type sm\n# Idx # C/G %\n 0 11 C 8\n 0 40 G 90\n';
  await machine.run(300);
  expect(capacityOf(watch)).toMatchObject({ mode: 'paused', reason: 'currently_busy' });
  [machine.inference, machine.gpuPct] = [0, 0];
  await machine.run(300);
  expect(capacityOf(watch)?.mode).toBe('bootstrap');
  await watch.stop();
});

test('a meeting pauses the machine, and one that nobody can tell of does not', async () => {
  const machine = new Machine();
  const watch = machine.watch(newFolder());
  await watch.start();
  machine.meeting = true;
  await machine.run(20);
  expect(capacityOf(watch)).toMatchObject({ mode: 'paused', availability: 0, reason: 'meeting_detected' });
  machine.meeting = undefined;
  await machine.run(20);
  expect(capacityOf(watch)?.mode).toBe('bootstrap');
  await watch.stop();
});

test('without learning the activity is told, and what was ordered holds', async () => {
  const machine = new Machine();
  const folder = newFolder();
  const watch = machine.watch(folder, { learn: false });
  await watch.start();
  machine.owner = 4;
  await machine.run(200);
  expect(watch.now()).toEqual({ activity: 'moderate' });
  watch.override({ type: 'capacity_override', mode: 'paused', until: machine.clock.now() + 60_000 });
  await expect.poll(() => capacityOf(watch)?.mode).toBe('paused');
  await machine.run(60);
  expect(capacityOf(watch)).toBeUndefined();
  await watch.stop();
  expect(existsSync(join(folder, 'capacity-learner.json'))).toBe(false);
});

test('told not to look it measures nothing, and an order of its owner holds by the second report', async () => {
  const machine = new Machine();
  const folder = newFolder();
  const watch = machine.watch(folder, { learn: false, looks: false });
  await watch.start();
  machine.owner = 8;
  await machine.run(300);
  expect(watch.now()).toEqual({});
  await order(folder, 'owner', { mode: 'paused', until: null });
  watch.now();
  await expect.poll(() => capacityOf(watch)?.reason).toBe('manual_override');
  await watch.stop();
});

test('the owner\'s word goes before the router\'s, each ends alone, and both outlive a restart', async () => {
  const machine = new Machine();
  const folder = newFolder();
  const at = machine.clock.now();
  await order(folder, 'router', { mode: 'full', until: null });
  expect(holding(await readOrders(folder), at)).toEqual({ mode: 'full', by: 'router' });
  await order(folder, 'owner', { mode: 'paused', until: at + 1000 });
  expect(holding(await readOrders(folder), at + 999)).toEqual({ mode: 'paused', by: 'owner' });
  expect(holding(await readOrders(folder), at + 1000)).toEqual({ mode: 'full', by: 'router' });
  await order(folder, 'router', { mode: 'auto', until: null });
  expect(holding(await readOrders(folder), at)).toEqual({ mode: 'paused', by: 'owner' });
  const watch = machine.watch(folder);
  await watch.start();
  expect(capacityOf(watch)).toMatchObject({ mode: 'paused', reason: 'manual_override', overridden: true });
  await watch.stop();
});

test('what was learned is written whole, for its owner alone, and read again', async () => {
  const machine = new Machine();
  const folder = newFolder();
  const path = join(folder, 'capacity-learner.json');
  const first = machine.watch(folder);
  await first.start();
  await machine.run(700);
  expect(statSync(path).mode & 0o077).toBe(0);
  await machine.run(3600);
  await first.stop();
  expect(statSync(path).size).toBeLessThan(1024 * 1024);
  const again = machine.watch(folder);
  await again.start();
  expect(capacityOf(again)).toMatchObject({ daysObserved: 1 });
  await again.stop();
});

test('a broken file is put aside and told of; learning begins anew', async () => {
  const machine = new Machine();
  const folder = newFolder();
  const path = join(folder, 'capacity-learner.json');
  const first = machine.watch(folder);
  await first.start();
  await first.stop();
  const whole = readFileSync(path, 'utf8');
  for (const broken of [whole.slice(0, 200), '{}', '{"version":2}', whole.replace('[[0,', '[[-1,'), whole.replace('"daysObserved":0', '"daysObserved":"x"'), whole.replace('"hour":null', '"hour":{"slot":999}'), 'null']) {
    expect(parseMemory(broken), broken.slice(0, 60)).toBeNull();
    writeFileSync(path, broken);
    expect(await readMemory(path, (line) => void machine.said.push(line))).toBeUndefined();
    expect(readFileSync(`${path}.broken`, 'utf8')).toBe(broken);
    expect(machine.said.at(-1)).toContain(`${path}.broken`);
  }
  expect(parseMemory(whole)).not.toBeNull();
  const again = machine.watch(folder);
  await again.start();
  await again.stop();
  expect(parseMemory(readFileSync(path, 'utf8'))).not.toBeNull();
});

test('an order that cannot be understood is none', () => {
  for (const text of ['', '{', '{"mode":"paused"}', '{"mode":"paused","until":"never"}', '{"mode":"off","until":null}']) expect(parseOrder(text)).toBeNull();
  expect(parseOrder('{"mode":"paused","until":null}')).toEqual({ mode: 'paused', until: null });
});
