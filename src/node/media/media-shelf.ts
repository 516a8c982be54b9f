/** What this machine can make and hear now, and who does it. */
import type { Clock } from '../../core/clock.ts';
import { RouterError } from '../../core/errors.ts';
import type { Model } from '../../core/fleet.ts';
import { InTurn } from './in-turn.ts';
import type { MediaHost, MediaModel, MediaTool, PictureOrder, Recording } from './media.ts';
import type { Transcript } from '../../util/transcript.ts';
import { unwatchAbort, watchAbort } from '../../util/watch-abort.ts';

export interface ShelfSettings {
  readonly tools: readonly MediaTool[];
  readonly host: MediaHost;
  readonly clock: Clock;
  readonly imageMs?: number;
  readonly transcriptionMs?: number;
}

interface Offer {
  readonly model: MediaModel;
  readonly tool: MediaTool;
}

/** Contract fleet part 1.2. */
const usualImageMs = 120_000;
const usualTranscriptionMs = 300_000;
const lookMs = 3000;
const mostWaiting = 8;

export class MediaShelf {
  readonly #settings: ShelfSettings;
  readonly #turns = new Map<MediaTool, InTurn>();
  readonly #end = new AbortController();
  #offers: ReadonlyMap<string, Offer> = new Map();
  #looking: Promise<void> | null = null;

  constructor(settings: ShelfSettings) {
    this.#settings = settings;
  }

  /** The models that are there, as they were found last; the first tool that has one keeps it. */
  get models(): readonly Model[] {
    return [...this.#offers.values()].map(({ model, tool }) => ({ name: model.name, capabilities: [model.capability], ownedBy: 'oar', row: { runtime: tool.name } }));
  }

  /** Looks what is there now. Never rejects; takes a few seconds at most. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Rejects with `unknown_model`, `queue_full`, `backend_timeout`, or as the tool does. */
  paint(order: PictureOrder, signal: AbortSignal): Promise<Buffer> {
    const { tool } = this.#offerOf(order.model, 'image');
    const { host, imageMs = usualImageMs } = this.#settings;
    return this.#inTime(tool, imageMs, signal, (limited) => tool.paint?.(order, host, limited) ?? Promise.reject(noModel(order.model, 'image')));
  }

  hear(recording: Recording, signal: AbortSignal): Promise<Transcript> {
    const { tool } = this.#offerOf(recording.model, 'transcription');
    const { host, transcriptionMs = usualTranscriptionMs } = this.#settings;
    return this.#inTime(tool, transcriptionMs, signal, (limited) => tool.hear?.(recording, host, limited) ?? Promise.reject(noModel(recording.model, 'transcription')));
  }

  /** Ends what runs. */
  stop(): void {
    this.#end.abort(new RouterError('shutting_down', 'This machine takes no more work.'));
  }

  #offerOf(name: string, capability: MediaModel['capability']): Offer {
    const exact = this.#offers.get(name);
    const offer = exact ?? (name === '' ? [...this.#offers.values()].find(({ model }) => model.capability === capability) : undefined);
    if (offer?.model.capability !== capability) throw noModel(name, capability);
    return offer;
  }

  async #lookOnce(): Promise<void> {
    const { tools, host, clock } = this.#settings;
    const late = new AbortController();
    const cancel = clock.after(lookMs, () => late.abort());
    const end = (): void => late.abort();
    if (this.#end.signal.aborted) end();
    watchAbort(this.#end.signal, end);
    try {
      const found = await Promise.all(tools.map((tool) => tool.find(host, late.signal).catch(() => this.#keptOf(tool))));
      const offers = new Map<string, Offer>();
      for (const [index, tool] of tools.entries()) {
        for (const model of found[index] ?? []) if (!offers.has(model.name)) offers.set(model.name, { model, tool });
      }
      this.#offers = offers;
    } finally {
      cancel();
      unwatchAbort(this.#end.signal, end);
    }
  }

  /** A server that is at work for us may be too busy to be asked. */
  #keptOf(tool: MediaTool): readonly MediaModel[] {
    if (this.#turns.get(tool)?.busy !== true) return [];
    return [...this.#offers.values()].flatMap((offer) => (offer.tool === tool ? [offer.model] : []));
  }

  /** The time limit begins when its turn comes. One signal of its own: what is combined with one that lives long stays on its list. */
  async #inTime<Result>(tool: MediaTool, limitMs: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { clock } = this.#settings;
    const turn = this.#turns.get(tool) ?? new InTurn(mostWaiting);
    this.#turns.set(tool, turn);
    const mine = new AbortController();
    const ends = [signal, this.#end.signal].map((outer) => ({ outer, end: () => mine.abort(outer.reason) }));
    for (const { outer, end } of ends) {
      if (outer.aborted) end();
      watchAbort(outer, end);
    }
    try {
      return await turn.run(() => limited(clock, limitMs, mine, tool.name, work), mine.signal);
    } finally {
      for (const { outer, end } of ends) unwatchAbort(outer, end);
    }
  }
}

async function limited<Result>(clock: Clock, limitMs: number, mine: AbortController, name: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const late = new RouterError('backend_timeout', `${name} took longer than ${limitMs / 1000} s.`);
  const cancel = clock.after(limitMs, () => mine.abort(late));
  try {
    return await work(mine.signal);
  } catch (thrown) {
    throw mine.signal.reason === late ? late : thrown;
  } finally {
    cancel();
  }
}

function noModel(name: string, capability: string): RouterError {
  return new RouterError('unknown_model', name === '' ? `There is no ${capability} model on this machine.` : `There is no ${capability} model ${name.slice(0, 100)} on this machine.`, { param: 'model' });
}
