/** Decides what becomes of a request when it arrives: run now, wait, become a job, or be refused. */
import { RouterError } from '../core/errors.ts';
import type { FleetView, GpuTotals } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import type { Classification, InferenceRequest, Mode } from '../core/request.ts';
import { modelKey } from '../util/model-name.ts';
import { blockOf, type Block, type BlockInput, passes } from './blocks.ts';
import { candidateModels, noWishes, routeOf } from './candidates.ts';
import type { Resolved } from './resolve.ts';
import type { Decision, Load, RoutingPolicy, RoutingTable } from './routing.ts';
import { scoreOf } from './score.ts';
import { type SpecView, specView } from './spec-view.ts';

export interface DecideInput {
  readonly request: Pick<InferenceRequest, 'router' | 'stream'>;
  readonly resolved: Resolved;
  /** Null when the request names its model. */
  readonly classification: Classification | null;
  readonly estimatedTokens: number;
  readonly table: RoutingTable;
  readonly policy: RoutingPolicy;
  readonly fleet: FleetView;
  /** All GPUs as one; null when nothing is measured. */
  readonly gpu: GpuTotals | null;
  /** Does other work than ours keep the GPU above `gpu.maxGpuUtilizationPct`? */
  readonly gpuBusy: boolean;
  readonly load: Load;
  /** The same limit that the scheduler keeps. */
  slots(candidate: Candidate): number;
}

/** A model that may serve, with what speaks for it and what keeps it from starting now. */
interface Weighed {
  readonly view: SpecView;
  readonly block: Block | null;
  readonly score: number;
}

/** How long a caller should wait before asking again for what nothing here can serve. */
const retryAfterMs = 5000;

/** Throws `no_capacity` or `context_overflow` when no waiting would help. */
export function decide(input: DecideInput): Decision {
  const weighed = input.resolved.kind === 'named' ? weighNamed(input, input.resolved.modelKey) : weighByTask(input);
  const free = byScore(weighed.filter((one) => one.block === null));
  const waitable = byScore(weighed.filter((one) => passes(one.block)));
  const [best] = free;
  const top = byScore(weighed.filter((one) => one.block === null || one.block === 'busy'))[0] ?? waitable[0];
  if (top === undefined) throw refusal(weighed, input.estimatedTokens);
  const mode = modeOf(input);
  if (mayBecomeJob(input, mode)) {
    if (mode === 'async') return decision('job', [...free, ...waitable], weighed, input);
    if (top.block !== null || isHeavy(top.view, input)) return decision('job', [top, ...free, ...waitable], weighed, input);
  }
  return best === undefined ? decision('hold', waitable, weighed, input) : decision('run', free, weighed, input);
}

/** The model as asked: only what cannot work at all, or must not, speaks against it (ruling 1). */
function weighNamed(input: DecideInput, key: string): readonly Weighed[] {
  if (input.request.router?.forbiddenModels.map(modelKey).includes(key)) throw noModel();
  const view = specView(key, input);
  // What the model can do is for its server to say: the caller chose it.
  const needs = { tools: false, vision: false };
  return [{ view, block: blockOf(view, { ...blockInput(input), needs }), score: 0 }];
}

function weighByTask(input: DecideInput): readonly Weighed[] {
  const taskType = input.classification?.taskType ?? 'unknown';
  const wishes = input.request.router ?? noWishes;
  const keys = candidateModels(taskType, wishes, input.table, input.fleet);
  if (keys.length === 0) throw noModel();
  const blocking = blockInput(input);
  const scoring = {
    taskType,
    complexity: input.classification?.complexity ?? 'medium',
    route: routeOf(taskType, input.table),
    preferred: wishes.preferredModels.map(modelKey),
    freeVramMb: input.gpu?.vramFreeMb,
    policy: input.policy,
  };
  return keys.map((key) => {
    const view = specView(key, input);
    return { view, block: blockOf(view, blocking), score: scoreOf(view, scoring).total };
  });
}

function blockInput(input: DecideInput): BlockInput {
  return {
    needs: input.classification?.needs ?? { tools: false, vision: false },
    estimatedTokens: input.estimatedTokens,
    requireGpuOnly: input.request.router?.requireGpuOnly ?? input.policy.requireGpuOnlyByDefault,
    gpuBusy: input.gpuBusy,
    roomMb: input.gpu?.vramFreeMb ?? (input.policy.vramTotalMb || undefined),
    policy: input.policy,
  };
}

/** Stable: equals stay in candidate order. */
function byScore(weighed: readonly Weighed[]): readonly Weighed[] {
  return weighed.toSorted((a, b) => b.score - a.score);
}

function modeOf(input: DecideInput): Mode {
  return input.request.router?.mode ?? input.policy.defaultMode;
}

/** A plain client never gets a 202, a stream neither (ruling 3). */
function mayBecomeJob(input: DecideInput, mode: Mode): boolean {
  const router = input.request.router;
  if (router === null || input.request.stream || mode === 'sync') return false;
  return router.mode === 'async' || router.allowAsync;
}

/** Little free VRAM says nothing when it is this very model that fills it. */
function isHeavy(view: SpecView, input: DecideInput): boolean {
  if (input.load.totalQueued >= input.policy.heavyLoadQueueDepth) return true;
  const free = input.gpu?.vramFreeMb;
  return view.resident === 'no' && free !== undefined && free < input.policy.heavyLoadGpuFreeMbThreshold;
}

function decision(kind: Decision['kind'], order: readonly Weighed[], weighed: readonly Weighed[], input: DecideInput): Decision {
  const models = [...new Set(order.map((one) => one.view.key))];
  const selected = models[0] ?? '';
  const score = order[0]?.score ?? 0;
  return {
    kind,
    models,
    fallbackModels: weighed.map((one) => one.view.key).filter((key) => key !== selected),
    reason: input.resolved.kind === 'named' ? `Using ${selected} as asked` : `Selected ${selected} for ${input.classification?.taskType ?? 'unknown'} with score ${score.toFixed(1)}`,
    classification: input.classification,
  };
}

function noModel(): RouterError {
  return new RouterError('no_capacity', 'No configured model can satisfy this request', { retryAfterMs });
}

/** Why none of them can serve, however long the request waits. */
function refusal(weighed: readonly Weighed[], estimatedTokens: number): RouterError {
  if (weighed.every((one) => one.block === 'context')) {
    const longest = Math.max(...weighed.map((one) => one.view.maxContext ?? 0));
    return new RouterError('context_overflow', `The prompt has about ${estimatedTokens} tokens; the longest context of a model that may serve it is ${longest} tokens.`, { param: 'messages', overflow: { promptTokens: estimatedTokens, contextTokens: longest } });
  }
  return new RouterError('no_capacity', weighed.map((one) => `${one.view.key}: ${one.block}`).join('; '), { retryAfterMs });
}
