/** Reads the `router` object that a request of any dialect may carry. */
import type { RouterOptions } from '../core/request.ts';
import { defined, type FieldReader } from './read-fields.ts';

/** Null when the request has none. Unknown members are ignored; throws `invalid_request` naming a wrong one (`router.priority`). */
export function readRouterOptions(body: FieldReader): RouterOptions | null {
  const router = body.object('router');
  if (!router) return null;
  return defined<RouterOptions>({
    mode: router.oneOf('mode', ['auto', 'sync', 'async']),
    allowAsync: router.boolean('allowAsync') ?? true,
    taskType: router.string('taskType'),
    priority: router.oneOf('priority', ['low', 'normal', 'high']),
    preferredModels: router.strings('preferredModels') ?? [],
    forbiddenModels: router.strings('forbiddenModels') ?? [],
    maxQueueTimeMs: router.integer('maxQueueTimeMs', 0),
    maxExecutionTimeMs: router.integer('maxExecutionTimeMs', 1),
    requireGpuOnly: router.boolean('requireGpuOnly'),
    allowSubstitution: router.boolean('allowSubstitution'),
  });
}

/** A member `keep_alive`: a duration like `"5m"`, or seconds. */
export function readKeepAlive(body: FieldReader): string | number | undefined {
  return typeof body.fields.keep_alive === 'number' ? body.number('keep_alive') : body.string('keep_alive');
}
