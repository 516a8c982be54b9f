/** Keeps the latest answer whether a meeting goes on: asked in the background, never while somebody waits. */
import type { CancelTimer, Clock } from '../../core/clock.ts';
import type { CollectorTools } from '../collectors/collector.ts';
import { linuxMeeting } from './linux-meeting.ts';
import { macMeeting } from './mac-meeting.ts';
import type { InUse, MeetingDetector } from './meeting.ts';
import { windowsMeeting } from './windows-meeting.ts';

/** An answer this many rounds old says nothing any more. */
const staleRounds = 3;
/** A system that cannot say is not asked often. */
const unknownEveryMs = 300_000;

export class MeetingWatch {
  readonly #clock: Clock;
  readonly #tools: CollectorTools;
  readonly #detector: MeetingDetector | undefined;
  readonly #end = new AbortController();
  #answer: { readonly inUse: InUse; readonly at: number } = { inUse: null, at: 0 };
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock, tools: CollectorTools, all: readonly MeetingDetector[] = [macMeeting(), linuxMeeting, windowsMeeting]) {
    this.#clock = clock;
    this.#tools = tools;
    this.#detector = all.find(({ platform }) => platform === tools.host.platform);
  }

  start(): void {
    if (this.#detector !== undefined) void this.#ask(this.#detector);
  }

  stop(): void {
    this.#end.abort();
    this.#cancel();
  }

  /** Undefined: nobody knows. */
  inMeeting(at: number): boolean | undefined {
    const { inUse, at: askedAt } = this.#answer;
    if (inUse === null || this.#detector === undefined || at - askedAt > staleRounds * this.#detector.everyMs) return undefined;
    return inUse;
  }

  async #ask(detector: MeetingDetector): Promise<void> {
    const inUse = await detector.ask(this.#tools, this.#end.signal).catch(() => null);
    if (this.#end.signal.aborted) return;
    this.#answer = { inUse, at: this.#clock.now() };
    this.#cancel = this.#clock.after(inUse === null ? unknownEveryMs : detector.everyMs, () => void this.#ask(detector));
  }
}
