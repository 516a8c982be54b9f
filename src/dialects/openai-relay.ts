/** How answers of OpenAI's chat and completions APIs are passed on unread. */
import { readOpenAiReason, readOpenAiUsage } from './openai-usage.ts';
import type { RelayRules } from './relay.ts';
import { isObject } from '../util/json-object.ts';

export const openAiRelayRules: RelayRules = {
  telling: /"error"|"finish_reason"\s*:\s*"|"(?:usage|timings)"\s*:\s*\{|\[DONE\]/,
  beginning: /^data:/m,
  payloadOf: (line) => (line.startsWith('data:') ? line.slice(5).trim() : null),
  endMark: '[DONE]',
  finishReason: (value) => {
    const choices = Array.isArray(value.choices) ? value.choices.filter(isObject) : [];
    return choices.map((choice) => readOpenAiReason(choice.finish_reason)).find((reason) => reason !== null) ?? null;
  },
  usage: readOpenAiUsage,
  thoughtChars: (value) => {
    const [choice] = Array.isArray(value.choices) ? value.choices : [];
    const message = isObject(choice) && isObject(choice.message) ? choice.message : {};
    const thought = message.reasoning ?? message.reasoning_content;
    return typeof thought === 'string' ? thought.length : 0;
  },
};

/** What closes the event that was written last: nothing when a blank line did. */
export function closingEvent(tail: string): string {
  if (tail === '' || /\n\r?\n$/.test(tail)) return '';
  return tail.endsWith('\n') ? '\n' : '\n\n';
}
