/** Makes a routing table out of a list of models, for when no file says anything (ruling 4, contract agent-router part 4). */
import type { Model } from '../core/fleet.ts';
import type { TaskType } from '../core/request.ts';
import { modelKey } from '../util/model-name.ts';
import { neverChats } from '../util/model-abilities.ts';
import type { ModelSpec, RoutingTable } from './routing.ts';

export type Role = 'fast' | 'code' | 'review' | 'tool' | 'heavy';

type RoleSpec = Pick<ModelSpec, 'purpose' | 'priority' | 'timeoutMs' | 'costClass' | 'exclusive' | 'allowWhenBusy'> & { readonly defaultContext: number };

export type ListedModel = Pick<Model, 'name' | 'sizeBytes' | 'contextLength' | 'capabilities' | 'family'>;

const roleSpecs: Readonly<Record<Role, RoleSpec>> = {
  fast: { purpose: ['triage', 'simple_chat', 'summarize'], priority: 50, timeoutMs: 90_000, costClass: 'low', exclusive: false, allowWhenBusy: true, defaultContext: 4096 },
  code: { purpose: ['code_generate', 'code_fix', 'tool_use'], priority: 70, timeoutMs: 180_000, costClass: 'medium', exclusive: false, allowWhenBusy: true, defaultContext: 8192 },
  review: { purpose: ['code_review', 'code_generate', 'code_fix'], priority: 70, timeoutMs: 180_000, costClass: 'medium', exclusive: false, allowWhenBusy: true, defaultContext: 8192 },
  tool: { purpose: ['tool_use', 'code_generate'], priority: 70, timeoutMs: 180_000, costClass: 'medium', exclusive: false, allowWhenBusy: true, defaultContext: 8192 },
  heavy: { purpose: ['agentic_reasoning', 'large_context', 'planning', 'tool_use'], priority: 95, timeoutMs: 300_000, costClass: 'high', exclusive: true, allowWhenBusy: false, defaultContext: 16_384 },
};

/** Which roles serve a task, in order; `tool_use` begins with every model whose purpose it is. */
const routeRoles: Readonly<Record<TaskType, readonly Role[]>> = {
  triage: ['fast'],
  simple_chat: ['fast'],
  summarize: ['fast'],
  code_generate: ['code'],
  code_review: ['review', 'code'],
  code_fix: ['code', 'review'],
  agentic_reasoning: ['heavy', 'code'],
  large_context: ['heavy', 'code'],
  tool_use: ['tool', 'code', 'heavy'],
  unknown: ['fast', 'code'],
};

const heavyGb = 12;

/** The role that a model's name and size suggest. */
export function roleOf(name: string, sizeGb: number | undefined): Role {
  const lower = name.toLowerCase();
  if (lower.includes('review')) return 'review';
  if (['code', 'deepseek', 'qwen'].some((word) => lower.includes(word))) return 'code';
  if ((sizeGb ?? 0) >= heavyGb || lower.includes('gpt-oss') || lower.includes('reason')) return 'heavy';
  return lower.includes('tool') ? 'tool' : 'fast';
}

/**
 * Every listed chat model gets the figures of its role, and every task a route. `maxContext` is what the server says of
 * the model, never the role's guess: a limit that nobody set must not turn a prompt away.
 */
export function tableFromModels(models: readonly ListedModel[], options: { readonly cpuOnly?: boolean } = {}): RoutingTable {
  const specs = new Map<string, ModelSpec>();
  const roles = new Map<Role, string[]>();
  for (const model of models) {
    const key = modelKey(model.name);
    if (specs.has(key) || neverChats(model)) continue;
    const role = roleOf(model.name, sizeGbOf(model));
    specs.set(key, specOf(model, role, options.cpuOnly ?? false));
    roles.set(role, [...(roles.get(role) ?? []), key]);
  }
  return { specs, routes: routesFrom(specs, roles), fromFile: false };
}

function specOf(model: ListedModel, role: Role, cpuOnly: boolean): ModelSpec {
  const { defaultContext, purpose, ...rest } = roleSpecs[role];
  const sizeGb = sizeGbOf(model);
  return {
    ...rest,
    name: model.name,
    purpose: mayUseTools(model) ? purpose : purpose.filter((task) => task !== 'tool_use'),
    tags: [],
    defaultContext: Math.min(defaultContext, model.contextLength ?? defaultContext),
    ...(sizeGb === undefined ? {} : { sizeGb }),
    ...(model.contextLength === undefined ? {} : { maxContext: model.contextLength }),
    ...(cpuOnly && role === 'fast' ? { maxConcurrent: 1 } : {}),
  };
}

function routesFrom(specs: ReadonlyMap<string, ModelSpec>, roles: ReadonlyMap<Role, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const all = [...specs.keys()];
  const toolModels = all.filter((key) => specs.get(key)?.purpose.includes('tool_use'));
  const routes = new Map<string, readonly string[]>();
  for (const [task, order] of Object.entries(routeRoles)) {
    const inRoles = order.flatMap((role) => roles.get(role) ?? []);
    const wanted = task === 'tool_use' ? inRoles.filter((key) => toolModels.includes(key)) : inRoles;
    routes.set(task, wanted.length > 0 ? wanted : all);
  }
  return routes;
}

function mayUseTools(model: ListedModel): boolean {
  return model.capabilities === undefined || model.capabilities.length === 0 || model.capabilities.includes('tools');
}

/** Gigabytes of 2^30 bytes, as the old program counted, to two places. */
function sizeGbOf(model: ListedModel): number | undefined {
  return model.sizeBytes === undefined ? undefined : Math.round((model.sizeBytes / 2 ** 30) * 100) / 100;
}
