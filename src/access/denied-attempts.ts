/** Thins out denied attempts: of each address some a minute are told one by one, the rest as a number, so that nobody can fill the disk. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { AuditEntry } from './access.ts';

type Attempt = Omit<AuditEntry, 'id'>;

const windowMs = 60_000;
const toldPerAddress = 10;
/** Addresses told apart in one minute; further ones share one number. */
const mostAddresses = 50;

interface Count {
  told: number;
  silent: number;
  last: Attempt;
}

export class DeniedAttempts {
  readonly #clock: Clock;
  readonly #tell: (attempt: Attempt) => void;
  readonly #counts = new Map<string, Count>();
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, tell: (attempt: Attempt) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(attempt: Attempt): void {
    this.#cancel ??= this.#clock.after(windowMs, () => this.close());
    const count = this.#countOf(attempt);
    count.last = attempt;
    if (count.told < toldPerAddress) {
      count.told += 1;
      this.#tell(attempt);
    } else count.silent += 1;
  }

  /** Tells the numbers; the minute is over. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    for (const { last, silent } of counts) if (silent > 0) this.#tell({ ...last, count: silent });
  }

  #countOf(attempt: Attempt): Count {
    const address = this.#counts.has(attempt.remoteIp) || this.#counts.size < mostAddresses ? attempt.remoteIp : 'others';
    const known = this.#counts.get(address);
    if (known !== undefined) return known;
    const created = { told: 0, silent: 0, last: attempt };
    this.#counts.set(address, created);
    return created;
  }
}
