/** Which finished jobs lose their request and result now: the one rule of every driver. */
import type { JobLimits } from './store.ts';

/** A finished job whose request and result are still kept. */
export interface KeptJob<Key> {
  readonly key: Key;
  readonly bytes: number;
  readonly expiresAt: number;
}

/**
 * Keys to release, out of `finished` (oldest end first): those over their time, then the oldest until
 * at most `maxJobs` are kept and `totalBytes` (all jobs, waiting ones included) is at most `maxBytes`.
 */
export function chooseReleases<Key>(finished: readonly KeptJob<Key>[], totalBytes: number, now: number, limits: JobLimits): Key[] {
  const overTime = finished.filter((job) => job.expiresAt <= now);
  const rest = finished.filter((job) => job.expiresAt > now);
  let bytes = totalBytes - overTime.reduce((sum, job) => sum + job.bytes, 0);
  let kept = rest.length;
  const evicted = [];
  for (const job of rest) {
    if (kept <= limits.maxJobs && bytes <= limits.maxBytes) break;
    evicted.push(job);
    kept -= 1;
    bytes -= job.bytes;
  }
  return [...overTime, ...evicted].map((job) => job.key);
}

/** How many released ids may be remembered at most, so that a busy router cannot fill the disk with them. */
export function maxRemembered(limits: JobLimits): number {
  return Math.max(1_000, limits.maxJobs * 10);
}

/** Size of a text as it is counted against `maxBytes`: its UTF-8 bytes. */
export function textBytes(text: string | null | undefined): number {
  return text ? Buffer.byteLength(text) : 0;
}
