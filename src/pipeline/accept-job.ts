/** Answers a request with 202: it is kept, and runs later (contract agent-router part 1.3). */
import { userOf } from '../core/principal.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { Decision } from '../routing/routing.ts';
import { decisionHeaders, taskTypeOf } from './decision-headers.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { InferenceCall, Reply } from './pipeline.ts';
import type { RequestRecord } from './record.ts';
import { withHeaders } from './request-tags.ts';

export async function acceptJob(parts: PipelineParts, call: InferenceCall, record: RequestRecord, request: InferenceRequest, decision: Decision, reply: Reply): Promise<void> {
  const model = decision.models[0] ?? '';
  const { job, position } = await parts.jobs().accept({
    taskType: taskTypeOf(record),
    selectedModel: model,
    requestJson: withHeaders(call.body, call),
    dialect: call.dialect.id,
    priority: parts.brain.entry(call, request, [], false).priority,
    principalId: call.principal.id,
    plane: call.plane,
    user: userOf(call.principal, request.user),
  });
  record.jobId = job.id;
  record.outcome = 'accepted';
  record.status = 202;
  const body = {
    id: job.id,
    object: 'router.job',
    status: 'queued',
    message: 'Heavy load. Job accepted for asynchronous processing.',
    router: {
      mode: 'async',
      taskType: job.taskType,
      preferredModel: model,
      position,
      estimatedClass: record.classification?.complexity ?? 'medium',
    },
  };
  reply.head(202, { 'content-type': 'application/json; charset=utf-8', ...decisionHeaders(call, record, null), 'x-oar-mode': 'async' });
  reply.end(JSON.stringify(body));
}
