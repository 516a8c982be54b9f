/** An answer as the message that later requests go on from. */
import type { Message, ToolCall } from '../core/request.ts';

export interface AnswerParts {
  text: string;
  reasoning: string;
  readonly calls: ToolCall[];
}

export function answerMessage({ text, reasoning, calls }: AnswerParts): Message {
  return {
    role: 'assistant',
    content: text === '' ? [] : [{ type: 'text', text }],
    ...(reasoning === '' ? {} : { reasoning }),
    ...(calls.length === 0 ? {} : { toolCalls: calls }),
  };
}
