/** Gives models that think before they answer room for both. Pure. */
import type { ChatRequest } from '../core/request.ts';

export interface ThinkingBudget {
  /** How many times a caller's limit; 0: limits are left as they are. */
  readonly factor: number;
  /** The least that a raised limit comes to. */
  readonly minTokens: number;
}

/**
 * The limit of an answer that thinking would eat up, raised; undefined when it is to stay: nothing limits the answer, the
 * model does not think, or the caller said something of thinking and so has reckoned with it. Never beyond what the context
 * can hold.
 */
export function raisedLimit({ sampling, reasoning }: ChatRequest, thinks: boolean, { factor, minTokens }: ThinkingBudget, context: number | undefined): number | undefined {
  const asked = sampling.maxTokens;
  if (!thinks || factor <= 0 || asked === undefined || asked <= 0 || reasoning !== undefined) return undefined;
  const raised = Math.min(Math.max(Math.round(asked * factor), minTokens), Math.max(asked, context ?? Number.POSITIVE_INFINITY));
  return raised > asked ? raised : undefined;
}
