/** What a benchmark came to, for people. Pure. */
import { type Fields, fieldsOf, numberOf, textOf } from './loose-json.ts';
import { factLines, textTable } from './text-table.ts';

export function standingLine(progress: Fields): string {
  const elapsed = Math.round(numberOf(progress.elapsed) ?? 0);
  return `${textOf(progress.phase)}: ${elapsed} of ${textOf(progress.duration)} s, ${textOf(progress.requests_completed)} answered, ${textOf(progress.requests_failed)} failed, ${textOf(progress.tok_per_sec)} tokens/s`;
}

export function benchView(body: unknown): string {
  const run = fieldsOf(body) ?? {};
  const failures = numberOf(run.total_failures) ?? 0;
  return [
    factLines([
      ['Run', textOf(run.run_id)],
      ['Requests', `${textOf(run.total_requests)} in ${textOf(run.duration_s)} s (${textOf(run.requests_per_sec)}/s)${failures === 0 ? '' : `, ${failures} failed`}`],
      ['Tokens', `${textOf(run.tokens_per_sec)}/s, ${textOf(run.total_prompt_tokens)} in, ${textOf(run.total_completion_tokens)} out`],
      ['Latency', spread(run, 'latency')],
      ['First token', spread(run, 'ttft')],
    ]),
    textTable(['model', 'requests', 'failed', 'tokens/s', 'first p50', 'first p95', 'total p50', 'total p95'], rowsIn(run.per_model_results).map(([name, row]) => [name, textOf(row.requests), textOf(row.failures), textOf(row.tok_s), ms(row.ttft_p50_ms), ms(row.ttft_p95_ms), ms(row.latency_p50_ms), ms(row.latency_p95_ms)]), ''),
    textTable(['machine', 'requests', 'share', 'tokens', 'tokens/s'], rowsIn(run.per_node_results).map(([name, row]) => [name, textOf(row.requests), `${textOf(row.pct)} %`, textOf(row.tokens), textOf(row.tok_s)]), ''),
  ].filter((part) => part !== '').join('\n\n');
}

function spread(run: Fields, name: string): string {
  return [50, 95, 99].map((share) => [share, ms(run[`${name}_p${share}_ms`])] as const).filter(([, text]) => text !== '').map(([share, text]) => `p${share} ${text}`).join(', ');
}

function rowsIn(value: unknown): readonly (readonly [string, Fields])[] {
  return Object.entries(fieldsOf(value) ?? {}).flatMap(([name, row]) => {
    const fields = fieldsOf(row);
    // Names come from servers: none may steer the terminal.
    return fields === null ? [] : [[textOf(name), fields] as const];
  });
}

function ms(value: unknown): string {
  const number = numberOf(value);
  return number === null ? '' : `${Math.round(number)} ms`;
}
