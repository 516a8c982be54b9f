/** Puts what went before into a request's messages: a whole conversation, or parts of earlier answers named by id. */
import { RouterError } from '../core/errors.ts';
import type { Message } from '../core/request.ts';

/** What came before stands behind the instructions of this request, of which there are `passing`, and before all else. */
export function joinConversation(messages: readonly Message[], passing: number, before: readonly Message[]): readonly Message[] {
  const names = new Map(before.flatMap((message) => message.toolCalls ?? []).map((call) => [call.id, call.name]));
  const after = messages.slice(passing).map((message) => withToolName(message, names));
  return [...messages.slice(0, passing), ...before, ...after];
}

/** A result names its tool, which some backends need, where only the earlier answer tells it. */
function withToolName(message: Message, names: ReadonlyMap<string, string>): Message {
  if (message.role !== 'tool' || message.toolName !== undefined) return message;
  const toolName = names.get(message.toolCallId ?? '');
  return toolName === undefined ? message : { ...message, toolName };
}

/** What a dialect reads of an `item_reference`: which answer is meant, and what of it. */
interface Reference {
  /** As the caller wrote it. */
  readonly id: string;
  readonly answerId: string;
  readonly part: 'reasoning' | 'text' | 'call';
  /** Which call of the answer. */
  readonly position: number;
}

/** `find` gives the answer of an id. Parts of one answer that are named one after the other become one message again. Rejects with `not_found` for what is not there. */
export async function fillReferences(messages: readonly Message[], find: (answerId: string) => Promise<Message | null>): Promise<readonly Message[]> {
  const filled: Message[] = [];
  let run: { readonly answerId: string; readonly answer: Message; message: Message } | null = null;
  for (const message of messages) {
    const reference = referenceOf(message);
    if (reference === null) {
      run = null;
      filled.push(message);
      continue;
    }
    const { answerId } = reference;
    if (run === null || run.answerId !== answerId) run = { answerId, answer: (await find(answerId)) ?? notThere(reference.id), message: { role: 'assistant', content: [] } };
    else filled.pop();
    run.message = withPart(run.message, run.answer, reference);
    filled.push(run.message);
  }
  const names = new Map(filled.flatMap((message) => message.toolCalls ?? []).map((call) => [call.id, call.name]));
  return filled.map((message) => withToolName(message, names));
}

function referenceOf(message: Message): Reference | null {
  for (const part of message.content) {
    if (part.type === 'other' && part.kind === 'item_reference') return part.value as Reference;
  }
  return null;
}

function withPart(message: Message, answer: Message, { part, position, id }: Reference): Message {
  if (part === 'text') return { ...message, content: answer.content };
  if (part === 'reasoning') return answer.reasoning === undefined ? message : { ...message, reasoning: answer.reasoning };
  const call = answer.toolCalls?.[position] ?? notThere(id);
  return { ...message, toolCalls: [...(message.toolCalls ?? []), call] };
}

function notThere(id: string): never {
  throw new RouterError('not_found', `There is no item ${id} to refer to: its answer was not stored, was deleted, or is gone. Send the item itself in \`input\`.`, { param: 'input' });
}
