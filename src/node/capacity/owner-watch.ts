/** Watches what a machine's owner does with it, learns from that if it may, and says what is left for the fleet. */
import { join } from 'node:path';
import type { CancelTimer, Clock } from '../../core/clock.ts';
import type { NodeCommand, NodeReport } from '../../core/node.ts';
import type { CollectorTools } from '../collectors/collector.ts';
import { MeetingWatch } from '../meetings/meeting-watch.ts';
import type { CapacityPart } from '../node.ts';
import type { CapacityLearner, LocalHour, OwnerSample } from './capacity.ts';
import { ownerGpuPct, parsePmon } from './gpu-load.ts';
import { createLearner } from './learner.ts';
import { localHours } from './local-hour.ts';
import { lookAtMachine, lookEveryMs } from './machine-reader.ts';
import { holding, order, type Orders, readOrders } from './override.ts';
import { type MachineLook, type OwnerTook, ownerTook } from './owner-load.ts';
import { readMemory, writeState } from './state-file.ts';

export interface OwnerWatchOptions {
  readonly clock: Clock;
  /** Epoch milliseconds as the machine's own clock shows them, which a process's clock no longer does once the machine has slept. */
  wallTime(): number;
  readonly tools: CollectorTools;
  /** Where the machine's state lies. */
  readonly folder: string;
  /** Without it only the activity is told, and what was set by hand holds. */
  readonly learn: boolean;
  /** False: nothing is measured, and only what was set by hand holds. */
  readonly looks?: boolean;
  /** The latest facts about the machine. */
  facts(): Pick<NodeReport, 'memory' | 'gpus'>;
  /** Runs that go through the agent now. */
  relaying(): number;
  say(line: string): void;
  readonly localHour?: (at: number) => LocalHour;
  readonly meetings?: Pick<MeetingWatch, 'start' | 'stop' | 'inMeeting'>;
  /** The agent itself, which is not the owner's program. */
  readonly ownPid: number;
}

const saveEveryMs = 600_000;

export class OwnerWatch implements CapacityPart {
  readonly #options: OwnerWatchOptions;
  readonly #meetings: Pick<MeetingWatch, 'start' | 'stop' | 'inMeeting'>;
  readonly #path: string;
  readonly #end = new AbortController();
  #learner: CapacityLearner;
  #look: MachineLook | null = null;
  #orders: Orders = { owner: null, router: null };
  #savedAt = 0;
  #cancel: CancelTimer = () => {};

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
    this.#meetings = options.meetings ?? new MeetingWatch(options.clock, options.tools);
    this.#path = join(options.folder, 'capacity-learner.json');
    this.#learner = createLearner({ localHour: options.localHour ?? localHours() });
  }

  async start(): Promise<void> {
    const { learn, localHour = localHours(), say, wallTime } = this.#options;
    if (learn) this.#learner = createLearner({ localHour, memory: await readMemory(this.#path, say) });
    this.#savedAt = wallTime();
    if (learn) this.#meetings.start();
    await this.#readOrders();
    // A first look may take a while, and nobody waits for it.
    void this.#round();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    this.#cancel();
    this.#meetings.stop();
    await this.#save();
  }

  now(): ReturnType<CapacityPart['now']> {
    const at = this.#options.wallTime();
    // Ready by the next report.
    void this.#readOrders();
    const activity = this.#learner.activity(at);
    const override = holding(this.#orders, at);
    const told = this.#options.learn || override !== undefined;
    return {
      ...(told ? { capacity: this.#learner.capacity(at, { override, totalBytes: this.#options.facts().memory.totalBytes }) } : {}),
      ...(activity === undefined ? {} : { activity }),
    };
  }

  override({ mode, until }: Extract<NodeCommand, { readonly type: 'capacity_override' }>): void {
    const { folder, say } = this.#options;
    order(folder, 'router', { mode, until })
      .then(() => this.#readOrders())
      .catch(() => say('What the router set for this machine could not be written down.'));
  }

  async #round(): Promise<void> {
    const { clock, tools, looks = true } = this.#options;
    if (looks) await this.#measure();
    await this.#readOrders();
    if (!this.#end.signal.aborted) this.#cancel = clock.after(lookEveryMs(tools.host.platform), () => void this.#round());
  }

  async #measure(): Promise<void> {
    const { tools, wallTime } = this.#options;
    const look = await lookAtMachine(tools, wallTime, this.#end.signal);
    // A system that is too busy to list its processes would pass inference off as the owner's work.
    if (look.processes === null && this.#look !== null && this.#look.processes !== null) return;
    const took = this.#look === null ? null : ownerTook(this.#look, look, this.#options.relaying(), [this.#options.ownPid]);
    this.#look = look;
    if (took !== null) this.#learner.sample(await this.#sampleOf(took), look.at);
    if (Math.abs(look.at - this.#savedAt) >= saveEveryMs) await this.#save();
  }

  async #sampleOf(took: OwnerTook): Promise<OwnerSample> {
    const { facts, clock } = this.#options;
    const { memory, gpus } = facts();
    const busiest = gpus.reduce<number | undefined>((most, { utilizationPct }) => (utilizationPct === undefined ? most : Math.max(most ?? 0, utilizationPct)), undefined);
    const byProcess = took.inferring && busiest !== undefined && busiest > 0 && gpus.some(({ vendor }) => vendor === undefined || vendor === 'nvidia') ? await this.#gpuByProcess() : null;
    const gpuPct = ownerGpuPct(busiest, took.inferring, byProcess, took.inferencePids);
    const meeting = this.#meetings.inMeeting(clock.now());
    return {
      ...(took.cpuPct === undefined ? {} : { cpuPct: took.cpuPct }),
      ...(gpuPct === undefined ? {} : { gpuPct }),
      memoryPct: (100 * Math.max(0, memory.usedBytes - took.inferenceBytes)) / Math.max(1, memory.totalBytes),
      ...(took.networkBytesPerSecond === undefined ? {} : { networkBytesPerSecond: took.networkBytesPerSecond }),
      ...(meeting === undefined ? {} : { meeting }),
    };
  }

  #gpuByProcess(): Promise<ReturnType<typeof parsePmon> | null> {
    return this.#options.tools.run('nvidia-smi', ['pmon', '-c', '1', '-s', 'u'], 5000, this.#end.signal).then(parsePmon, () => null);
  }

  async #readOrders(): Promise<void> {
    this.#orders = await readOrders(this.#options.folder);
  }

  async #save(): Promise<void> {
    const { learn, wallTime, say } = this.#options;
    this.#savedAt = wallTime();
    if (!learn) return;
    await writeState(this.#path, JSON.stringify(this.#learner.memory())).catch(() => say(`What was learned of this machine could not be written to ${this.#path}.`));
  }
}
