/** The job endpoints (contract agent-router part 1.3, ruling 13). */
import { RouterError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { JobSummary } from '../store/store.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

const defaultPage = 50;
const largestPage = 500;

export function jobRoutes(jobs: Jobs): Route[] {
  return [
    { method: 'GET', path: '/v1/jobs', rule: rules.own, handle: async (exchange) => exchange.send(200, { jobs: (await jobs.list(pageOf(exchange))).map(summaryRow) }) },
    { method: 'GET', path: '/v1/jobs/:id', rule: rules.own, handle: async (exchange) => exchange.send(200, jobRow(await jobs.get(idOf(exchange)))) },
    { method: 'DELETE', path: '/v1/jobs/:id', rule: rules.own, handle: async (exchange) => exchange.send(200, jobRow(await jobs.cancel(idOf(exchange)))) },
    { method: 'GET', path: '/v1/jobs/:id/result', rule: rules.own, handle: async (exchange) => sendResult(exchange, await jobs.get(idOf(exchange))) },
  ];
}

function idOf(exchange: Exchange): string {
  return exchange.params.id ?? '';
}

function pageOf(exchange: Exchange): { limit: number; before?: string } {
  const text = exchange.query.get('limit');
  const limit = text === null ? defaultPage : Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw new RouterError('invalid_request', `limit is a whole number from 1 to ${largestPage}, not ${text}.`, { param: 'limit' });
  const before = exchange.query.get('before');
  return { limit: Math.min(limit, largestPage), ...(before === null ? {} : { before }) };
}

function sendResult(exchange: Exchange, job: Job): void {
  switch (job.status) {
    case 'succeeded':
      exchange.reply.head(200, { 'content-type': 'application/json; charset=utf-8' });
      exchange.reply.end(job.resultJson ?? 'null');
      return;
    case 'queued':
    case 'running':
      exchange.send(202, { status: job.status });
      return;
    case 'failed':
      exchange.send(500, { status: 'failed', error: job.error });
      return;
    case 'cancelled':
    case 'expired':
      throw new RouterError('job_expired', job.status === 'cancelled' ? `Job ${job.id} was cancelled; it has no result.` : `The result of job ${job.id} was kept for its time to live and is gone.`);
    default:
      job.status satisfies never;
  }
}

/** The old record: thirteen snake_case keys in this order. */
function jobRow(job: Job): Record<string, unknown> {
  const { id, status, task_type, selected_model, ...rest } = summaryRow(job);
  return {
    id,
    status,
    task_type,
    selected_model,
    request_json: job.requestJson,
    result_json: job.resultJson,
    error_json: job.error === null ? null : JSON.stringify(job.error),
    ...rest,
  };
}

const weights = { low: 10, normal: 50, high: 90 } as const;

/** Without the `*_json` fields (ruling 13). */
function summaryRow(job: JobSummary) {
  return {
    id: job.id,
    status: job.status,
    task_type: job.taskType,
    selected_model: job.selectedModel,
    attempts: job.attempts,
    priority: weights[job.priority],
    created_at: isoTime(job.createdAt),
    started_at: isoTime(job.startedAt),
    finished_at: isoTime(job.finishedAt),
    expires_at: isoTime(job.expiresAt),
  };
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
