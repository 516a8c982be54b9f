/** Takes the whole terminal, by hand: its second page, keys one by one; and gives it back however the program ends. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Screen } from '../commands/command.ts';

export interface TerminalStreams {
  readonly input: Pick<ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
  readonly output: Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'write' | 'on' | 'off' | 'writableNeedDrain'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Signals, and the end of the process. */
  readonly process: Pick<NodeJS.Process, 'on' | 'off'>;
}

const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[0m\u001b[?1049l';
const toTop = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
/** Ctrl-C and Ctrl-D arrive as characters. */
const leavingKeys = ['q', 'Q', '\u0003', '\u0004'];
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Null when there is no terminal to draw on. */
export function openScreen({ input, output, env, process }: TerminalStreams): Screen | null {
  if (!output.isTTY || env.TERM === 'dumb') return null;
  let heard = { leave: (): void => {}, resized: (): void => {} };
  const onKey = (key: Buffer | string): void => {
    if (leavingKeys.includes(String(key).slice(0, 1))) heard.leave();
  };
  const onSignal = (): void => heard.leave();
  const onResize = (): void => heard.resized();
  // Timers of the clock keep no process alive, and while the router is away there is no socket.
  const alive = setInterval(() => {}, 2 ** 30);
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    clearInterval(alive);
    input.off('data', onKey);
    output.off('resize', onResize);
    for (const name of signals) process.off(name, onSignal);
    process.off('exit', close);
    if (input.isTTY) input.setRawMode(false);
    input.pause();
    output.write(leave);
  };
  process.on('exit', close);
  for (const name of signals) process.on(name, onSignal);
  output.on('resize', onResize);
  input.on('data', onKey);
  if (input.isTTY) input.setRawMode(true);
  input.resume();
  output.write(enter);
  return {
    get columns() {
      return output.columns || 80;
    },
    get rows() {
      return output.rows || 24;
    },
    colour: !env.NO_COLOR,
    draw(lines) {
      // A slow line gets the next picture instead of a queue of old ones.
      if (open && !output.writableNeedDrain) output.write(`${toTop}${lines.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`);
    },
    listen(events) {
      heard = events;
    },
    close,
  };
}
