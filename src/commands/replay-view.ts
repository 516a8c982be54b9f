/** Two answers to one request, side by side. Pure. */
import { timeOf } from './explain-view.ts';
import { type Fields, fieldsOf, numberOf, textOf } from './loose-json.ts';
import { textTable } from './text-table.ts';

export function replayView(body: unknown): string {
  const { before, now } = fieldsOf(body) ?? {};
  const both = [fieldsOf(before) ?? {}, fieldsOf(now) ?? {}] as const;
  const rows = figures.map(([name, of]) => [name, ...both.map(of)]).filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  const answers = both.map((trace, index) => `${index === 0 ? 'Before' : 'Now'}:\n${answerOf(trace) || 'What was answered was not kept.'}`);
  return [textTable(['', 'before', 'now'], rows, ''), ...answers].join('\n\n');
}

const figures: readonly (readonly [string, (trace: Fields) => string])[] = [
  ['Request', (trace) => textOf(trace.request_id)],
  ['When', (trace) => timeOf(trace.timestamp)],
  ['Status', (trace) => [textOf(trace.status), textOf(trace.error_code)].filter((part) => part !== '').join(', ')],
  ['Model', (trace) => textOf(trace.model)],
  ['Backend', (trace) => textOf(trace.backend)],
  ['Machine', (trace) => textOf(trace.node_id)],
  ['Waited', (trace) => ms(trace.queue_ms)],
  ['Loaded', (trace) => ms(trace.load_ms)],
  ['First token', (trace) => ms(trace.time_to_first_token_ms)],
  ['Ended', (trace) => ms(trace.latency_ms)],
  ['Tokens in', (trace) => textOf(trace.prompt_tokens)],
  ['Tokens out', (trace) => textOf(trace.completion_tokens)],
  ['Tokens/s', speed],
];

function speed({ completion_tokens: tokens, latency_ms: total, time_to_first_token_ms: first }: Fields): string {
  const seconds = ((numberOf(total) ?? 0) - (numberOf(first) ?? 0)) / 1000;
  return numberOf(tokens) === null || seconds <= 0 ? '' : String(Math.round((10 * (numberOf(tokens) ?? 0)) / seconds) / 10);
}

/** Lines stay lines; nothing else may steer the terminal. */
function answerOf({ captured }: Fields): string {
  const answer = fieldsOf(fieldsOf(captured)?.answer) ?? {};
  return [answer.text, answer.tool_calls].map((part) => (typeof part === 'string' ? part.replace(/[^\P{Cc}\n\t]+/gu, ' ') : '')).filter((part) => part !== '').join('\n');
}

function ms(value: unknown): string {
  const number = numberOf(value);
  return number === null ? '' : `${Math.round(number)} ms`;
}
