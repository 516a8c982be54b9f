/** What a model said, put together from the bytes that a caller of any API was sent. Pure. */
import { isObject, type JsonObject, parseObject } from '../util/json-object.ts';

export interface AnswerText {
  readonly text: string;
  readonly reasoning: string;
  /** Names and arguments of the calls it asked for, as it wrote them. */
  readonly toolCalls: string;
}

type Fields = JsonObject;
type Parts = { text: string; reasoning: string; toolCalls: string };

/** Null when there is nothing of a text in it: vectors, pictures, errors. */
export function answerText(wire: string): AnswerText | null {
  const parts: Parts = { text: '', reasoning: '', toolCalls: '' };
  const pieces = piecesOf(wire);
  for (const piece of pieces) take(parts, piece, pieces.length > 1);
  return parts.text === '' && parts.reasoning === '' && parts.toolCalls === '' ? null : parts;
}

/** One JSON, lines of it, or the data of events. */
function piecesOf(wire: string): readonly Fields[] {
  const whole = fieldsIn(wire);
  if (whole !== null) return [whole];
  return wire.split('\n').map((line) => fieldsIn(line.replace(/^data:\s*/, ''))).filter((piece) => piece !== null);
}

function take(parts: Parts, piece: Fields, streamed: boolean): void {
  const [choice] = listOf(piece['choices']);
  const event = textOf(piece['type']);
  if (choice !== undefined) takeMessage(parts, fieldsOf(choice['delta']) ?? fieldsOf(choice['message']) ?? { content: choice['text'] });
  else if (fieldsOf(piece['message']) !== null && event === '') takeMessage(parts, fieldsOf(piece['message']) ?? {});
  else if (event === 'content_block_delta') takeDelta(parts, fieldsOf(piece['delta']) ?? {});
  else if (event === 'content_block_start') takeBlock(parts, fieldsOf(piece['content_block']) ?? {});
  else if (event === 'response.output_text.delta') parts.text += textOf(piece['delta']);
  else if (event.startsWith('response.reasoning') && event.endsWith('.delta')) parts.reasoning += textOf(piece['delta']);
  else if (event === 'response.function_call_arguments.delta') parts.toolCalls += textOf(piece['delta']);
  else if (!streamed && Array.isArray(piece['output'])) for (const item of listOf(piece['output'])) takeItem(parts, item);
  else if (!streamed && event === 'message') for (const block of listOf(piece['content'])) takeBlock(parts, block);
  else if (event === '') takeMessage(parts, { content: piece['response'], thinking: piece['thinking'] });
}

/** Of OpenAI's chat and of Ollama's. */
function takeMessage(parts: Parts, message: Fields): void {
  parts.text += textOf(message['content']);
  parts.reasoning += textOf(message['reasoning_content']) || textOf(message['reasoning']) || textOf(message['thinking']);
  for (const call of listOf(message['tool_calls'])) takeCall(parts, fieldsOf(call['function']) ?? {});
}

function takeCall(parts: Parts, { name, arguments: written, input }: Fields): void {
  const told = written ?? input;
  const callName = textOf(name);
  if (callName !== '') parts.toolCalls += `${parts.toolCalls === '' ? '' : '\n'}${callName} `;
  parts.toolCalls += typeof told === 'string' ? told : told === undefined || isEmpty(told) ? '' : JSON.stringify(told);
}

/** Of Anthropic's messages. */
function takeDelta(parts: Parts, delta: Fields): void {
  parts.text += textOf(delta['text']);
  parts.reasoning += textOf(delta['thinking']);
  parts.toolCalls += textOf(delta['partial_json']);
}

function takeBlock(parts: Parts, block: Fields): void {
  takeDelta(parts, block);
  if (block['type'] === 'tool_use') takeCall(parts, block);
}

/** Of OpenAI's responses. */
function takeItem(parts: Parts, item: Fields): void {
  if (item['type'] === 'function_call') return takeCall(parts, item);
  const reasoning = item['type'] === 'reasoning';
  for (const part of [...listOf(item['content']), ...listOf(item['summary'])]) parts[reasoning ? 'reasoning' : 'text'] += textOf(part['text']);
}

function fieldsIn(text: string): Fields | null {
  return text.trimStart().startsWith('{') ? parseObject(text) : null;
}

function fieldsOf(value: unknown): Fields | null {
  return isObject(value) ? value : null;
}

function listOf(value: unknown): readonly Fields[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.map(fieldsOf).filter((item) => item !== null);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
