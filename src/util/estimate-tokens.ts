/** Guesses how many tokens a prompt has, before any model counted them. */
import type { ChatRequest, ContentPart, InferenceRequest } from '../core/request.ts';

export const charsPerToken = 4;
const imageTokens = 800;

/** A token has four characters as a rule. */
export function tokensOfChars(chars: number): number {
  return Math.ceil(chars / charsPerToken);
}

/** A quarter of all characters that the model reads, and 800 an image. */
export function estimateTokens(request: InferenceRequest): number {
  switch (request.task) {
    case 'chat':
      return chatTokens(request);
    case 'embedding':
      return tokensOfChars(request.inputs.reduce((chars, input) => chars + input.length, 0));
    case 'rerank':
    case 'image':
    case 'speech':
    case 'transcription':
    case 'image-embedding':
      return tokensOfChars(request.text.length);
    default:
      return request satisfies never;
  }
}

/** Messages, tool calls, tool descriptions. */
function chatTokens(request: ChatRequest): number {
  let chars = toolChars(request) + (request.raw?.suffix?.length ?? 0);
  let images = 0;
  for (const message of request.messages) {
    chars += message.reasoning?.length ?? 0;
    for (const part of message.content) {
      if (part.type === 'text') chars += part.text.length;
      else if (isImage(part)) images += 1;
    }
    for (const call of message.toolCalls ?? []) chars += call.name.length + call.arguments.length;
  }
  return tokensOfChars(chars) + imageTokens * images;
}

export function isImage(part: ContentPart): boolean {
  return part.type === 'image' || part.type === 'image-url';
}

function toolChars(request: ChatRequest): number {
  if (request.tools.length === 0) return 0;
  try {
    return JSON.stringify(request.tools).length;
  } catch {
    // Nested deeper than the call stack: the body itself is the safe guess.
    return request.wire.length;
  }
}
