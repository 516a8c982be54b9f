/** The job endpoints (contract agent-router part 1.3, ruling 13); everybody sees their own jobs alone (AR-D15). */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { ownerOf, userOf } from '../core/principal.ts';
import type { JobOwner, Jobs } from '../jobs/jobs.ts';
import type { JobSummary } from '../store/store.ts';
import { adminRoute } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { isoTime } from './iso-time.ts';
import { isLoopback } from './loopback.ts';
import { pageOf } from './page.ts';
import { rules } from './rules.ts';

export function jobRoutes(jobs: Jobs): Route[] {
  return [
    { method: 'GET', path: '/v1/jobs', rule: rules.own, handle: async (exchange) => exchange.send(200, { jobs: (await jobs.list(pageOf(exchange), listOwnerOf(exchange))).map(summaryRow) }) },
    { method: 'GET', path: '/v1/jobs/:id', rule: rules.own, handle: async (exchange) => exchange.send(200, jobRow(await jobs.get(idOf(exchange), ownerIn(exchange)))) },
    { method: 'DELETE', path: '/v1/jobs/:id', rule: rules.own, handle: async (exchange) => exchange.send(200, jobRow(await jobs.cancel(idOf(exchange), ownerIn(exchange)))) },
    { method: 'GET', path: '/v1/jobs/:id/result', rule: rules.own, handle: async (exchange) => sendResult(exchange, await jobs.get(idOf(exchange), ownerIn(exchange))) },
  ];
}

/** Everybody's jobs for an admin: whose they are and how they fare, and never what was asked or answered. */
export function adminJobRoutes(jobs: Jobs, audit: Audit): Route[] {
  return [adminRoute(audit, 'GET', '/v1/admin/jobs', async (exchange) => ({ reason: 'jobs_read', body: { jobs: (await jobs.list(pageOf(exchange), null)).map(adminRow) } }))];
}

function ownerIn({ principal, plane }: Exchange): JobOwner {
  return ownerOf(principal, plane);
}

/** Nobody from another machine learns the ids of what others did without a key: an id is what it takes to see a job. */
function listOwnerOf(exchange: Exchange): JobOwner {
  const owner = ownerIn(exchange);
  const { principal } = exchange;
  return principal.kind === 'key' || isLoopback(principal.address) ? owner : { ...owner, user: userOf(principal, undefined) };
}

function idOf(exchange: Exchange): string {
  return exchange.params.id ?? '';
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

function adminRow(job: JobSummary) {
  return { ...summaryRow(job), principal: job.principalId, plane: job.plane ?? 'standalone' };
}
