/** Decides what becomes of a request when it arrives: run now, wait, become a job, or be refused. */
import { RouterError } from '../core/errors.ts';
import type { FleetView, GpuTotals } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import type { Classification, InferenceRequest, Mode, Needs } from '../core/request.ts';
import { modelKey } from '../util/model-name.ts';
import { blockOf, type Block, type BlockInput, passes } from './blocks.ts';
import { candidateModels, noWishes, routeOf } from './candidates.ts';
import type { Resolved } from './resolve.ts';
import type { Decision, Load, RoutingPolicy, RoutingTable } from './routing.ts';
import { scoreOf } from './score.ts';
import { type SpecView, specView } from './spec-view.ts';
import { type Substitution, substitutesFor } from './substitutes.ts';

export interface DecideInput {
  readonly request: Pick<InferenceRequest, 'router' | 'stream'>;
  /** Null: nobody has the asked model, and `alternatives` names others. */
  readonly resolved: Resolved | null;
  /** Absent: only what is asked for may serve. */
  readonly alternatives?: Alternatives;
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

/** Models that may serve instead of the asked one. */
export interface Alternatives {
  /** Keys of those that the request names, in order. */
  readonly fallbacks: readonly string[];
  /** What else is in memory. */
  readonly substitution: Substitution;
  readonly needs: Needs;
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
  const asked = weighAsked(input);
  const instead = input.alternatives === undefined ? undefined : insteadOf(input, input.alternatives, asked);
  const weighed = instead === undefined ? asked : instead.weighed;
  if (weighed.length === 0) throw noModel();
  const free = byScore(weighed.filter((one) => one.block === null));
  const waitable = byScore(weighed.filter((one) => passes(one.block)));
  const [best] = free;
  // A request that names others to fall back to does not wait for the better one.
  const top = (instead === undefined ? byScore(weighed.filter((one) => one.block === null || one.block === 'busy'))[0] : best) ?? waitable[0];
  if (top === undefined) throw refusal(weighed, input.estimatedTokens);
  const mode = modeOf(input);
  if (mayBecomeJob(input, mode)) {
    if (mode === 'async') return decision('job', [...free, ...waitable], weighed, input, instead);
    if (top.block !== null || isHeavy(top.view, input)) return decision('job', [top, ...free, ...waitable], weighed, input, instead);
  }
  return best === undefined ? decision('hold', waitable, weighed, input, instead) : decision('run', free, weighed, input, instead);
}

function weighAsked(input: DecideInput): readonly Weighed[] {
  const { resolved } = input;
  if (resolved === null) return [];
  return resolved.kind === 'named' ? weighNamed(input, resolved.modelKey) : weighByTask(input);
}

/** The model as asked: only what cannot work at all, or must not, speaks against it (ruling 1). */
function weighNamed(input: DecideInput, key: string): readonly Weighed[] {
  // What the model can do is for its server to say: the caller chose it.
  return weighOne(input, key, { tools: false, vision: false }, 0);
}

/** None for one that the caller forbids. */
function weighOne(input: DecideInput, key: string, needs: Needs, score: number): readonly Weighed[] {
  if (input.request.router?.forbiddenModels.map(modelKey).includes(key)) return [];
  const view = specView(key, input);
  return [{ view, block: blockOf(view, { ...blockInput(input), needs }), score }];
}

/** Behind whatever was asked for, in order. */
const alternativeScore = -1_000_000;

interface Instead {
  /** All that may serve, in the order in which it is wanted. */
  readonly weighed: readonly Weighed[];
  readonly kinds: NonNullable<Decision['instead']>;
}

/** First what is in memory, where that may replace what is not; then the asked one; then what to fall back to. Undefined: there is nothing but the asked one. */
function insteadOf(input: DecideInput, { fallbacks, needs, substitution }: Alternatives, asked: readonly Weighed[]): Instead | undefined {
  const key = input.resolved?.kind === 'named' ? input.resolved.modelKey : undefined;
  const replaceable = key !== undefined && asked.length > 0 && !asked.some(({ view }) => isWarm(view));
  const loaded = replaceable ? substitutesFor({ substitution, asked: key, needs, promptTokens: input.estimatedTokens, fleet: input.fleet }) : [];
  const [first, others] = [fallbacks.filter((one) => loaded.includes(one)), loaded.filter((one) => !fallbacks.includes(one))];
  if (fallbacks.length === 0 && others.length === 0) return undefined;
  const weigh = (keys: readonly string[], score: number): readonly Weighed[] => keys.flatMap((one) => weighOne(input, one, needs, score));
  const later = weigh(fallbacks.filter((one) => !first.includes(one)), input.resolved?.kind === 'auto' ? alternativeScore : 0);
  const kinds: Record<string, 'fallback' | 'substitute'> = Object.create(null);
  for (const one of others) kinds[one] = 'substitute';
  for (const one of fallbacks) kinds[one] = 'fallback';
  return { weighed: [...weigh([...first, ...others], 0), ...asked, ...later], kinds };
}

/** Of a server that cannot say what it has loaded it is believed. */
function isWarm({ down, resident, running }: SpecView): boolean {
  return !down && (resident !== 'no' || running > 0);
}

function weighByTask(input: DecideInput): readonly Weighed[] {
  const taskType = input.classification?.taskType ?? 'unknown';
  const wishes = input.request.router ?? noWishes;
  const keys = candidateModels(taskType, wishes, input.table, input.fleet);
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

function decision(kind: Decision['kind'], order: readonly Weighed[], weighed: readonly Weighed[], input: DecideInput, instead: Instead | undefined): Decision {
  const models = [...new Set(order.map((one) => one.view.key))];
  const selected = models[0] ?? '';
  return {
    kind,
    models,
    fallbackModels: weighed.map((one) => one.view.key).filter((key) => key !== selected),
    ...(instead === undefined ? {} : { instead: instead.kinds }),
    reason: reasonFor(selected, order[0]?.score ?? 0, input),
    classification: input.classification,
  };
}

function reasonFor(selected: string, score: number, { resolved, alternatives, classification }: DecideInput): string {
  if (resolved === null) return 'Nobody has the model as asked';
  if (resolved.kind === 'named') return `Using ${alternatives === undefined ? selected : resolved.modelKey} as asked`;
  return score === alternativeScore ? `Using ${selected}, named to fall back to` : `Selected ${selected} for ${classification?.taskType ?? 'unknown'} with score ${score.toFixed(1)}`;
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
