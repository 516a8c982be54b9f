import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { openScreen, type TerminalStreams } from './terminal-screen.ts';

function bed({ tty = true, env = {} as Record<string, string> } = {}) {
  const written: string[] = [];
  const raw: boolean[] = [];
  const input = Object.assign(new EventEmitter(), { isTTY: true, setRawMode: (mode: boolean) => void raw.push(mode), resume() {}, pause() {} });
  const output = Object.assign(new EventEmitter(), { isTTY: tty, columns: 90, rows: 30, writableNeedDrain: false, write: (text: string) => written.push(text) > 0 });
  const process = new EventEmitter();
  const screen = openScreen({ input, output, env, process } as unknown as TerminalStreams);
  return { screen, written, raw, input, output, process };
}

test('what is no terminal is not drawn on', () => {
  for (const facts of [{ tty: false }, { env: { TERM: 'dumb' } }]) {
    const { screen, written } = bed(facts);
    expect([screen, written]).toEqual([null, []]);
  }
});

test('the terminal is given back once, however the end comes, and nobody listens any more', () => {
  for (const end of ['close', 'exit'] as const) {
    const { screen, written, raw, input, output, process } = bed();
    expect(written.join('')).toContain('\u001b[?1049h');
    if (end === 'exit') process.emit('exit');
    screen?.close();
    screen?.draw(['too late']);
    expect(written.filter((text) => text.includes('\u001b[?1049l'))).toHaveLength(1);
    expect(written.at(-1)).toContain('\u001b[?25h');
    expect(raw).toEqual([true, false]);
    expect([input, output, process].flatMap((one) => one.eventNames())).toEqual([]);
  }
});

test.each([['q', 1], ['\u0003', 1], ['\u0004', 1], ['x', 0], ['\u001b[A', 0]])('the key %j leaves %d times', (key, times) => {
  const { screen, input } = bed();
  const leave = vi.fn();
  screen?.listen({ leave, resized() {} });
  input.emit('data', Buffer.from(key));
  expect(leave).toHaveBeenCalledTimes(times);
  screen?.close();
});

test('signals leave, a new size is told and heeded, and a line that is slow gets no queue of pictures', () => {
  const { screen, output, process, written } = bed({ env: { NO_COLOR: '1' } });
  const events = { leave: vi.fn(), resized: vi.fn() };
  screen?.listen(events);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.emit(name);
  output.columns = 40;
  output.emit('resize');
  expect([events.leave.mock.calls.length, events.resized.mock.calls.length, screen?.columns, screen?.rows, screen?.colour]).toEqual([3, 1, 40, 30, false]);
  const before = written.length;
  screen?.draw(['one', 'two']);
  expect(written.at(-1)).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J');
  output.writableNeedDrain = true;
  screen?.draw(['three']);
  expect(written.length).toBe(before + 1);
  screen?.close();
});
