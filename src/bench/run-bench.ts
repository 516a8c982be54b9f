/** Runs one benchmark: warms up, asks for as long as it is to, waits for what still runs, and adds up. */
import type { Clock } from '../core/clock.ts';
import type { BenchForm, BenchPlan, BenchProgress, BenchReport, BenchRequest, BenchSample, BenchTarget, NodeLook } from './bench.ts';
import { promptOf } from './prompts.ts';
import { byModel, byNode, rate, tokensOf, totals, utilization } from './statistics.ts';
import { pause } from '../util/pause.ts';

export interface BenchParts {
  readonly clock: Clock;
  /** One request on the way that every request goes. Never rejects. */
  ask(request: BenchRequest, signal: AbortSignal): Promise<BenchSample>;
  /** Could a request for the model start now, with nobody waiting for it? */
  free(target: BenchTarget): boolean;
  /** The machines as they are now. */
  look(): readonly NodeLook[];
}

type Standing = Pick<BenchProgress, 'phase' | 'elapsed' | 'requests_completed' | 'requests_failed' | 'tok_per_sec' | 'models'>;

const lookEveryMs = 3_000;
const drainMs = 30_000;
/** People who ask meanwhile go first: it looks again after so long. */
const waitMs = 20;
const warmUpTokens = 4;

export class BenchRun {
  readonly #form: BenchForm;
  readonly #plan: BenchPlan;
  readonly #parts: BenchParts;
  readonly #signal: AbortSignal;
  readonly #samples: BenchSample[] = [];
  readonly #looks: NodeLook[] = [];
  readonly #open = new Map<BenchTarget, number>();
  readonly #asked = new Map<BenchTarget, number>();
  #targets: readonly BenchTarget[];
  #phase: BenchProgress['phase'] = 'warm-up';
  #startedAt: number | null = null;
  #endedAt: number | null = null;
  #count = 0;
  #peak = 0;

  constructor(form: BenchForm, plan: BenchPlan, parts: BenchParts, signal: AbortSignal) {
    this.#form = form;
    this.#plan = plan;
    this.#targets = plan.targets;
    this.#parts = parts;
    this.#signal = signal;
  }

  standing(): Standing {
    const good = this.#samples.filter(({ error }) => error === undefined);
    const elapsed = this.#seconds();
    return {
      phase: this.#phase,
      elapsed: Math.min(elapsed, this.#form.durationMs / 1000),
      requests_completed: good.length,
      requests_failed: this.#samples.length - good.length,
      tok_per_sec: rate(good.reduce((sum, sample) => sum + tokensOf(sample), 0), elapsed),
      models: this.#targets.map(({ model }) => model),
    };
  }

  /** Resolves when nothing of it runs any more; null when it was cancelled. Rejects with an Error for people when no model answers. */
  async run(): Promise<BenchReport | null> {
    const stopLooking = this.#keepLooking();
    try {
      await this.#warmUp();
      if (!this.#signal.aborted) await this.#measure();
    } finally {
      stopLooking();
      this.#endedAt = this.#parts.clock.now();
      this.#phase = 'done';
    }
    return this.#signal.aborted ? null : this.#report();
  }

  /** Models that do not answer are left out of the rest. */
  async #warmUp(): Promise<void> {
    const failures: string[] = [];
    const warm = await Promise.all(this.#targets.map(async (target) => {
      while (!this.#signal.aborted && !this.#parts.free(target)) await pause(this.#parts.clock, waitMs, this.#signal);
      const { error } = await this.#ask(target, warmUpTokens, this.#signal);
      if (error !== undefined) failures.push(`${target.model}: ${error}`);
      return error === undefined;
    }));
    if (this.#signal.aborted) return;
    this.#targets = this.#targets.filter((_, index) => warm[index]);
    if (this.#targets.length === 0) throw new Error(`No model answered. ${failures.join('; ')}`);
  }

  async #measure(): Promise<void> {
    const { clock } = this.#parts;
    const over = new AbortController();
    const cut = new AbortController();
    const end = (): void => over.abort();
    const cutOff = (): void => cut.abort();
    this.#signal.addEventListener('abort', end);
    this.#signal.addEventListener('abort', cutOff);
    this.#phase = 'measuring';
    this.#startedAt = clock.now();
    const timers = [clock.after(this.#form.durationMs, () => {
      this.#phase = 'draining';
      end();
    }), clock.after(this.#form.durationMs + drainMs, cutOff)];
    try {
      await Promise.all(Array.from({ length: Math.max(1, this.#plan.workers) }, () => this.#work(over.signal, cut.signal)));
    } finally {
      for (const cancel of timers) cancel();
      this.#signal.removeEventListener('abort', end);
      this.#signal.removeEventListener('abort', cutOff);
    }
  }

  /** One after the other, until it is over. What was cut off says nothing and does not count. */
  async #work(over: AbortSignal, cut: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const target = this.#next();
      if (target === null) {
        await pause(this.#parts.clock, waitMs, over);
        continue;
      }
      const sample = await this.#ask(target, this.#form.answerTokens, cut);
      if (cut.aborted && sample.error !== undefined) return;
      this.#samples.push(sample);
      // Refused at once, it would be asked in a circle without a breath.
      if (sample.error !== undefined) await pause(this.#parts.clock, waitMs, over);
    }
  }

  /** Of the models that could start, the one with the fewest running, then the one asked least. */
  #next(): BenchTarget | null {
    const able = this.#targets.filter((target) => this.#openOf(target) < target.most && this.#parts.free(target));
    const [first] = able.sort((a, b) => this.#openOf(a) - this.#openOf(b) || (this.#asked.get(a) ?? 0) - (this.#asked.get(b) ?? 0));
    return first ?? null;
  }

  async #ask(target: BenchTarget, answerTokens: number, signal: AbortSignal): Promise<BenchSample> {
    const { model, kind } = target;
    this.#count += 1;
    this.#open.set(target, this.#openOf(target) + 1);
    this.#asked.set(target, (this.#asked.get(target) ?? 0) + 1);
    this.#peak = Math.max(this.#peak, [...this.#open.values()].reduce((sum, count) => sum + count, 0));
    try {
      return await this.#parts.ask({ model, kind, text: promptOf(this.#count, this.#form.promptTokens), answerTokens }, signal);
    } finally {
      this.#open.set(target, this.#openOf(target) - 1);
    }
  }

  #openOf(target: BenchTarget): number {
    return this.#open.get(target) ?? 0;
  }

  #keepLooking(): () => void {
    const { clock } = this.#parts;
    let cancel = (): void => {};
    const look = (): void => {
      if (this.#phase !== 'warm-up') this.#looks.push(...this.#parts.look());
      cancel = clock.after(lookEveryMs, look);
    };
    look();
    return () => {
      this.#looks.push(...this.#parts.look());
      cancel();
    };
  }

  #seconds(): number {
    return this.#startedAt === null ? 0 : ((this.#endedAt ?? this.#parts.clock.now()) - this.#startedAt) / 1000;
  }

  #report(): BenchReport {
    const seconds = this.#seconds();
    return {
      ...totals(this.#samples, seconds),
      per_model_results: byModel(this.#samples, seconds),
      per_node_results: byNode(this.#samples, seconds),
      peak_utilization: utilization(this.#looks, this.#peak),
    };
  }
}
