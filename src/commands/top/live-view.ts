/** Keeps the fleet on the screen until somebody has seen enough: at most four pictures a second, over restarts of the router. */
import type { CancelTimer, Clock } from '../../core/clock.ts';
import { pause } from '../../util/pause.ts';
import type { Screen } from '../command.ts';
import type { Fields } from '../loose-json.ts';
import { fleetLines } from './fleet-lines.ts';
import { type Line, writeLine } from './styled-line.ts';

export interface LiveParts {
  readonly screen: Screen;
  readonly clock: Clock;
  /** One connection: what the router tells until it ends. Rejects with an Error for people. */
  watch(signal: AbortSignal): AsyncIterable<Fields>;
  /** Will it be no better a moment later? */
  isFinal(thrown: unknown): boolean;
}

const leastBetweenMs = 250;
const againMs = 1000;

/** Resolves when the person leaves. Rejects when the router was never there, or turns us away. */
export async function showLive({ screen, clock, watch, isFinal }: LiveParts): Promise<void> {
  const end = new AbortController();
  let snapshot: Fields | null = null;
  let note = '';
  const painter = new Painter(clock, () => screen.draw(pictureOf(snapshot, note, screen)));
  screen.listen({ leave: () => end.abort(), resized: () => painter.ask() });
  painter.ask();
  try {
    while (!end.signal.aborted) {
      try {
        for await (const told of watch(end.signal)) {
          snapshot = told;
          note = '';
          painter.ask();
        }
        note = 'The router has ended the connection, trying again.';
      } catch (thrown) {
        if (end.signal.aborted) return;
        if (snapshot === null || isFinal(thrown)) throw thrown;
        note = `Trying again: ${thrown instanceof Error ? thrown.message : 'the router does not answer.'}`;
      }
      painter.ask();
      await pause(clock, againMs, end.signal);
    }
  } finally {
    painter.stop();
    screen.close();
  }
}

/** What fits on the screen, the rest told by its number. */
export function pictureOf(snapshot: Fields | null, note: string, { columns, rows, colour }: Pick<Screen, 'columns' | 'rows' | 'colour'>): readonly string[] {
  const head: readonly Line[] = note === '' ? [] : [[[note, 'bad']]];
  const all = snapshot === null ? [...head, [['Asking the router …']] as Line] : [...head, ...fleetLines(snapshot, columns)];
  const room = Math.max(1, rows - 1);
  const shown = all.length <= room ? all : [...all.slice(0, room - 1), [[`… ${all.length - room + 1} more lines: make the window higher`, 'dim']] as Line];
  return [...shown, [['q leaves', 'dim']] as Line].slice(0, Math.max(1, rows)).map((line) => writeLine(line, columns, colour));
}

/** Draws at once when nothing was drawn for a while, else when that while is over. */
class Painter {
  readonly #clock: Clock;
  readonly #draw: () => void;
  #cancel: CancelTimer | null = null;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, draw: () => void) {
    this.#clock = clock;
    this.#draw = draw;
  }

  ask(): void {
    this.#cancel ??= this.#clock.after(Math.max(0, this.#drawnAt + leastBetweenMs - this.#clock.now()), () => {
      this.#cancel = null;
      this.#drawnAt = this.#clock.now();
      this.#draw();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
