/** Why one request went as it did, for people, from its trace. Pure. */
import { type Fields, fieldsOf, numberOf, rowsOf, textOf } from './loose-json.ts';
import { factLines, textTable } from './text-table.ts';

export function explainView(body: unknown): string {
  const trace = fieldsOf(body) ?? {};
  const attempts = rowsOf(trace.attempts);
  const tries = attempts.map((attempt, index) => tryRow(attempt, index, numberOf(trace.timestamp)));
  return [
    factLines(factsOf(trace)),
    ...(tries.length === 0 ? [] : [textTable(['try', 'model', 'backend', 'machine', 'began after', 'first part', 'took', 'outcome'], tries, '')]),
    ...attempts.flatMap((attempt, index) => placesOf(attempt, index, attempts.length)),
  ].join('\n\n');
}

function factsOf(trace: Fields): readonly (readonly [string, string])[] {
  const served = textOf(trace.status) === 'completed' || textOf(trace.status) === 'incomplete';
  const asked = textOf(trace.original_model) || 'auto';
  return [
    ['Request', `${textOf(trace.request_id)}: ${[textOf(trace.status), textOf(trace.status_code), textOf(trace.error_code)].filter((part) => part !== '').join(', ')}`],
    ['Job', textOf(trace.job_id)],
    ['When', timeOf(trace.timestamp)],
    ['From', [textOf(trace.owner), textOf(trace.user), textOf(trace.client_ip)].filter((part) => part !== '').join(', ')],
    ['API', [textOf(trace.dialect), trace.stream === true ? 'streamed' : ''].filter((part) => part !== '').join(', ')],
    ['Asked for', [asked, textOf(trace.task_type) === '' ? '' : `taken for ${textOf(trace.task_type)}`].filter((part) => part !== '').join(', ')],
    [served ? 'Served by' : 'Tried last', trace.backend === null ? '' : `${textOf(trace.model)} on ${textOf(trace.backend)}${textOf(trace.node_id) === '' ? '' : ` (${textOf(trace.node_id)})`}${instead(trace.instead)}`],
    ['Why', textOf(trace.decision)],
    ['Time', timesOf(trace)],
    ['Tokens', tokensOf(trace)],
    ['Changed', textsOf(trace.rewrites)],
    ['Tags', textsOf(trace.tags)],
    ['Error', textOf(trace.error_message)],
  ];
}

function instead(word: unknown): string {
  if (word === 'fallback') return ', a fallback that the caller named';
  return word === 'substitute' ? ', in place of what was asked for' : '';
}

function timesOf(trace: Fields): string {
  const parts = [['waited', trace.queue_ms], ['loaded', trace.load_ms], ['first part after', trace.time_to_first_token_ms], ['ended after', trace.latency_ms]] as const;
  return parts.flatMap(([name, ms]) => (numberOf(ms) === null ? [] : [`${name} ${duration(ms)}`])).join(', ');
}

function tokensOf(trace: Fields): string {
  const parts = [[trace.prompt_tokens, 'in'], [trace.cached_tokens, 'of them from the cache'], [trace.completion_tokens, 'out'], [trace.reasoning_tokens, 'of them reasoning']] as const;
  const told = parts.flatMap(([count, name]) => (numberOf(count) === null ? [] : [`${textOf(count)} ${name}`])).join(', ');
  return told !== '' && trace.tokens_estimated === true ? `${told} (estimated)` : told;
}

function tryRow(attempt: Fields, index: number, receivedAt: number | null): string[] {
  const startedAt = numberOf(attempt.started_at);
  const began = startedAt === null || receivedAt === null ? '' : duration((startedAt - receivedAt) * 1000);
  const failure = [textOf(attempt.error_code), textOf(attempt.error_message)].filter((part) => part !== '').join(': ');
  return [String(index + 1), textOf(attempt.model), textOf(attempt.backend), textOf(attempt.node_id), began, duration(attempt.first_part_ms), duration(attempt.ended_ms), failure === '' ? 'answered' : failure];
}

/** The places that were compared for a try, or the terms of the only one. */
function placesOf(attempt: Fields, index: number, count: number): readonly string[] {
  const considered = rowsOf(attempt.considered);
  const rows = considered.length > 0 ? considered : [{ ...attempt, total: null }];
  const signals = [...new Set(rows.flatMap((row) => rowsOf(row.terms).map((term) => textOf(term.signal))))];
  if (signals.length === 0 && considered.length === 0) return [];
  const cells = rows.map((row) => {
    const chosen = row.backend === attempt.backend && row.model === attempt.model;
    return [chosen ? '*' : '', textOf(row.backend), textOf(row.model), ...signals.map((signal) => cellOf(row, signal)), numberOf(row.total) === null ? '' : rounded(numberOf(row.total) ?? 0), textOf(row.veto)];
  });
  const heading = count > 1 ? `Places for try ${index + 1}:\n` : '';
  return [heading + textTable(['', 'backend', 'model', ...signals, 'total', 'out since'], cells, '')];
}

function cellOf(row: Fields, signal: string): string {
  const values = rowsOf(row.terms).filter((term) => term.signal === signal).map((term) => numberOf(term.value) ?? 0);
  return values.length === 0 ? '' : rounded(values.reduce((sum, value) => sum + value, 0));
}

function textsOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).filter((text) => text !== '').join(', ') : '';
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function duration(value: unknown): string {
  const ms = numberOf(value);
  if (ms === null) return '';
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${rounded(ms / 1000)} s`;
}

export function timeOf(seconds: unknown): string {
  const at = numberOf(seconds);
  return at === null || Math.abs(at) > 8.64e12 ? '' : new Date(at * 1000).toISOString();
}
