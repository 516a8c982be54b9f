/** Jobs survive `kill -9`: the router's job room is killed at random moments, and nothing accepted is lost or done twice. Needs a build. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import type { JobCounts } from '../../src/store/store.ts';

const kills = process.env['OAR_LONG'] ? 50 : 12;
const dist = process.env['OAR_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url));
const script = fileURLToPath(new URL('jobs-child.mjs', import.meta.url));

type Message =
  | { kind: 'ready'; recovered: number }
  | { kind: 'accepted'; number: number; id: string }
  | { kind: 'change'; id: string; status: string }
  | { kind: 'counts'; counts: JobCounts }
  | { kind: 'job'; id: string; job: Job | null }
  | { kind: 'problem'; message: string };

/** What the test was told, over all the lives of the child. */
class Witness {
  readonly accepted = new Map<string, number>();
  readonly succeeded: string[] = [];
  readonly results = new Map<string, string>();
  asked = 0;

  hear(message: Message): void {
    if (message.kind === 'accepted') this.accepted.set(message.id, message.number);
    if (message.kind === 'change' && message.status === 'succeeded') this.succeeded.push(message.id);
    if (message.kind === 'problem') throw new Error(message.message);
    if (message.kind !== 'job' || typeof message.job?.resultJson !== 'string') return;
    const before = this.results.get(message.id);
    expect(message.job.resultJson).toBe(before ?? message.job.resultJson);
    this.results.set(message.id, message.job.resultJson);
  }
}

class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #listeners = new Set<(message: Message) => void>();
  #problem: unknown = null;

  constructor(path: string, witness: Witness) {
    this.#process = spawn(process.execPath, [script, dist, path, '4'], { stdio: ['pipe', 'pipe', 'inherit'] });
    // A killed child leaves its input broken; that is what is being tested.
    this.#process.stdin?.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', () => resolve());
    });
    const { stdout } = this.#process;
    if (!stdout) throw new Error('The child has no output.');
    createInterface({ input: stdout }).on('line', (line) => {
      if (!line.endsWith('}')) return;
      const message = JSON.parse(line) as Message;
      try {
        witness.hear(message);
      } catch (thrown) {
        this.#problem ??= thrown;
      }
      for (const listener of this.#listeners) listener(message);
    });
  }

  say(message: object): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Rejects when the child ends without having said it. */
  async until<M extends Message>(said: (message: Message) => message is M): Promise<M> {
    let listener: (message: Message) => void = () => {};
    const heard = new Promise<M>((resolve) => {
      listener = (message) => {
        if (said(message)) resolve(message);
      };
      this.#listeners.add(listener);
    });
    const ended = this.#ended.then(() => Promise.reject(new Error('The child ended too early.')));
    try {
      return await Promise.race([heard, ended]);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.end();
  }

  async end(): Promise<void> {
    await this.#ended;
    if (this.#problem !== null) throw this.#problem;
  }
}

const isReady = (message: Message): message is Message & { kind: 'ready' } => message.kind === 'ready';
const isCounts = (message: Message): message is Message & { kind: 'counts' } => message.kind === 'counts';
const delay = (ms: number): Promise<void> => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

async function readAll(child: Child, ids: Iterable<string>): Promise<Map<string, Job | null>> {
  const found = new Map<string, Job | null>();
  for (const id of ids) {
    const answer = child.until((message): message is Message & { kind: 'job' } => message.kind === 'job' && message.id === id);
    child.say({ kind: 'get', id });
    found.set(id, (await answer).job);
  }
  return found;
}

/** One life: accepts a handful every few milliseconds, reads some old results again, dies at some moment. */
async function liveAndDie(path: string, witness: Witness): Promise<void> {
  const child = new Child(path, witness);
  // Some die while they recover, most while they work.
  if (Math.random() < 0.85) await child.until(isReady);
  else await delay(Math.random() * 150);
  for (const id of [...witness.results.keys()].slice(-20)) child.say({ kind: 'get', id });
  const end = performance.now() + 10 + Math.random() * 300;
  while (performance.now() < end) {
    for (let count = 0; count < 3; count += 1) {
      witness.asked += 1;
      child.say({ kind: 'accept', number: witness.asked });
    }
    for (const id of witness.succeeded.slice(-3)) child.say({ kind: 'get', id });
    await delay(4);
  }
  await child.kill();
}

test(`${kills} times kill -9: every acknowledged job is there and has exactly one result`, async () => {
  if (!existsSync(join(dist, 'jobs', 'create-jobs.js'))) throw new Error('There is no build; run "npm run build" first.');
  const folder = mkdtempSync(join(tmpdir(), 'oar-crash-'));
  try {
    const path = join(folder, 'router.db');
    const witness = new Witness();
    for (let life = 0; life < kills; life += 1) await liveAndDie(path, witness);
    const child = new Child(path, witness);
    await child.until(isReady);
    let counts: JobCounts;
    do {
      await delay(50);
      const answer = child.until(isCounts);
      child.say({ kind: 'counts' });
      ({ counts } = await answer);
    } while (counts.byStatus.queued + counts.byStatus.running > 0);
    const jobs = await readAll(child, witness.accepted.keys());
    child.say({ kind: 'stop' });
    await child.end();
    judge(witness, jobs, counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

function judge(witness: Witness, jobs: ReadonlyMap<string, Job | null>, counts: JobCounts): void {
  expect(witness.accepted.size).toBeGreaterThan(kills * 10);
  const missing = [...jobs].filter(([, job]) => job === null).map(([id]) => id);
  expect(missing).toEqual([]);
  let condemned = 0;
  for (const [id, job] of jobs) {
    if (job?.status === 'failed') {
      // The router died five times during it: the one other end that is promised.
      expect(job).toMatchObject({ crashes: 5, error: { code: 'internal' } });
      condemned += 1;
      continue;
    }
    expect(job?.status).toBe('succeeded');
    expect(JSON.parse(job?.resultJson ?? '').echo).toBe(witness.accepted.get(id));
    // Whatever was read of it in an earlier life is what it says now.
    expect(witness.results.get(id)).toBe(job?.resultJson);
  }
  expect(condemned).toBeLessThan(jobs.size / 20);
  // A result that was confirmed once is never confirmed again, in this life or a later one.
  expect(new Set(witness.succeeded).size).toBe(witness.succeeded.length);
  // What was written but not yet acknowledged may be there as well; nothing else may.
  const all = Object.values(counts.byStatus).reduce((sum, count) => sum + count, 0);
  expect(all).toBeGreaterThanOrEqual(jobs.size);
  expect(all).toBeLessThanOrEqual(witness.asked);
}
