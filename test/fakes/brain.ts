/** Short ways to write fleets, tables and requests in tests of the brain. */
import type { BackendState, FleetView, LearnedSpeed, Model, Resident } from '../../src/core/fleet.ts';
import type { Candidate } from '../../src/core/placement.ts';
import type { ChatRequest, ContentPart, Message, RouterOptions } from '../../src/core/request.ts';
import type { Entry, Load, ModelSpec, RoutingPolicy, RoutingTable } from '../../src/routing/routing.ts';

export function spec(name: string, more: Partial<ModelSpec> = {}): ModelSpec {
  return { name, purpose: [], tags: [], priority: 50, costClass: 'medium', exclusive: false, allowWhenBusy: false, maxConcurrent: 1, ...more };
}

export function table(specs: readonly ModelSpec[], routes: Readonly<Record<string, readonly string[]>> = {}): RoutingTable {
  return { specs: new Map(specs.map((one) => [one.name.replace(/:latest$/, ''), one])), routes: new Map(Object.entries(routes)), fromFile: true };
}

export interface BackendSketch extends Partial<Omit<BackendState, 'report'>> {
  readonly models?: readonly (string | Model)[];
  /** Names in memory; null: the backend cannot say. */
  readonly resident?: readonly (string | Resident)[] | null;
  readonly unasked?: boolean;
}

export function backend(id: string, sketch: BackendSketch = {}): BackendState {
  const { models = [], resident = [], unasked = false, ...more } = sketch;
  return {
    id,
    kind: 'ollama',
    url: `http://${id}`,
    nodeId: id,
    status: unasked ? 'unknown' : 'up',
    report: unasked
      ? null
      : {
          models: models.map((model) => (typeof model === 'string' ? { name: model } : model)),
          resident: resident === null ? null : resident.map((one) => (typeof one === 'string' ? { name: one } : one)),
        },
    reportedAt: unasked ? null : 0,
    priority: 0,
    tags: [],
    ...more,
  };
}

export function fleet(backends: readonly BackendState[], speed: (backendId: string, model: string) => LearnedSpeed = () => ({})): FleetView {
  return { version: 1, backends, nodes: [], gpu: null, speed };
}

export const policy: RoutingPolicy = {
  defaultMode: 'auto',
  defaultPriority: 'normal',
  heavyLoadQueueDepth: 4,
  heavyLoadGpuFreeMbThreshold: 3072,
  requireGpuOnlyByDefault: false,
  vramSafetyReserveMb: 1024,
  maxGpuUtilizationPct: 92,
  substitution: 'never',
  holdMs: 30_000,
  syncMaxQueueTimeMs: 250,
};

export function load(queued: Readonly<Record<string, number>> = {}, running: Readonly<Record<string, number>> = {}): Load {
  const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);
  return { totalQueued: sum(queued), totalRunning: sum(running), queued: (key) => queued[key] ?? 0, running: (key) => running[key] ?? 0 };
}

export function routerOptions(more: Partial<RouterOptions> = {}): RouterOptions {
  return { allowAsync: true, preferredModels: [], forbiddenModels: [], ...more };
}

export function message(role: Message['role'], content: string | readonly ContentPart[]): Message {
  return { role, content: typeof content === 'string' ? [{ type: 'text', text: content }] : content };
}

/** A chat request; a string is its only message. */
export function chat(messages: string | readonly Message[], more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    task: 'chat',
    dialect: 'openai-chat',
    wire: '',
    model: null,
    messages: typeof messages === 'string' ? [message('user', messages)] : messages,
    tools: [],
    sampling: {},
    stream: false,
    includeUsage: false,
    router: null,
    extra: {},
    ...more,
  };
}

export function candidate(backendId: string, modelKey = 'm', nodeId = backendId): Candidate {
  return { backendId, nodeId, model: modelKey, modelKey };
}

export function entry(id: string, candidates: readonly Candidate[], more: Partial<Entry> = {}): Entry {
  return {
    id,
    candidates,
    modelKey: candidates[0]?.modelKey ?? 'm',
    priority: 'normal',
    user: 'anyone',
    promptTokens: 100,
    completionTokens: 100,
    arrivedAt: 0,
    deadlineAt: null,
    bounded: true,
    ...more,
  };
}
