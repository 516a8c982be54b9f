/** Reads server-sent events from bytes, however they were cut. */
import { LineSplitter } from './line-splitter.ts';

export interface SseEvent {
  /** `message` when the stream names none. */
  readonly event: string;
  /** Lines of one event joined by a newline. */
  readonly data: string;
}

/** Comments, `id` and `retry` are skipped; an event without data does not count as one. */
export class SseReader {
  readonly #lines = new LineSplitter();
  #event = '';
  #data: string | null = null;

  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    for (const line of this.#lines.push(chunk)) this.#take(line, events);
    return events;
  }

  /** What came last without the blank line, or even the line end, that should have closed it. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    const rest = this.#lines.rest();
    if (rest !== '') this.#take(rest, events);
    this.#take('', events);
    return events;
  }

  #take(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (this.#data !== null) events.push({ event: this.#event === '' ? 'message' : this.#event, data: this.#data });
      this.#event = '';
      this.#data = null;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    else if (field === 'error') {
      // llama.cpp once reported failures as a field of its own.
      this.#event = 'error';
      this.#data = value;
    }
  }
}
