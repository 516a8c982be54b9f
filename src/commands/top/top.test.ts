import { expect, test, vi } from 'vitest';
import { FakeClock, settled } from '../../../test/fakes/clock.ts';
import { type FakeFacts, fakeWorld } from '../../../test/fakes/command-world.ts';
import { runCli } from '../../app/cli.ts';
import { cellWidth } from '../../util/cell-width.ts';
import { commands } from '../index.gen.ts';
import type { Fields } from '../loose-json.ts';
import { pictureOf, showLive } from './live-view.ts';

const evil = '\u001b[2J\u0007evil\u202E模型🦙';
const snapshot: Fields = {
  router_version: '1.2.3',
  totals: { nodes_up: 1, nodes_total: 2, running: 3, waiting: 120, oldest_wait_ms: 4200, tokens_per_second: 41.25 },
  nodes: [
    {
      node_id: 'studio', name: 'studio', status: 'online', draining: true, hardware: { chip: 'Apple M2 Ultra' }, cpu: { utilization_pct: 31 },
      memory: { used_gb: 45.21, total_gb: 64, pressure: 'warn', swap_used_gb: 1.5 }, gpus: [{ index: 0, vram_used_mb: 18_432, vram_total_mb: 20_480, utilization_pct: 90, temperature_c: 64 }],
      capacity: { mode: 'learned_low' },
      backends: [
        { id: 'studio', status: 'up', resting: { 'big:70b': 'open' }, models: [{ name: 'qwen3:32b', state: 'loaded', running: 2, slots: 4, waiting: 3, tokens_per_second: 41, size_gb: 18.62 }, { name: 'coder:14b', state: 'loading', running: 0, slots: 1, waiting: 0 }] },
        { id: 'studio-vllm', status: 'down', problem: 'connection refused', models: [] },
      ],
    },
    { node_id: 'attic', status: 'offline', cpu: null, memory: null, gpus: [], hardware: { chip: null }, backends: [] },
  ],
  waiting: [{ position: 1, model: 'qwen3:32b', priority: 'high', key: 'alice', age_ms: 4200 }],
  waiting_count: 120,
};

const picture = (of: unknown, more: { columns?: number; rows?: number; colour?: boolean; note?: string } = {}) => pictureOf(of as Fields, more.note ?? '', { columns: 120, rows: 60, colour: false, ...more });

test('machines show their load, models their slots, and those who wait their place and age', () => {
  const text = picture(snapshot).join('\n');
  for (const words of [
    'oar 1.2.3   machines 1 of 2   running 3   waiting 120 (oldest 4.2 s)   41.3 tokens/s', 'studio  online  Apple M2 Ultra · draining · capacity learned_low',
    'CPU ███░░░░░░░ 31 %', 'mem ███████░░░ 45.2/64.0 GB swap 1.5 GB warn', 'GPU0 █████████░ 18.0/20.0 GB 90 % 64 °C', '██░░ 2/4 slots  20.0 GB  41.0 tokens/s  3 waiting',
    '◐ coder:14b', 'loading', 'big:70b on studio fails again and again, and rests', 'studio-vllm is down: connection refused', 'attic  offline', 'and 119 more',
  ]) expect(text).toContain(words);
  expect(text).toMatch(/1 qwen3:32b +4\.2 s {2}high {2}alice/);
});

test.each([[{ user: 'bob' }, 'bob'], [{ address: '10.0.0.9' }, '10.0.0.9']])('who waits without a key is told as %j', (who, name) => {
  expect(picture({ ...snapshot, waiting: [{ position: 1, model: 'qwen3:32b', age_ms: 900, ...who }] }).join('\n')).toMatch(new RegExp(`1 qwen3:32b +\\S+ s +${name.replaceAll('.', '\\.')}`));
});

test.each([20, 40, 80, 200])('no line is wider than %d cells, with names in any script', (columns) => {
  const names = [evil, 'x'.repeat(300), '模'.repeat(90), '🦙'.repeat(50), 'e\u0301'.repeat(80)];
  const of = { ...snapshot, nodes: names.map((name) => ({ ...(snapshot['nodes'] as Fields[])[0], name, backends: [{ id: name, status: 'down', problem: name }, { id: 'b', models: [{ name, state: name, running: 1, slots: 8 }] }] })), waiting: names.map((model) => ({ model, key: model })) };
  for (const line of picture(of, { columns, rows: 500 })) expect([line, cellWidth(line) <= columns]).toEqual([line, true]);
});

test('a name steers no terminal, with colour or without', () => {
  const of = { ...snapshot, router_version: evil, nodes: [{ ...(snapshot['nodes'] as Fields[])[0], name: evil, status: evil, hardware: { chip: evil }, backends: [{ id: evil, status: 'down', problem: evil }, { id: evil, breaker: 'open', resting: { [evil]: 'open' } }, { models: [{ name: evil, state: evil }] }] }], waiting: [{ model: evil, priority: evil, key: evil }] };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  expect(picture(of, { note: '' }).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202E]/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  expect(picture(of, { colour: true }).join('').replace(/\u001b\[(?:0|1|2|3[123])m/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202E]/);
});

test.each([{}, { nodes: [] }, { nodes: [{}] }, { nodes: [{ backends: [{}, { models: [{}] }], gpus: [{}], memory: {}, cpu: {}, thermal: {}, capacity: {} }], waiting: [{}], totals: {} }, { nodes: [null, 7, 'x'], waiting: 3, totals: 'no' }, { nodes: [{ name: Number.NaN, cpu: { utilization_pct: Number.POSITIVE_INFINITY }, memory: { used_gb: '1', total_gb: 0 } }] }])('%j shows nothing that is not known', (of) => {
  expect(picture(of).join('\n')).not.toMatch(/undefined|null|NaN|Infinity|\[object/);
});

test('what does not fit is told by its number, and how to leave is always there', () => {
  const lines = picture(snapshot, { rows: 8 });
  expect([lines.length, lines.at(-2), lines.at(-1)]).toEqual([8, expect.stringMatching(/^… \d+ more lines/), 'q leaves']);
  expect(pictureOf(null, '', { columns: 80, rows: 24, colour: false })).toEqual(['Asking the router …', 'q leaves']);
});

/** A terminal and a router that do what the test says. */
function bed() {
  const clock = new FakeClock();
  const drawn: string[] = [];
  const closed = vi.fn();
  let heard = { leave: (): void => {}, resized: (): void => {} };
  const screen = { columns: 100, rows: 40, colour: false, draw: (lines: readonly string[]) => void drawn.push(lines.join('\n')), listen: (events: typeof heard) => { heard = events; }, close: closed };
  let give = (_value: Fields | Error | null): void => {};
  let dials = 0;
  async function* watch(signal: AbortSignal): AsyncIterable<Fields> {
    dials += 1;
    const told: (Fields | Error | null)[] = [];
    let wake = (): void => {};
    give = (value) => {
      told.push(value);
      wake();
    };
    signal.addEventListener('abort', () => give(null));
    for (;;) {
      if (told.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
      const next = told.shift() ?? null;
      if (next instanceof Error) throw next;
      if (next === null) return;
      yield next;
    }
  }
  const done = showLive({ screen, clock, watch, isFinal: (thrown) => (thrown as Error).name === 'TurnedAway' });
  done.catch(() => {});
  return { clock, drawn, closed, done, screen, give: (value: Fields | Error | null) => give(value), leave: () => heard.leave(), resized: () => heard.resized(), dials: () => dials };
}

test('at most four pictures a second, the last one of what was told last', async () => {
  const { clock, drawn, give, leave, done, closed } = bed();
  for (let index = 0; index < 100; index += 1) {
    give({ ...snapshot, router_version: `v${index}` });
    await clock.advanceAsync(20);
  }
  await clock.advanceAsync(300);
  expect(drawn.length).toBeLessThanOrEqual(10);
  expect(drawn.length).toBeGreaterThan(5);
  expect(drawn.at(-1)).toContain('oar v99');
  leave();
  await done;
  expect([closed.mock.calls.length, clock.pending]).toEqual([1, 0]);
});

test('a restart of the router is told, what was known stays, and it goes on', async () => {
  const { clock, drawn, give, leave, done, dials } = bed();
  give(snapshot);
  await clock.advanceAsync(300);
  give(null);
  await clock.advanceAsync(300);
  expect(drawn.at(-1)).toMatch(/ended the connection, trying again[\s\S]*studio/);
  await clock.advanceAsync(1000);
  give(new Error('No router answers.'));
  await clock.advanceAsync(300);
  expect(drawn.at(-1)).toMatch(/^Trying again: No router answers\.\n[\s\S]*studio/);
  await clock.advanceAsync(1000);
  give({ ...snapshot, router_version: 'new' });
  await clock.advanceAsync(300);
  expect(drawn.at(-1)).toMatch(/^oar new/);
  expect(dials()).toBe(3);
  leave();
  await done;
});

test('a wider window is drawn anew, and a router that is not there or turns us away ends it with the terminal given back', async () => {
  const { clock, drawn, give, resized, screen, done, closed } = bed();
  give(snapshot);
  await clock.advanceAsync(300);
  const before = drawn.length;
  screen.columns = 30;
  resized();
  await clock.advanceAsync(300);
  expect(drawn.length).toBe(before + 1);
  give(Object.assign(new Error('A key is required.'), { name: 'TurnedAway' }));
  await expect(done).rejects.toThrow('A key is required.');
  expect(closed).toHaveBeenCalledTimes(1);
  const nobody = bed();
  await settled();
  nobody.give(new Error('No router answers.'));
  await expect(nobody.done).rejects.toThrow('No router answers.');
  expect(nobody.closed).toHaveBeenCalledTimes(1);
});

test('in a pipe one snapshot is printed; --json prints what the router said', async () => {
  async function* watch(): AsyncIterable<string> {
    yield JSON.stringify(snapshot);
    await new Promise(() => {});
  }
  const run = async (line: string[], facts: FakeFacts) => {
    const world = fakeWorld(facts);
    return { code: await runCli(line, world.context, commands), out: world.printed.join('\n'), err: world.complained.join('\n') };
  };
  const plain = await run(['top'], { watch });
  expect([plain.code, plain.out.includes('● qwen3:32b'), plain.out.includes('\u001b')]).toEqual([0, true, false]);
  expect(JSON.parse((await run(['top', '--json'], { watch })).out)).toEqual(snapshot);
  async function* strange(): AsyncIterable<string> {
    yield '{"nodes":"none"}';
  }
  expect(await run(['top'], { watch: strange })).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/no router/) });
});
