/** What a request may say of the context it needs, so that it does not reload a model that others use. Pure. */

export type ContextMode = 'pin' | 'strip' | 'warn' | 'passthrough';

/** One request and one place that could serve it; all in tokens. */
export interface ContextFacts {
  /** What the caller asked for. */
  readonly asked?: number;
  /** What the router would ask for where the caller says nothing: a setting of the model. */
  readonly preset?: number;
  /** What the model is in memory with; absent: it is not, or nobody knows. */
  readonly resident?: number;
  /** What its server loads it with when a request names none; absent: not learned yet. */
  readonly usual?: number;
}

/** A number: say that. Null: take out what the caller said. Undefined: leave it as it is. */
export type ContextSent = number | null | undefined;

/**
 * `pin` says what the model is in memory with, since a smaller value reloads it as much as a larger one does, and so may none
 * at all; only what needs more is left to load it anew. `strip` takes a value out that asks for no more than there is.
 */
export function contextSent(mode: ContextMode, { asked, preset, resident, usual }: ContextFacts): ContextSent {
  if (resident === undefined || mode === 'warn' || mode === 'passthrough') return asked === undefined ? preset : undefined;
  const wanted = asked ?? preset;
  if (wanted !== undefined && wanted > resident) return asked === undefined ? wanted : undefined;
  if (mode === 'strip') return asked === undefined ? undefined : null;
  return (asked ?? usual) === resident ? undefined : resident;
}

/** Would this request, sent as its caller wrote it, reload a model that is in memory with enough for it? */
export function reloadsByAccident({ asked, resident, usual }: ContextFacts): boolean {
  if (resident === undefined) return false;
  return asked === undefined ? usual !== undefined && usual !== resident : asked < resident;
}
