/** What to look for in an answer of the Anthropic API that passes unchanged. */
import type { FinishReason } from '../core/stream.ts';
import { AnthropicCounts, readAnthropicReason } from './anthropic-usage.ts';
import type { RelayRules } from './relay.ts';

/**
 * Rules for one answer, since its counts and its end come in several events. The preamble (`message_start`, `ping`) is no
 * beginning: a server that fails right behind it may still be replaced by another one.
 */
export function anthropicRelayRules(): RelayRules {
  const counts = new AnthropicCounts();
  let reason: FinishReason = 'stop';
  return {
    telling: /"error"|"message_(?:start|delta|stop)"/,
    beginning: /"(?:content_block_start|message_delta|message_stop)"/,
    payloadOf: (line) => (line.startsWith('data:') ? line.slice(5).trim() : null),
    endMark: null,
    finishReason: (value) => {
      if (value.type === 'message') return readAnthropicReason(value.stop_reason) ?? 'stop';
      return value.type === 'message_stop' ? reason : null;
    },
    usage: (value) => {
      if (value.type === 'message_start') counts.start(fieldsIn(value.message).usage);
      else counts.take(value.usage);
      reason = readAnthropicReason(fieldsIn(value.delta).stop_reason) ?? reason;
      return counts.usage();
    },
  };
}

function fieldsIn(value: unknown): { readonly usage?: unknown; readonly stop_reason?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}

/** What closes the event that was written last: nothing when a blank line did. */
export function closeEvent(tail: string): string {
  if (tail === '' || /\n\r?\n$/.test(tail)) return '';
  return tail.endsWith('\n') ? '\n' : '\n\n';
}
