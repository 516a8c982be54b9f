/** Gathers the parts of an answer that is written in one piece. */
import type { StreamPart, TokenLogprob } from '../core/stream.ts';

export type Finish = Extract<StreamPart, { type: 'finish' }>;
export type CallPart = Extract<StreamPart, { type: 'tool-call' }>;

export class GatheredAnswer {
  text = '';
  reasoning = '';
  readonly calls: CallPart[] = [];
  readonly logprobs: TokenLogprob[] = [];
  finish: Finish | null = null;

  take(part: StreamPart): void {
    switch (part.type) {
      case 'text-delta':
        this.text += part.text;
        if (part.logprobs) this.logprobs.push(...part.logprobs);
        return;
      case 'reasoning-delta':
        this.reasoning += part.text;
        return;
      case 'tool-call':
        this.calls.push(part);
        return;
      case 'finish':
        this.finish = part;
        return;
      case 'embedding':
      case 'picture':
      case 'error':
      case 'raw':
        return;
      default:
        part satisfies never;
    }
  }
}
