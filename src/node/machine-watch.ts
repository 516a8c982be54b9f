/** Keeps the latest facts about this machine: every collector runs in the background, with its own time limit, and delays nobody. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { NodeReport } from '../core/node.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { Collector, CollectorTools, NodeFacts } from './collectors/collector.ts';
import { cpuPctBetween, plainMemory } from './collectors/system.ts';
import { mergeFacts } from './merge-facts.ts';

export interface MachineSettings {
  readonly clock: Clock;
  readonly collectors: readonly Collector[];
  readonly tools: CollectorTools;
  readonly options?: Readonly<Record<string, string>>;
}

/** What a report says of the machine itself. */
export type MachineFacts = Omit<NodeReport, 'nodeId' | 'name' | 'agentVersion' | 'at' | 'draining' | 'capacity' | 'activity' | 'servers'>;

const usualEveryMs = 5000;
const usualLimitMs = 5000;
/** A machine without such a thing is asked again now and then: a driver may be installed. */
const absentEveryMs = 60_000;
/** A start waits so long for the quick ones. */
const firstLookMs = 1500;

export class MachineWatch {
  readonly #settings: MachineSettings;
  readonly #rounds: readonly Round[];

  constructor(settings: MachineSettings) {
    this.#settings = settings;
    this.#rounds = settings.collectors.map((collector) => new Round(collector, settings));
  }

  /** Resolves when every collector has answered once, or after a moment. */
  async start(): Promise<void> {
    const { clock } = this.#settings;
    const first = Promise.all(this.#rounds.map((round) => round.run()));
    await new Promise<void>((resolve) => {
      const cancel = clock.after(firstLookMs, resolve);
      void first.then(() => {
        cancel();
        resolve();
      });
    });
  }

  stop(): void {
    for (const round of this.#rounds) round.stop();
  }

  /** At once, whatever the collectors are doing. */
  facts(): MachineFacts {
    const { host } = this.#settings.tools;
    const facts = mergeFacts(this.#rounds.flatMap((round) => round.latest ?? []));
    const cpuPct = this.#rounds.find((round) => round.cpuPct !== undefined)?.cpuPct;
    return { memory: plainMemory(host), gpus: [], ...facts, ...(cpuPct === undefined ? {} : { cpuPct }) };
  }
}

/** One collector, again and again, never twice at once. */
class Round {
  latest: NodeFacts | null = null;
  cpuPct: number | undefined;
  readonly #collector: Collector;
  readonly #settings: MachineSettings;
  readonly #end = new AbortController();
  #cancel: CancelTimer = () => {};

  constructor(collector: Collector, settings: MachineSettings) {
    this.#collector = collector;
    this.#settings = settings;
  }

  stop(): void {
    this.#end.abort();
    this.#cancel();
  }

  async run(): Promise<void> {
    const facts = await this.#within();
    if (this.#end.signal.aborted) return;
    this.cpuPct = cpuPctBetween(this.latest?.cpuTimes, facts?.cpuTimes);
    // What could not be asked is not known: an old value would promise memory that may be gone.
    this.latest = facts;
    const { everyMs = usualEveryMs } = this.#collector;
    this.#cancel = this.#settings.clock.after(facts === null ? Math.max(everyMs, absentEveryMs) : everyMs, () => void this.run());
  }

  /** Null when it takes longer than it may; what it does after that nobody waits for. */
  #within(): Promise<NodeFacts | null> {
    const { clock, tools, options = {} } = this.#settings;
    const { limitMs = usualLimitMs } = this.#collector;
    const late = new AbortController();
    return new Promise((resolve) => {
      const done = (facts: NodeFacts | null): void => {
        cancel();
        unwatchAbort(this.#end.signal, giveUp);
        resolve(facts);
      };
      const giveUp = (): void => {
        late.abort();
        done(null);
      };
      const cancel = clock.after(limitMs, giveUp);
      watchAbort(this.#end.signal, giveUp);
      this.#collector.collect(tools, options, late.signal).then(done, () => done(null));
    });
  }
}
