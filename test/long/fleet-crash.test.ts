/**
 * One router and four machines as real processes, two of them beyond a link of their own, under load, while agents, Ollamas and
 * the router are killed at random: no caller sees a failure before the first token while another machine can serve. Needs a build.
 */
import { expect, test } from 'vitest';
import { callers, type Told } from '../support/chaos-load.ts';
import { LanRouter, Machine, type MachinePlan } from '../support/fleet-world.ts';
import { makeNamespace, whyNoNamespaces } from '../support/namespaces.ts';
import { numbersFrom } from '../support/seeded.ts';

const full = process.env['OAR_TEST_LONG'] === 'full';
const forMs = full ? 600_000 : 60_000;
const seed = Number(process.env['OAR_TEST_SEED'] ?? Date.now() % 1_000_000);

const small = { name: 'small:1b', sizeGb: 1, loadMs: 150, tokensPerSecond: 150 };
const middle = { name: 'middle:8b', sizeGb: 6, loadMs: 500, tokensPerSecond: 60 };
const big = { name: 'big:32b', sizeGb: 22, loadMs: 1500, tokensPerSecond: 25 };
const plans: readonly (MachinePlan & { readonly far?: boolean })[] = [
  { name: 'desk', memoryGb: 24, models: [small, middle] },
  { name: 'laptop', memoryGb: 8, parallel: 2, models: [{ ...small, tokensPerSecond: 60 }] },
  { name: 'attic', memoryGb: 16, models: [small, { ...middle, tokensPerSecond: 40 }], far: true },
  { name: 'tower', memoryGb: 48, models: [small, middle, big], far: true },
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly backends: readonly { readonly status: string }[];
}

class Storm {
  readonly router = new LanRouter();
  readonly machines: readonly Machine[];
  /** When the router could not be reached. */
  readonly outages: { readonly from: number; to: number }[] = [];
  readonly detectMs: number[] = [];
  readonly returnMs: number[] = [];
  readonly joinMs: number[] = [];
  readonly kills: Record<string, number> = {};
  readonly #random: () => number;

  constructor(random: () => number, far: boolean) {
    this.#random = random;
    let number = 0;
    this.machines = plans.map((plan) => {
      const namespace = plan.far === true && far ? makeNamespace(++number) : undefined;
      // Those beyond a link find the router by themselves.
      return new Machine({ ...plan, ...(namespace === undefined ? {} : { namespace }) }, () => (namespace === undefined ? this.router.url : null), () => this.router.joinToken);
    });
  }

  async begin(): Promise<void> {
    await this.router.start();
    await Promise.all(this.machines.map((machine) => machine.startOllama()));
    for (const machine of this.machines) machine.startAgent();
    await Promise.all(this.machines.map(async (machine) => this.joinMs.push(await this.#untilServing(machine))));
  }

  /** Kills something and brings it back. Never the last machine that is well. */
  async strike(): Promise<void> {
    const well = await this.#well();
    const victims = this.machines.filter((machine) => well.has(machine.plan.name) && this.machines.some((other) => other !== machine && well.has(other.plan.name) && other.plan.models.length > 1));
    const victim = victims[Math.floor(this.#random() * victims.length)];
    const dice = this.#random();
    if (victim === undefined || dice < 0.15) return this.#killRouter();
    if (dice < 0.5) return this.#killOllama(victim);
    return this.#killAgent(victim, dice < 0.65);
  }

  async #killRouter(): Promise<void> {
    this.#count('router');
    const outage = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.outages.push(outage);
    await this.router.kill();
    await sleep(300 + this.#random() * 1200);
    await this.router.start();
    outage.to = Date.now();
    await sleep(500);
  }

  async #killOllama(machine: Machine): Promise<void> {
    this.#count('ollama');
    await machine.killOllama();
    await this.#strict(machine);
    const failedAt = Date.now();
    while ((await this.#listed(machine))?.backends[0]?.status === 'up') await sleep(20);
    this.detectMs.push(Date.now() - failedAt);
    await sleep(this.#random() * 2000);
    await machine.startOllama();
    this.returnMs.push(await this.#untilServing(machine));
  }

  async #killAgent(machine: Machine, ollamaToo: boolean): Promise<void> {
    this.#count(ollamaToo ? 'machine' : 'agent');
    await Promise.all([machine.killAgent(), ollamaToo ? machine.killOllama() : undefined]);
    await sleep(this.#random() * 2000);
    if (ollamaToo) await machine.startOllama();
    machine.startAgent();
    this.joinMs.push(await this.#untilServing(machine));
  }

  #count(what: string): void {
    this.kills[what] = (this.kills[what] ?? 0) + 1;
  }

  /** This machine or none; nobody waits for it. */
  async #strict(machine: Machine): Promise<number> {
    const body = { model: 'small:1b', stream: false, messages: [{ role: 'user', content: 'Hello' }], router: { maxQueueTimeMs: 1, allowAsync: false } };
    const response = await fetch(`${this.router.url}/v1/chat/completions`, { method: 'POST', headers: { ...this.router.headers(), 'x-oar-backend': machine.plan.name }, body: JSON.stringify(body) });
    await response.text();
    return response.status;
  }

  /** Resolves with how long it took; what an answer itself takes does not count. */
  async #untilServing(machine: Machine): Promise<number> {
    const from = Date.now();
    for (;;) {
      const askedAt = Date.now();
      if ((await this.#strict(machine)) === 200) return askedAt - from;
      if (Date.now() - from > 60_000) throw new Error(`${machine.plan.name} does not come back:\n${machine.output}`);
      await sleep(25);
    }
  }

  async #listed(machine: Machine): Promise<Listed | undefined> {
    return ((await this.router.json('/fleet/nodes'))['nodes'] as Listed[]).find(({ id }) => id === machine.plan.name);
  }

  async #well(): Promise<ReadonlySet<string>> {
    const nodes = (await this.router.json('/fleet/nodes'))['nodes'] as Listed[];
    return new Set(nodes.filter(({ status, backends }) => status === 'online' && backends[0]?.status === 'up').map(({ id }) => id));
  }

  /** Was the router away while this was asked? Its death reaches callers a moment before we know of it. */
  excused({ startedAt, endedAt }: Told): boolean {
    return this.outages.some(({ from, to }) => startedAt <= to && endedAt >= from - 50);
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const spread = (values: readonly number[]): string => `${values.length} times, median ${median(values)}, worst ${Math.max(0, ...values)} ms`;

test(`${forMs / 1000} s of kills: no caller sees a failure before the first token`, async () => {
  const noFar = whyNoNamespaces();
  if (noFar !== null) process.stdout.write(`All machines are on loopback: ${noFar}\n`);
  const storm = new Storm(numbersFrom(seed), noFar === null);
  await storm.begin();
  let over = false;
  const calling = callers(6, storm.router, ['small:1b', 'small:1b', 'middle:8b'], numbersFrom(seed + 1), () => over);
  const endsAt = Date.now() + forMs;
  try {
    while (Date.now() < endsAt) {
      await storm.strike();
      await sleep(500);
    }
  } finally {
    over = true;
  }
  const told = await calling;
  const judged = told.filter((one) => !storm.excused(one));
  const kills = Object.entries(storm.kills).map(([what, count]) => `${count} ${what}`).join(', ');
  process.stdout.write(`seed ${seed}; killed: ${kills}; ${told.length} requests, ${judged.filter(({ whole }) => whole).length} whole, ${judged.filter(({ firstToken, whole }) => firstToken && !whole).length} broken after their first token, ${told.length - judged.length} while the router was away\n`);
  process.stdout.write(`join ${spread(storm.joinMs)}; detected ${spread(storm.detectMs)}; back ${spread(storm.returnMs)}\n`);
  expect(judged.filter(({ firstToken }) => !firstToken)).toEqual([]);
  // A stream that breaks off never looks complete.
  expect(told.filter(({ whole, saidDone }) => saidDone && !whole)).toEqual([]);
  expect(median(storm.joinMs)).toBeLessThanOrEqual(3000);
  expect(median(storm.detectMs)).toBeLessThanOrEqual(1000);
  expect(median(storm.returnMs)).toBeLessThanOrEqual(2000);
  await expect.poll(() => storm.router.json('/fleet/queue'), { timeout: 10_000 }).toMatchObject({ queue_depth: 0, pending: 0, in_flight: 0 });
  for (const machine of storm.machines) await expect.poll(async () => (await machine.counts())?.running, { timeout: 10_000 }).toBe(0);
  for (const machine of storm.machines) expect(await machine.stopAgent()).toBe(0);
  expect(await storm.router.stop()).toBe(0);
}, forMs + 240_000);
