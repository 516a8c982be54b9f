/** A Reply that keeps the answer in memory: where a job's answer goes. */
import type { RouterError } from '../core/errors.ts';
import type { Reply } from '../pipeline/pipeline.ts';
import { joinText } from '../util/join-bytes.ts';

export class BufferReply implements Reply {
  headSent = false;
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  error: RouterError | null = null;
  readonly #pieces: (string | Uint8Array)[] = [];

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.headSent = true;
    this.status = status;
    this.headers = headers;
  }

  write(bytes: string | Uint8Array): undefined {
    this.#pieces.push(bytes);
  }

  end(bytes?: string | Uint8Array): void {
    if (bytes !== undefined) this.write(bytes);
  }

  destroy(): void {}

  failed(error: RouterError): void {
    this.error = error;
  }

  text(): string {
    return joinText(this.#pieces);
  }
}
