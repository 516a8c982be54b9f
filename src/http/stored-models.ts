/** The models on the disks of the fleet, for the dashboard: what is there, what is used, and bringing or deleting one (contract fleet part 1.3). */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import type { UsageTotal } from '../core/usage.ts';
import type { ModelAction, ModelAnswer, ModelOperations } from '../fleet/fleet.ts';
import type { UsageStore } from '../store/store.ts';
import { sameModel } from '../util/model-name.ts';
import { adminRoute } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { modelAndNode } from './model-and-node.ts';
import { rules } from './rules.ts';

export interface StoredModelsSources {
  readonly models: Pick<ModelOperations, 'run'>;
  readonly usage: Pick<UsageStore, 'series'>;
  readonly now: () => number;
  fleet(): FleetView;
  totals(): readonly UsageTotal[];
}

const gigabyte = 1e9;
const dayMs = 86_400_000;
/** Not asked for in so many days: worth a look when disks are full. */
const unusedDays = 7;
const mostRows = 20_000;

export function storedModelRoutes(sources: StoredModelsSources, audit: Pick<Audit, 'record'>): Route[] {
  const change = (path: string, action: ModelAction, reason: string): Route =>
    adminRoute(audit, 'POST', path, async (exchange, told) => {
      const { nodeId, model } = modelAndNode(await readJsonObject(exchange));
      told.target = `${model} on ${nodeId}`;
      await manage(sources.models, action, nodeId, model, exchange.signal);
      return { reason, body: { ok: true, node_id: nodeId, model } };
    }, rules.manage);
  return [
    { method: 'GET', path: '/dashboard/api/model-management', rule: rules.read, handle: (exchange) => sendStored(sources, exchange) },
    change('/dashboard/api/pull', 'pull', 'model_pulled'),
    change('/dashboard/api/delete', 'delete', 'model_deleted'),
  ];
}

/** Resolves when it is done, and rejects with what the server says otherwise: a status that says success means it. */
async function manage(models: StoredModelsSources['models'], action: ModelAction, nodeId: string, model: string, signal: AbortSignal): Promise<void> {
  const answer = await models.run({ action, model, blobs: [], stream: false, targets: { kind: 'one', name: nodeId, param: 'node_id' }, body: JSON.stringify({ model, stream: false }) }, signal);
  const text = await wholeText(answer);
  if (answer.status < 300) return;
  throw new RouterError(answer.status === 404 ? 'unknown_model' : 'backend_failed', `${nodeId} says: ${errorOf(text)}`, answer.status < 500 ? { status: answer.status, param: 'model' } : {});
}

async function wholeText({ body }: ModelAnswer): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8');
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : text.slice(0, 300);
  } catch {
    return text.slice(0, 300);
  }
}

async function sendStored({ fleet, usage, totals, now }: StoredModelsSources, exchange: Exchange): Promise<void> {
  const view = fleet();
  const names = [...new Set(view.backends.flatMap((backend) => backend.report?.models ?? []).map(({ name }) => name))];
  const rows = names.length === 0 ? [] : await usage.series({ models: names, limit: mostRows });
  const all = totals();
  // The newest rows come first.
  const lastUsed = (backend: BackendState, model: Model): number | null => {
    const row = rows.find((one) => one.backend === backend.id && sameModel(one.model, model.name));
    return row === undefined ? null : row.at * 1000;
  };
  const requests = (backend: BackendState, model: Model): number => all.filter((one) => one.backend === backend.id && sameModel(one.model, model.name)).reduce((sum, one) => sum + one.requests, 0);
  const machines = [...new Set(view.backends.filter(({ kind }) => kind === 'ollama').map(({ nodeId }) => nodeId))];
  exchange.send(200, {
    nodes: machines.map((nodeId) => {
      const backends = view.backends.filter((backend) => backend.nodeId === nodeId && backend.kind === 'ollama');
      const disk = view.nodes.find(({ id }) => id === nodeId)?.report?.disk;
      return {
        node_id: nodeId,
        models: backends.flatMap((backend) => (backend.report?.models ?? []).map((model) => rowOf(backend, model, lastUsed(backend, model), requests(backend, model), now()))),
        total_size_gb: inGigabytes(backends.flatMap((backend) => backend.report?.models ?? []).reduce((sum, model) => sum + (model.sizeBytes ?? 0), 0)),
        disk_available_gb: disk === undefined ? null : inGigabytes(disk.availableBytes),
        disk_total_gb: disk === undefined ? null : inGigabytes(disk.totalBytes),
      };
    }),
  });
}

function rowOf(backend: BackendState, model: Model, lastUsed: number | null, requests: number, now: number): unknown {
  const days = lastUsed === null ? null : Math.floor((now - lastUsed) / dayMs);
  return {
    name: model.name,
    display_name: model.name.replace(/:latest$/, ''),
    category: categoryOf(model),
    size_gb: model.sizeBytes === undefined ? null : inGigabytes(model.sizeBytes),
    parameter_size: model.parameterSize ?? null,
    quantization: model.quantization ?? null,
    last_used: lastUsed === null ? null : new Date(lastUsed).toISOString(),
    days_unused: days,
    total_requests: requests,
    loaded_in_vram: backend.report?.resident?.some((one) => sameModel(one.name, model.name)) ?? false,
    unused: days === null || days >= unusedDays,
  };
}

/** By what its server says it can do; names tell too little. */
function categoryOf({ capabilities }: Model): string {
  if (capabilities?.includes('embedding') && !capabilities.includes('chat')) return 'embedding';
  if (capabilities?.includes('image')) return 'image';
  if (capabilities?.includes('vision')) return 'vision';
  return capabilities?.includes('thinking') ? 'reasoning' : 'general';
}

function inGigabytes(bytes: number): number {
  return Math.round((bytes / gigabyte) * 100) / 100;
}
