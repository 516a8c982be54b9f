/** What a whole answer came to, for the head that goes before it (contract fleet part 1.4). */
import type { FinishReason, StreamPart, Usage } from '../core/stream.ts';
import { tokensOfChars } from '../util/estimate-tokens.ts';

const reasonWords: Readonly<Record<FinishReason, string>> = { stop: 'stop', length: 'length', 'tool-calls': 'tool_calls', 'content-filter': 'content_filter', other: 'other' };

export class AnswerFigures {
  usage: Usage = {};
  #reason: FinishReason | null = null;
  #textChars = 0;
  #thoughtChars = 0;

  take(part: StreamPart): void {
    if (part.type === 'text-delta') this.#textChars += part.text.length;
    else if (part.type === 'reasoning-delta') this.#thoughtChars += part.text.length;
    else if (part.type === 'finish') {
      this.usage = part.usage;
      this.#reason = part.reason;
      this.#thoughtChars += part.thoughtChars ?? 0;
    }
  }

  /** `limit`: the most tokens that the answer was allowed. Counts are the backend's, or estimates where it does not part thinking from the rest. */
  headers(limit: number | undefined): Record<string, string> {
    const { completionTokens } = this.usage;
    const thinking = this.usage.reasoningTokens ?? Math.min(tokensOfChars(this.#thoughtChars), completionTokens ?? Number.POSITIVE_INFINITY);
    const output = completionTokens === undefined ? tokensOfChars(this.#textChars) : Math.max(0, completionTokens - thinking);
    return {
      'x-thinking-tokens': String(thinking),
      'x-output-tokens': String(output),
      ...(this.#reason === null ? {} : { 'x-done-reason': reasonWords[this.#reason] }),
      ...(limit === undefined || limit <= 0 || completionTokens === undefined ? {} : { 'x-budget-used': `${completionTokens}/${limit}` }),
    };
  }
}
