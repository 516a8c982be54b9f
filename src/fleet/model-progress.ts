/** Follows the progress that a backend reports in lines, and tells whether it came to its end. */
import type { UpstreamAnswer } from '../backends/backend.ts';
import { toRouterError } from '../core/errors.ts';
import { LineSplitter } from '../util/line-splitter.ts';
import { fieldsIn } from './model-calls.ts';

export type ProgressEnd = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** The last line of a complete stream says that it was a success, or an error. */
class ProgressLines {
  readonly #splitter = new LineSplitter();
  #ended: ProgressEnd | null = null;

  push(chunk: Uint8Array): readonly string[] {
    const lines = this.#splitter.push(chunk).filter((line) => line.trim() !== '');
    for (const line of lines) this.#look(line);
    return lines;
  }

  /** What came after the last line end. */
  rest(): string {
    const rest = this.#splitter.rest();
    if (rest !== '') this.#look(rest);
    return rest;
  }

  /** Null: neither was said. */
  get ended(): ProgressEnd | null {
    return this.#ended;
  }

  #look(line: string): void {
    const fields = fieldsIn(line);
    if (typeof fields?.['error'] === 'string') this.#ended = { ok: false, error: fields['error'] };
    else this.#ended = fields?.['status'] === 'success' ? { ok: true } : null;
  }
}

/** The bytes as they come. When the stream breaks, or ends without having said how it went, a last line says so. `over` hears how it ended. */
export async function* relayProgress(backendId: string, answer: UpstreamAnswer, first: readonly Uint8Array[], over: (end: ProgressEnd) => void): AsyncGenerator<Uint8Array> {
  const lines = new ProgressLines();
  let broken: string | null = null;
  try {
    for (let chunks: readonly Uint8Array[] | null = first; chunks !== null; chunks = await answer.body.read()) {
      for (const chunk of chunks) {
        lines.push(chunk);
        yield chunk;
      }
    }
  } catch (thrown) {
    broken = breakOf(thrown);
  } finally {
    answer.body.cancel?.();
  }
  const rest = lines.rest();
  const end = endOf(backendId, broken, lines);
  over(end);
  if (lines.ended === null || broken !== null) yield Buffer.from(`${rest === '' ? '' : '\n'}${JSON.stringify({ error: end.ok ? '' : end.error, code: 'stream_interrupted' })}\n`);
}

/** Each line with the backend's id in it; the one that tells of an error is left out, `over` hears of it. */
export async function* namedProgress(backendId: string, answer: UpstreamAnswer, over: (end: ProgressEnd) => void): AsyncGenerator<string> {
  const lines = new ProgressLines();
  let broken: string | null = null;
  try {
    for (let chunks = await answer.body.read(); chunks !== null; chunks = await answer.body.read()) {
      for (const chunk of chunks) for (const line of lines.push(chunk)) yield* named(line, backendId);
    }
    yield* named(lines.rest(), backendId);
  } catch (thrown) {
    broken = breakOf(thrown);
  } finally {
    answer.body.cancel?.();
  }
  over(endOf(backendId, broken, lines));
}

function* named(line: string, backend: string): Generator<string> {
  const fields = fieldsIn(line);
  if (fields !== null && typeof fields['error'] !== 'string') yield `${JSON.stringify({ ...fields, backend })}\n`;
}

/** What the caller ended is thrown on. */
function breakOf(thrown: unknown): string {
  const error = toRouterError(thrown);
  if (error.code === 'cancelled') throw error;
  return `It broke off: ${error.message}`;
}

function endOf(backendId: string, broken: string | null, lines: ProgressLines): ProgressEnd {
  if (broken !== null) return { ok: false, error: broken };
  return lines.ended ?? { ok: false, error: `Backend ${backendId} ended before it was done.` };
}

/** The lines of several sources as they come; each source waits until its line was taken. */
export async function* interleaved(sources: readonly AsyncIterable<string>[]): AsyncGenerator<string> {
  const waiting: { readonly line: string; readonly taken: () => void }[] = [];
  let wake = (): void => {};
  let open = sources.length;
  let closed = false;
  let failure: unknown;
  const follow = async (source: AsyncIterable<string>): Promise<void> => {
    try {
      for await (const line of source) {
        if (closed) return;
        await new Promise<void>((taken) => {
          waiting.push({ line, taken });
          wake();
        });
      }
    } catch (thrown) {
      failure ??= thrown;
    } finally {
      open -= 1;
      wake();
    }
  };
  for (const source of sources) void follow(source);
  try {
    while (open > 0 || waiting.length > 0) {
      const next = waiting.shift();
      if (next !== undefined) {
        yield next.line;
        next.taken();
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    closed = true;
    for (const { taken } of waiting.splice(0)) taken();
  }
  if (failure !== undefined) throw failure;
}
