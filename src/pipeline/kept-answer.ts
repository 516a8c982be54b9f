/** How an answer and all that went before it are written down: a line that lists may show, and the conversation behind it. */
import type { Owner, Plane } from '../core/principal.ts';
import type { Message } from '../core/request.ts';

/** What lists may show. */
export interface KeptHead extends Owner {
  readonly plane: Plane;
  /** Null, as `createdAt`: an earlier version wrote it and did not say. */
  readonly model: string | null;
  /** Epoch milliseconds. */
  readonly createdAt: number | null;
}

/** One answer with all that went before it. */
export interface KeptConversation {
  /** The answer is the last one. */
  readonly messages: readonly Message[];
  readonly answer: string;
}

/** Enough for every first line. */
export const headChars = 1_000;

export function writeKept(head: KeptHead, conversation: KeptConversation): string {
  // JSON holds no line end of its own.
  return `${JSON.stringify(head)}\n${JSON.stringify(conversation)}`;
}

export function readKept(text: string): { readonly head: KeptHead; readonly conversation: KeptConversation } {
  const head = readHead(text);
  // Only `writeKept` and its forerunner write these texts.
  return { head, conversation: JSON.parse(text.slice(text.indexOf('\n') + 1)) as KeptConversation };
}

/** From the beginning of the text alone. */
export function readHead(beginning: string): KeptHead {
  const end = beginning.indexOf('\n');
  if (end >= 0) return JSON.parse(beginning.slice(0, end)) as KeptHead;
  const owner = /^\{"owner":("(?:[^"\\]|\\.)*")/.exec(beginning)?.[1];
  return { principalId: owner === undefined ? '' : (JSON.parse(owner) as string), plane: 'standalone', model: null, createdAt: null };
}
