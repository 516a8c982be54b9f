/** Tells those who listen how things are, whenever that has changed. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { EventStream, OpenStreams } from './event-stream.ts';
import type { Exchange } from './http.ts';

export interface FeedSource {
  /** Values of which at least one is another after a change. */
  marks(): readonly unknown[];
  view(): unknown;
}

/** In milliseconds. */
export interface FeedPace {
  /** Time between two looks. */
  readonly look: number;
  /** Changes within this time are one event. */
  readonly least: number;
  /** So often also without a change; absent: never. */
  readonly most?: number;
}

const usualPace: FeedPace = { look: 100, least: 0 };

/** Looks for changes only while somebody listens: requests do not know of it. */
export class UsageFeed {
  readonly #clock: Clock;
  readonly #streams: OpenStreams;
  readonly #source: FeedSource;
  readonly #pace: FeedPace;
  /** With what each was told last. */
  readonly #listeners = new Map<EventStream, string>();
  #marks: readonly unknown[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;
  #cancelLook: CancelTimer | null = null;

  constructor(clock: Clock, streams: OpenStreams, source: FeedSource, pace: FeedPace = usualPace) {
    this.#pace = pace;
    this.#clock = clock;
    this.#streams = streams;
    this.#source = source;
  }

  /** Answers with the present figures at once, and each change after that. */
  join(exchange: Exchange): void {
    const stream = this.#streams.open(exchange, () => this.#left(stream));
    this.#tell(stream, JSON.stringify(this.#source.view()));
    this.#cancelLook ??= this.#clock.after(this.#pace.look, () => this.#look());
  }

  #left(stream: EventStream): void {
    this.#listeners.delete(stream);
    if (this.#listeners.size > 0) return;
    this.#cancelLook?.();
    this.#cancelLook = null;
  }

  #look(): void {
    this.#cancelLook = this.#clock.after(this.#pace.look, () => this.#look());
    const silentMs = this.#clock.now() - this.#toldAt;
    if (silentMs < this.#pace.least) return;
    const marks = this.#source.marks();
    const same = this.#marks.length === marks.length && marks.every((mark, index) => mark === this.#marks[index]);
    if (same && silentMs < (this.#pace.most ?? Number.POSITIVE_INFINITY)) return;
    this.#marks = marks;
    this.#toldAt = this.#clock.now();
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
