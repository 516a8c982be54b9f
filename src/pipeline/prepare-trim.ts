/** Drops the oldest turns of a conversation that its backend found too long. */
import type { ErrorDetails } from '../core/errors.ts';
import type { ChatRequest } from '../core/request.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';
import { editJson } from '../util/json-edit.ts';

export interface Shorter {
  readonly request: ChatRequest;
  readonly droppedMessages: number;
}

/** Part of the context that the prompt may take; the rest is for the answer (contract proxy 2.7). */
const promptShare = 0.75;
/** What is kept when the backend did not say how long its context is. */
const blindShare = 0.5;

/**
 * As many whole turns as must go, the oldest first; a turn is what a user said and everything up to what he said next, so
 * that calls go with their results. System messages and the last turn stay. Null when there is nothing to drop.
 */
export function withoutOldestTurns(request: ChatRequest, overflow: ErrorDetails['overflow']): Shorter | null {
  const turns = turnsOf(request.messages);
  if (turns.length < 2) return null;
  let excess = estimateTokens(request) - allowedTokens(request, overflow);
  let drop = 0;
  do {
    excess -= turnTokens(request, turns[drop] ?? []);
    drop += 1;
  } while (excess > 0 && drop < turns.length - 1);
  const dropped = new Set(turns.slice(0, drop).flat());
  const messages = request.messages.filter((_, index) => !dropped.has(index));
  return { request: { ...request, messages, wire: shorterWire(request.wire, drop, turns.length) }, droppedMessages: dropped.size };
}

/** How long the prompt may be by our own count, which is scaled to the backend's where it told both. */
function allowedTokens(request: ChatRequest, overflow: ErrorDetails['overflow']): number {
  const estimated = estimateTokens(request);
  const { promptTokens, contextTokens } = overflow ?? {};
  if (contextTokens === undefined) return estimated * blindShare;
  if (promptTokens !== undefined && promptTokens > 0) return estimated * Math.min(1, (contextTokens * promptShare) / promptTokens);
  return Math.min(estimated, contextTokens) * promptShare;
}

function turnTokens({ messages, ...rest }: ChatRequest, turn: readonly number[]): number {
  return estimateTokens({ ...rest, tools: [], messages: messages.filter((_, index) => turn.includes(index)) });
}

interface Item {
  readonly type?: unknown;
  readonly role?: unknown;
  readonly content?: unknown;
}

/** Positions of the messages of each turn, without those of system messages; what comes before the first user is a turn too. */
function turnsOf(items: readonly Item[]): readonly (readonly number[])[] {
  const turns: number[][] = [];
  let afterResult = false;
  for (const [index, item] of items.entries()) {
    if (item.role === 'system' || item.role === 'developer') continue;
    const result = isResult(item);
    if (turns.length === 0 || (item.role === 'user' && !result && !afterResult)) turns.push([]);
    turns.at(-1)?.push(index);
    afterResult = result;
  }
  return turns;
}

/** A tool's result, as a message of its own or within a user's. */
function isResult({ type, role, content }: Item): boolean {
  if (role === 'tool' || role === 'function' || (typeof type === 'string' && type.endsWith('_output'))) return true;
  return Array.isArray(content) && content.some((part: { readonly type?: unknown } | null) => part?.type === 'tool_result');
}

/** The same turns out of the body, whichever dialect it is; a body that does not hold the whole conversation stays. */
function shorterWire(wire: string, drop: number, count: number): string {
  const body = JSON.parse(wire) as Readonly<Record<string, unknown>>;
  const key = ['messages', 'input'].find((one) => Array.isArray(body[one]));
  const turns = key === undefined ? [] : turnsOf(body[key] as readonly Item[]);
  if (key === undefined || turns.length !== count) return wire;
  return editJson(wire, turns.slice(0, drop).flat().map((index) => ({ path: [key, index], change: { kind: 'remove' } })));
}
