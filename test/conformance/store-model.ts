/** What the store's contract promises, written as plainly as possible, to compare the drivers with. */
import type { Job } from '../../src/core/job.ts';
import type { JobLimits, JobOutcome, JobPage } from '../../src/store/store.ts';

interface Entry {
  job: Job;
  released: boolean;
}

const live = ['queued', 'running'];

export class StoreModel {
  entries: Entry[] = [];

  #find(id: string, ...statuses: string[]): Entry | undefined {
    return this.entries.find(({ job }) => job.id === id && (statuses.length === 0 || statuses.includes(job.status)));
  }

  add(job: Job): boolean {
    if (this.#find(job.id)) return false;
    this.entries.push({ job, released: false });
    return true;
  }

  get(id: string): Job | null {
    return this.#find(id)?.job ?? null;
  }

  #newestFirst(): Job[] {
    return this.entries.map(({ job }) => job).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  list({ limit, before, principalId, plane, user }: JobPage): string[] {
    const all = this.#newestFirst();
    const from = before === undefined ? 0 : all.findIndex((job) => job.id === before) + 1;
    if (before !== undefined && from === 0) return [];
    const rest = all.slice(from).filter((job) => (principalId ?? job.principalId) === job.principalId && (user ?? job.user) === job.user);
    return rest.filter((job) => plane === undefined || plane === (job.plane ?? 'standalone')).slice(0, limit).map((job) => job.id);
  }

  start(id: string, at: number): boolean {
    const entry = this.#find(id, 'queued');
    if (entry) entry.job = { ...entry.job, status: 'running', attempts: entry.job.attempts + 1, startedAt: at, notBefore: null };
    return entry !== undefined;
  }

  finish(id: string, outcome: JobOutcome): boolean {
    const entry = this.#find(id, ...live);
    if (entry) entry.job = { ...entry.job, notBefore: null, error: null, resultJson: null, ...outcome };
    return entry !== undefined;
  }

  requeue(id: string, notBefore: number, error: Job['error']): boolean {
    const entry = this.#find(id, 'running');
    if (!entry) return false;
    entry.job = { ...entry.job, status: 'queued', notBefore, startedAt: null };
    entry.job = error ? { ...entry.job, error } : { ...entry.job, attempts: entry.job.attempts - 1 };
    return true;
  }

  recover(): string[] {
    for (const entry of this.entries) {
      if (entry.job.status === 'running') entry.job = { ...entry.job, status: 'queued', startedAt: null, crashes: (entry.job.crashes ?? 0) + 1 };
    }
    return this.#newestFirst().reverse().filter((job) => job.status === 'queued').map((job) => job.id);
  }

  bytes(): number {
    return this.entries.reduce((sum, { job }) => sum + new TextEncoder().encode(job.requestJson + (job.resultJson ?? '')).length, 0);
  }

  sweep(now: number, limits: JobLimits): number {
    const kept = (): Entry[] =>
      this.entries
        .filter((entry) => !entry.released && !live.includes(entry.job.status))
        .sort((a, b) => Number(a.job.finishedAt) - Number(b.job.finishedAt) || (a.job.id < b.job.id ? -1 : 1));
    let released = 0;
    const release = (entry: Entry | undefined): void => {
      if (!entry) return;
      const { job } = entry;
      entry.released = true;
      entry.job = { ...job, status: job.status === 'cancelled' ? 'cancelled' : 'expired', requestJson: '', resultJson: null, expiresAt: Math.min(Number(job.expiresAt), now) };
      released += 1;
    };
    for (const entry of kept()) if (Number(entry.job.expiresAt) <= now) release(entry);
    while (kept().length > limits.maxJobs || (this.bytes() > limits.maxBytes && kept().length > 0)) release(kept()[0]);
    this.entries = this.entries.filter((entry) => !entry.released || Number(entry.job.expiresAt) + limits.rememberMs > now);
    return released;
  }
}
