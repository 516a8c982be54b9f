/** Finds the dialect in which a request can be put to a backend. */
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceDialect, Target, WireCall } from '../dialects/dialect.ts';

type Dialects = ReadonlyMap<string, InferenceDialect>;

/** The lists of what is spoken are few and never change, so what follows from one is kept with it. */
const known = new WeakMap<readonly string[], Map<string, InferenceDialect | null>>();

/**
 * The caller's own dialect when the backend speaks it, else the backend's best of the same task, for raw prompts one that
 * carries them. Null when there is none.
 */
export function dialectFor(caller: InferenceDialect, request: InferenceRequest, speaks: readonly string[], dialects: Dialects): InferenceDialect | null {
  const raw = request.task === 'chat' && request.raw !== undefined;
  const key = raw ? `${caller.id} raw` : caller.id;
  let byCaller = known.get(speaks);
  if (byCaller === undefined) {
    byCaller = new Map();
    known.set(speaks, byCaller);
  }
  const before = byCaller.get(key);
  if (before !== undefined) return before;
  const found = search(caller, raw, speaks, dialects);
  byCaller.set(key, found);
  return found;
}

/** Has the dialect words for what the target asks beyond the request itself? */
export function canSay(dialect: InferenceDialect, { refuseLong, saysContext }: Target): boolean {
  return (refuseLong !== true || dialect.refusesLong === true) && (saysContext !== true || dialect.saysContext === true);
}

/** The request in a dialect that has words for what the target asks: to refuse a prompt that is too long, which context to keep; null when it has none that can say this request. */
export function strictCall(request: InferenceRequest, target: Target, speaks: readonly string[], dialects: Dialects): { readonly dialect: InferenceDialect; readonly call: WireCall } | null {
  for (const id of speaks) {
    const dialect = dialects.get(id);
    if (dialect?.task !== request.task || !canSay(dialect, target)) continue;
    try {
      return { dialect, call: dialect.encodeRequest(request, target) };
    } catch {
      // It cannot say something else that was asked: another one may.
    }
  }
  return null;
}

function search(caller: InferenceDialect, raw: boolean, speaks: readonly string[], dialects: Dialects): InferenceDialect | null {
  if (speaks.includes(caller.id)) return caller;
  for (const id of speaks) {
    const dialect = dialects.get(id);
    if (dialect?.task === caller.task && (!raw || dialect.raw === true)) return dialect;
  }
  return null;
}
