/** Puts together how several backends did. Pure. */
import type { ModelAction } from './fleet.ts';
import type { Result } from './model-calls.ts';

export interface Report {
  /** 200 when all did it, 207 when some did, else the worst of their own. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `statuses` are those of the backends that failed. */
export function reportOf(action: ModelAction, results: readonly Result[], statuses: readonly number[]): Report {
  const failed = results.filter((result) => result.status === 'failed');
  if (failed.length === 0) return { status: 200, body: { status: 'success', results } };
  const error = `${action} failed on ${failed.length} of ${results.length} backends: ${failed.map((one) => `${one.backend}: ${one.error ?? 'it did not say why'}`).join('; ')}`;
  if (failed.length < results.length) return { status: 207, body: { status: 'partial', error, results } };
  return { status: Math.max(...statuses, 400), body: { error, results } };
}
