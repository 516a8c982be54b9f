/** Remembers when models left the memory of their servers: their files are likely to be in the machine's file cache still. */
import type { BackendReport } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';

/** Afterwards a model counts as any other on disk (contract fleet part 2.2). */
const rememberMs = 1_800_000;

export class LastLoaded {
  readonly #byBackend = new Map<string, Map<string, number>>();

  /** Of two reports that follow each other; `at` is when the later one came. */
  compare(backendId: string, before: BackendReport | null, after: BackendReport, at: number): void {
    const gone = new Map(this.#byBackend.get(backendId));
    for (const [key, since] of gone) if (at - since >= rememberMs) gone.delete(key);
    const now = loadedIn(after);
    for (const key of loadedIn(before)) if (!now.has(key)) gone.set(key, at);
    for (const key of now) gone.delete(key);
    if (gone.size === 0) this.#byBackend.delete(backendId);
    else this.#byBackend.set(backendId, gone);
  }

  /** Epoch milliseconds; undefined for one that is in memory, or has not been for long. */
  leftAt(backendId: string, model: string): number | undefined {
    return this.#byBackend.get(backendId)?.get(modelKey(model));
  }

  forgetAll(backendId: string): void {
    this.#byBackend.delete(backendId);
  }

  /** It is in memory again, or gone for good. */
  forget(backendId: string, model: string): void {
    this.#byBackend.get(backendId)?.delete(modelKey(model));
  }
}

function loadedIn(report: BackendReport | null): ReadonlySet<string> {
  return new Set((report?.resident ?? []).flatMap((one) => (one.sleeping === true ? [] : [modelKey(one.name)])));
}
