/** Check `breaker_open`: a server, or a model on it, that is left alone because it failed again and again. */
import type { BackendState } from '../core/fleet.ts';
import { sameModel } from '../util/model-name.ts';
import type { Check, HealthView, Saying } from './check.ts';
import { attemptsBy } from './recent-attempts.ts';
import { counted, gb } from './words.ts';

const tried = '; one at a time is tried now';

export const check: Check = {
  id: 'breaker_open',
  run: (view) => view.fleet.backends.filter(({ status }) => status !== 'down').flatMap((backend) => [...ofServer(backend), ...ofModels(backend, view)]),
};

function ofServer({ id, nodeId, breaker }: BackendState): readonly Saying[] {
  if (breaker === undefined) return [];
  return [{
    severity: 'warning',
    title: `${id} is left alone`,
    description: `It answers probes but failed request after request${breaker === 'half-open' ? tried : ''}.`,
    fix: { text: 'Look at what requests failed with, and at the log of the server.', command: 'oar traces --status failed' },
    nodeId,
    data: { backend: id, breaker },
  }];
}

function ofModels(backend: BackendState, view: HealthView): readonly Saying[] {
  return Object.entries(backend.resting ?? {}).map(([key, breaker]): Saying => {
    const { id, nodeId, report } = backend;
    const { name: model, sizeBytes } = report?.models.find(({ name }) => sameModel(name, key)) ?? { name: key };
    const { failures, last } = failuresOf(model, id, view);
    const size = sizeBytes === undefined ? '' : ` It has ${gb(sizeBytes)} on disk, and takes more in memory.`;
    return {
      severity: 'warning',
      title: `${model} is left alone on ${id}`,
      description: `Request after request for it failed there${failures === 0 ? '' : `, ${counted(failures, 'try', 'tries')} in 24 hours${last === '' ? '' : `, the last with ${last}`}`}${breaker === 'half-open' ? tried : ''}.${size}${backend.breaker === undefined ? ` Other models of ${id} are not concerned.` : ''}`,
      fix: { text: `Look at what its requests failed with and at the log of the server; see whether the machine has the memory for ${model}, else take it from there.`, command: `oar traces --status failed --model ${model}` },
      nodeId,
      data: { backend: id, model, breaker, failures, ...(last === '' ? {} : { lastError: last }) },
    };
  });
}

function failuresOf(model: string, backendId: string, view: HealthView): { readonly failures: number; readonly last: string } {
  const { all } = attemptsBy(view, () => model, (one) => one.backendId === backendId && sameModel(one.model, model) && one.error !== undefined && one.error !== 'cancelled').get(model) ?? { all: [] };
  const newest = all.reduce<(typeof all)[number] | undefined>((found, one) => (found === undefined || one.startedAt > found.startedAt ? one : found), undefined);
  return { failures: all.length, last: newest?.error ?? '' };
}
