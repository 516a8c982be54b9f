/** Takes from a request the text that tells what it is about, within a bound. */
import type { ChatRequest, Message } from '../core/request.ts';

const headChars = 3000;
const tailChars = 1500;

/** The last message of the user; empty when there is none. Of a long one the beginning and the end, where instructions stand. */
export function lastUserText(request: ChatRequest): string {
  const last = request.messages.findLast((message) => message.role === 'user' && message.content.some((part) => part.type === 'text'));
  return last === undefined ? '' : ends(last, headChars, tailChars);
}

/** What went before the last user message: of each message the first characters, the latest messages first. */
export function earlierText(request: ChatRequest, role: Message['role'], chars: number): string {
  const last = request.messages.findLastIndex((message) => message.role === 'user');
  const pieces: string[] = [];
  let left = chars;
  for (let index = request.messages.length - 1; index >= 0 && left > 0; index--) {
    const message = request.messages[index];
    if (index === last || message?.role !== role) continue;
    const piece = ends(message, left, 0);
    left -= piece.length;
    pieces.push(piece);
  }
  return pieces.join('\n');
}

function ends(message: Message, head: number, tail: number): string {
  const texts = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const [only = ''] = texts;
  const text = texts.length === 1 ? only : texts.join('\n');
  if (text.length <= head + tail) return text;
  return tail === 0 ? text.slice(0, head) : `${text.slice(0, head)}\n${text.slice(-tail)}`;
}
