/** A caller who listens to an event stream without a socket: reads as slowly as a test wants, and may leave. */
import type { Exchange } from '../../src/http/http.ts';
import type { Reply } from '../../src/pipeline/pipeline.ts';

export class FakeListener implements Reply {
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  readonly written: string[] = [];
  ending: 'open' | 'ended' | 'destroyed' = 'open';
  /** While true, nothing more than what was written is taken. */
  slow = false;
  readonly #left = new AbortController();
  #drained: (() => void) | null = null;

  get headSent(): boolean {
    return this.status !== 0;
  }

  /** Only what an event stream looks at. */
  exchange(method = 'GET', mayStay?: Exchange['mayStay']): Exchange {
    return { method, reply: this, signal: this.#left.signal, mayStay } as unknown as Exchange;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.status = status;
    this.headers = headers;
  }

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    this.written.push(String(bytes));
    return this.slow ? new Promise((resolve) => (this.#drained = resolve)) : undefined;
  }

  end(): void {
    this.ending = 'ended';
  }

  destroy(): void {
    this.ending = 'destroyed';
  }

  /** Reads what is there. */
  drain(): void {
    this.slow = false;
    this.#drained?.();
  }

  leave(): void {
    this.#left.abort();
    this.#drained?.();
  }
}
