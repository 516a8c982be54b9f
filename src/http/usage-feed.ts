/** Tells those who listen what is in flight and what was used, whenever it has changed. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { EventStream, OpenStreams } from './event-stream.ts';
import type { Exchange } from './http.ts';

export interface FeedSource {
  /** Values of which at least one is another after a change. */
  marks(): readonly unknown[];
  view(): unknown;
}

/** Changes within this time are one event. */
const lookMs = 100;

/** Looks for changes only while somebody listens: requests do not know of it. */
export class UsageFeed {
  readonly #clock: Clock;
  readonly #streams: OpenStreams;
  readonly #source: FeedSource;
  /** With what each was told last. */
  readonly #listeners = new Map<EventStream, string>();
  #marks: readonly unknown[] = [];
  #cancelLook: CancelTimer | null = null;

  constructor(clock: Clock, streams: OpenStreams, source: FeedSource) {
    this.#clock = clock;
    this.#streams = streams;
    this.#source = source;
  }

  /** Answers with the present figures at once, and each change after that. */
  join(exchange: Exchange): void {
    const stream = this.#streams.open(exchange, () => this.#left(stream));
    this.#tell(stream, JSON.stringify(this.#source.view()));
    this.#cancelLook ??= this.#clock.after(lookMs, () => this.#look());
  }

  #left(stream: EventStream): void {
    this.#listeners.delete(stream);
    if (this.#listeners.size > 0) return;
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  #look(): void {
    this.#cancelLook = this.#clock.after(lookMs, () => this.#look());
    const marks = this.#source.marks();
    if (this.#marks.length === marks.length && marks.every((mark, index) => mark === this.#marks[index])) return;
    this.#marks = marks;
    const text = JSON.stringify(this.#source.view());
    for (const [listener, told] of this.#listeners) {
      if (told !== text) this.#tell(listener, text);
    }
  }

  #tell(listener: EventStream, text: string): void {
    this.#listeners.set(listener, text);
    listener.send(text);
  }
}
