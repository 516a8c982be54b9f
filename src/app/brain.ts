/** Binds the pure decisions to the present configuration and fleet. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { userOf } from '../core/principal.ts';
import type { ChatRequest, Classification, InferenceRequest, Needs, Priority, Task } from '../core/request.ts';
import { estimateTokens, isImage, tokensOfChars } from '../util/estimate-tokens.ts';
import type { Classifier, ClassifierTools } from '../classifiers/classifier.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { gpuTotals } from '../fleet/gpu-totals.ts';
import type { Brain, InferenceCall } from '../pipeline/pipeline.ts';
import type { Target } from '../dialects/dialect.ts';
import { type Alternatives, decide } from '../routing/admit.ts';
import { candidatesForAll } from '../routing/backend-candidates.ts';
import { memoryIsShort } from '../routing/memory-room.ts';
import { resolve } from '../routing/resolve.ts';
import { resolveWanted, type Wanted } from '../routing/resolve-wanted.ts';
import type { Entry, Load, RoutingPolicy, RoutingTable } from '../routing/routing.ts';
import type { Substitution } from '../routing/substitutes.ts';
import { raisedLimit, type ThinkingBudget } from '../routing/thinking-budget.ts';
import { isEmbeddingModel } from '../util/embedding-model.ts';
import { mayServe } from '../util/model-abilities.ts';
import type { ContextChoice, ContextDemand } from './context-choice.ts';
import { backendOf, slotsOf } from './scheduler-limits.ts';

export interface BrainSources {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly table: () => RoutingTable;
  readonly policy: RoutingPolicy;
  readonly aliases: Readonly<Record<string, string>>;
  /** In the order in which they are asked. */
  readonly classifiers: readonly Classifier[];
  readonly classifierTools: ClassifierTools;
  readonly load: () => Load;
  readonly gpuBusyElsewhere: () => boolean;
  /** Sent when the caller says nothing; undefined: nothing is sent (ruling 8). */
  readonly keepAlive?: string | number;
  /** Execution limits of work on pictures and recordings. */
  readonly taskMs?: Partial<Readonly<Record<Task, number>>>;
  /** Execution limit of a request that names none, `queue.timeoutMs`. */
  readonly defaultExecutionMs?: number;
  /** Tells which conversation a request belongs to; absent: nobody remembers where conversations were. */
  readonly conversationKey?: (request: InferenceRequest, modelKey: string) => number | null;
  readonly context: ContextChoice;
  /** As it is now: it may be switched while the router runs. */
  readonly substitution: () => RoutingPolicy['substitution'];
  readonly thinkingBudget: ThinkingBudget;
}

/** The sources, and the count of a request's tokens, which is made once. */
interface Bound extends BrainSources {
  readonly tokensOf: (request: InferenceRequest) => number;
}

/** How many tokens an answer is taken to have when neither the request nor experience says. */
const typicalAnswerTokens = 256;

/** What embeds or ranks writes nothing. */
function answerTokens(request: InferenceRequest): number {
  return request.task === 'chat' ? (request.sampling.maxTokens ?? typicalAnswerTokens) : 0;
}

/** What must be in the context at once: each text that is embedded has it for itself. */
function contextTokens(request: InferenceRequest, tokensOf: Bound['tokensOf']): number {
  return request.task === 'embedding' ? tokensOfChars(request.inputs.reduce((longest, input) => Math.max(longest, input.length), 0)) : tokensOf(request);
}

/** Asked several times for one request: by the decision, the scheduler, the wire. */
function countedOnce(): (request: InferenceRequest) => number {
  let last: InferenceRequest | null = null;
  let tokens = 0;
  return (request) => {
    if (request !== last) {
      tokens = estimateTokens(request);
      last = request;
    }
    return tokens;
  };
}

export function createBrain(given: BrainSources): Brain {
  const tokensOf = countedOnce();
  const sources: Bound = { ...given, tokensOf };
  const wanted = (request: InferenceRequest): Wanted => {
    const fleet = sources.fleet.view();
    if (fleet.backends.length === 0) throw new RouterError('no_capacity', `No inference server is connected. ${wayToOne(fleet)}`, { retryAfterMs: 5000, noBackends: true });
    const found = resolveWanted({ asked: request.model, table: sources.table(), fleet, aliases: sources.aliases }, request.fallbackModels);
    return found.resolved?.kind === 'auto' && request.task !== 'chat' ? { ...found, resolved: resolve({ asked: onlyChoice(request, fleet), table: sources.table(), fleet, aliases: {} }) } : found;
  };
  return {
    classify: (request, signal) => (wanted(request).resolved?.kind !== 'auto' || request.task !== 'chat' ? null : classifyInTurn(sources, request, signal)),
    decide(request, classification, options) {
      const fleet = sources.fleet.view();
      const table = sources.table();
      const { resolved, fallbacks } = wanted(request);
      const alternatives = alternativesOf(request, fallbacks, options?.strict === true ? 'never' : sources.substitution());
      return decide({
        request,
        resolved,
        ...(alternatives === null ? {} : { alternatives }),
        classification,
        // What is too long to be embedded or ranked is cut by its server, or refused there.
        estimatedTokens: request.task === 'chat' ? (classification?.estimatedTokens ?? tokensOf(request)) : 0,
        table,
        policy: sources.policy,
        fleet,
        gpu: fleet.gpu === null ? null : gpuTotals(fleet.gpu),
        gpuBusy: sources.gpuBusyElsewhere(),
        load: sources.load(),
        slots: (candidate) => slotsOf(table, backendOf(fleet, candidate.backendId), candidate.modelKey),
      });
    },
    candidates: (models, wantedBackend) => candidatesForAll(models, sources.table(), sources.fleet.view(), wantedBackend),
    entry: (call, request, candidates, again, candidatesNow) => entryOf(sources, call, request, candidates, again, candidatesNow),
    jobAfterMs: (call, request) => jobAfterMs(sources, call, request),
    executionMs: (call, request, key) => executionMs(sources, call, request, key),
    contextTokens: (candidate) => sources.context.contextOn(candidate, 1) ?? null,
    promptTokens: tokensOf,
    overflowHeaders: (request, candidate, target) => overflowHeaders(sources, request, candidate, target),
    target: (request, candidate) => targetOf(sources, request, candidate),
    showsRouter: (request, decision) => request.dialect === 'openai-chat' && (sources.table().fromFile || decision.classification !== null || request.router !== null),
  };
}

function wayToOne({ nodes }: FleetView): string {
  const waiting = nodes.filter(({ status }) => status === 'waiting').length;
  if (waiting === 0) return 'Start Ollama or another one on this machine; it is found within seconds.';
  return `${waiting === 1 ? 'A machine waits' : `${waiting} machines wait`} to be let in: \`oar nodes\` on the router's machine lists them, \`oar nodes approve\` lets one in.`;
}

/** Null for most: then only what is asked for may serve. A raw prompt is written for its model, and one without messages is about the model itself. */
function alternativesOf(request: InferenceRequest, fallbacks: readonly string[], allowed: Substitution): Alternatives | null {
  if (fallbacks.length === 0 && allowed === 'never') return null;
  const replaceable = request.task === 'chat' && request.raw === undefined && request.messages.length > 0 && request.router?.allowSubstitution !== false;
  if (fallbacks.length === 0 && !replaceable) return null;
  return { fallbacks, substitution: replaceable ? allowed : 'never', needs: needsOf(request) };
}

function needsOf(request: InferenceRequest): Needs {
  if (request.task !== 'chat') return { tools: false, vision: false };
  return { tools: request.tools.length > 0, vision: request.messages.some(({ content }) => content.some(isImage)) };
}

/** Only chat is routed by task. What embeds or writes down speech is chosen when there is one that can, where it can be reached before others; for anything else the caller names a model. */
function onlyChoice(request: InferenceRequest, fleet: FleetView): string {
  const inOrder = [...fleet.backends.filter((backend) => backend.status !== 'down'), ...fleet.backends.filter((backend) => backend.status === 'down')];
  const able = inOrder.flatMap((backend) => backend.report?.models ?? []).find((model) => isChosen(request, model));
  if (able !== undefined) return able.name;
  throw new RouterError('invalid_request', 'Name the model: only chat requests are routed by what they are about.', { param: 'model' });
}

function isChosen({ task }: InferenceRequest, model: Model): boolean {
  if (task === 'embedding') return isEmbeddingModel(model);
  return (task === 'transcription' || task === 'image-embedding') && mayServe(model, task, true);
}

/** Asks one classifier after the other; waits only for those that have to ask somebody else. */
async function classifyInTurn(sources: Bound, request: ChatRequest, signal: AbortSignal): Promise<Classification> {
  for (const classifier of sources.classifiers) {
    const answer = await classifier.classify(request, sources.classifierTools, signal);
    if (answer !== null) return answer;
  }
  return { taskType: 'unknown', complexity: 'medium', confidence: 0, by: 'none', estimatedTokens: sources.tokensOf(request), needs: { tools: request.tools.length > 0, vision: false } };
}

function entryOf(sources: Bound, call: InferenceCall, request: InferenceRequest, candidates: readonly Candidate[], again: boolean, candidatesNow: Entry['candidatesNow']): Entry {
  const now = sources.clock.now();
  const job = call.job?.record;
  const holdMs = request.router?.maxQueueTimeMs ?? sources.policy.holdMs;
  return {
    id: call.requestId,
    candidates,
    candidatesNow,
    modelKey: candidates[0]?.modelKey ?? '',
    priority: atMost(job?.priority ?? request.router?.priority ?? sources.policy.defaultPriority, call.principal.maxPriority),
    user: job?.user ?? userOf(call.principal, request.user),
    promptTokens: sources.tokensOf(request),
    completionTokens: answerTokens(request),
    arrivedAt: now,
    deadlineAt: job ? null : again ? now + holdMs : call.receivedAt + holdMs,
    bounded: !job && !again,
    conversation: conversationOf(sources, request, candidates),
    // One place is taken as it is.
    contextNeed: candidates.length > 1 ? sources.context.need(request, demandOf(sources, request)) : undefined,
  };
}

const ranks = { low: 0, normal: 1, high: 2 } as const satisfies Record<Priority, number>;

/** A key may bound what its requests claim (ruling 9). */
function atMost(priority: Priority, bound: Priority | undefined): Priority {
  return bound !== undefined && ranks[bound] < ranks[priority] ? bound : priority;
}

/** Only a choice of backends makes it worth the reading. */
function conversationOf(sources: Bound, request: InferenceRequest, candidates: readonly Candidate[]): number | undefined {
  const [first, second] = candidates;
  if (sources.conversationKey === undefined || first === undefined || second === undefined) return undefined;
  return sources.conversationKey(request, first.modelKey) ?? undefined;
}

/** A request with a `router` object that allows it turns into a job after `syncMaxQueueTimeMs`, or its own shorter patience. */
function jobAfterMs({ policy, clock }: BrainSources, call: InferenceCall, { router, stream }: InferenceRequest): number | null {
  if (call.job || router === null || stream || !router.allowAsync) return null;
  const mode = router.mode ?? policy.defaultMode;
  if (mode === 'sync') return null;
  const afterMs = Math.min(policy.syncMaxQueueTimeMs, router.maxQueueTimeMs ?? policy.syncMaxQueueTimeMs);
  // Both count from the arrival of the request, as its deadline does.
  return Math.max(0, afterMs - (clock.now() - call.receivedAt));
}

/** The request's own limit (else `queue.timeoutMs` and the task's) and the model's, whichever is shorter (contract agent-router part 3.5). */
function executionMs(sources: BrainSources, call: InferenceCall, request: InferenceRequest, key: string): number | null {
  const own = request.router?.maxExecutionTimeMs ?? (call.job ? undefined : sources.defaultExecutionMs);
  const table = sources.table();
  // The role table's times are guesses for machines with a GPU: only a limit that somebody wrote cuts an answer off.
  const ofModel = table.fromFile ? table.specs.get(key)?.timeoutMs : undefined;
  const ofTask = request.router?.maxExecutionTimeMs === undefined ? sources.taskMs?.[request.task] : undefined;
  const limit = Math.min(own ?? Number.POSITIVE_INFINITY, ofModel ?? Number.POSITIVE_INFINITY, ofTask ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(limit) ? limit : null;
}

function targetOf(sources: Bound, request: InferenceRequest, candidate: Candidate): Target {
  const backend = backendOf(sources.fleet.view(), candidate.backendId);
  if (backend === undefined) return { model: candidate.model };
  if (backend.kind !== 'ollama') return { model: candidate.model, ...limitOf(sources, request, candidate, backend, undefined) };
  const resident = sources.context.contextOn(candidate, 1);
  const sent = sources.context.send(request, candidate, backend, demandOf(sources, request));
  const context = readWith(request, sent, resident);
  const keepAlive = request.keepAlive === undefined ? keepAliveFor(sources, backend) : undefined;
  return {
    model: candidate.model,
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...sent,
    ...limitOf(sources, request, candidate, backend, context),
    ...(mayNotFit(sources, request, context) ? { refuseLong: true } : {}),
  };
}

/** The context that a prompt is read with; undefined: nobody knows. */
function readWith({ contextLength }: InferenceRequest, sent: Pick<Target, 'contextLength' | 'otherContext'>, resident: number | undefined): number | undefined {
  const said = contextLength === undefined || sent.otherContext === null ? sent.contextLength : (sent.otherContext ?? contextLength);
  return said ?? resident;
}

/** The file's, else for ever as long as the machine is known to have memory to spare (ruling 8). */
function keepAliveFor(sources: Bound, backend: BackendState): string | number | undefined {
  return sources.keepAlive ?? (memoryIsShort(backend, sources.fleet.view()) === false ? -1 : undefined);
}

/** Services that are paid by the token are asked for what the caller wants. */
function limitOf({ thinkingBudget }: Bound, request: InferenceRequest, candidate: Candidate, backend: BackendState, context: number | undefined): Pick<Target, 'maxTokens'> {
  if (request.task !== 'chat' || backend.kind === 'anthropic') return {};
  const maxTokens = raisedLimit(request, thinks(backend, candidate), thinkingBudget, context);
  return maxTokens === undefined ? {} : { maxTokens };
}

/** By what the server says of the model, never by its name. */
function thinks(backend: BackendState, { model }: Candidate): boolean {
  return backend.report?.models.find((one) => one.name === model)?.capabilities?.includes('thinking') === true;
}

function demandOf(sources: Bound, request: InferenceRequest): ContextDemand {
  return { prompt: contextTokens(request, sources.tokensOf), answer: answerTokens(request) };
}

/** Of a prompt that is longer, by the router's count, than the context that it is read with (contract fleet part 1.4). */
function overflowHeaders(sources: Bound, request: InferenceRequest, candidate: Candidate, target: Target): Readonly<Record<string, string>> | null {
  const context = readWith(request, target, sources.context.contextOn(candidate, 1));
  const estimated = sources.tokensOf(request);
  if (request.task !== 'chat' || context === undefined || estimated <= context) return null;
  return { 'x-fleet-context-overflow': `estimated_tokens=${estimated}; context_length=${context}` };
}

/** What Ollama loads a model with when nobody says. */
const usualContext = 4096;

/**
 * Ollama cuts a prompt that is too long without a word, unless it is told not to. Short prompts, which are most, pass as they
 * are: below a token for every two bytes none is longer, in any language.
 */
function mayNotFit(sources: Bound, request: InferenceRequest, context: number | undefined): boolean {
  if (request.task !== 'chat') return false;
  const room = context ?? usualContext;
  return sources.tokensOf(request) * 4 > room / 2 && Buffer.byteLength(request.wire) / 2 > room;
}
