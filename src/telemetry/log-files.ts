/** The log in files of a day each: `oar.jsonl` is today's, yesterday's ends in its date (UTC), and the oldest go. */
import { createWriteStream, type Dirent, mkdirSync, readdirSync, renameSync, rmSync, statSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../util/error-code.ts';

export interface LogFileOptions {
  readonly folder: string;
  /** Days kept beside today's. */
  readonly keepDays: number;
  /** Epoch milliseconds. */
  now(): number;
  /** Told once for each time that the log cannot be written; the router goes on without. */
  failed(problem: string): void;
}

const fileName = 'oar.jsonl';
/** A folder that cannot be written is tried again after a while: disks are emptied, mounts come back. */
const retryMs = 60_000;

export class LogFiles {
  readonly #options: LogFileOptions;
  #stream: WriteStream | null = null;
  #day = '';
  #retryAt = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** Whole lines. Never throws. */
  write(lines: Uint8Array): void {
    const now = this.#options.now();
    if (this.#stream === null && now < this.#retryAt) return;
    try {
      const day = dayOf(now);
      if (this.#stream === null || day !== this.#day) this.#open(day);
      this.#stream?.write(lines);
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  /** What was written reaches the file before the process ends. */
  close(): void {
    this.#stream?.end();
    this.#stream = null;
  }

  #open(day: string): void {
    const { folder } = this.#options;
    this.close();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, fileName);
    putAside(path, day);
    this.#prune();
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    stream.on('error', (thrown) => {
      if (stream === this.#stream) this.#broken(thrown);
    });
    this.#stream = stream;
    this.#day = day;
  }

  #broken(thrown: unknown): void {
    const { folder, now, failed } = this.#options;
    this.#stream?.destroy();
    this.#stream = null;
    this.#retryAt = now() + retryMs;
    failed(`The log cannot be written to ${folder} (${errorCode(thrown) ?? String(thrown)}); it is tried again in a minute. Set telemetry.logDir to a folder that can be written, or to none.`);
  }

  #prune(): void {
    const { folder, keepDays } = this.#options;
    const old = readdirSync(folder, { withFileTypes: true }).filter(isOfAnEarlierDay).map(({ name }) => name);
    for (const name of old.sort().slice(0, Math.max(0, old.length - keepDays))) rmSync(join(folder, name), { force: true });
  }
}

function isOfAnEarlierDay(entry: Dirent): boolean {
  return entry.isFile() && /^oar\.jsonl\.\d{4}-\d\d-\d\d$/.test(entry.name);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The file of an earlier day gets that day's name. Another router in the same folder may have done it already. */
function putAside(path: string, today: string): void {
  const written = statSync(path, { throwIfNoEntry: false });
  if (written === undefined) return;
  const day = dayOf(written.mtimeMs);
  const aside = `${path}.${day}`;
  if (day < today && statSync(aside, { throwIfNoEntry: false }) === undefined) renameSync(path, aside);
}
