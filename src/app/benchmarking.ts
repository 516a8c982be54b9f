/** Benchmarks of the fleet by the router itself: requests on the way that every request goes, after those of people. */
import { BenchKeeper } from '../bench/bench-keeper.ts';
import type { BenchCaller, BenchDesk, BenchKind, BenchRequest, BenchSample, BenchTarget, NodeLook } from '../bench/bench.ts';
import { planBench } from '../bench/plan-bench.ts';
import type { Clock } from '../core/clock.ts';
import type { FleetView } from '../core/fleet.ts';
import { errorCatalogue, type ErrorCode } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { keepBenchmark } from '../http/benchmarks.ts';
import type { InferenceCall } from '../pipeline/pipeline.ts';
import { listingsOf } from '../routing/listings.ts';
import { freeForModels } from '../routing/memory-room.ts';
import type { Store } from '../store/store.ts';
import type { Recorder } from '../telemetry/telemetry.ts';
import { mayUse, modelKey } from '../util/model-name.ts';
import type { Part } from './lifecycle.ts';
import { slotsOf } from './scheduler-limits.ts';
import { newRequestId, requireDialect, type Service } from './service.ts';

export interface BenchmarkingSources {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly store: Pick<Store, 'kv'>;
  /** Made later than this. */
  readonly service: () => Pick<Service, 'ownHandle' | 'load' | 'table'>;
}

export interface Benchmarking extends Part {
  readonly desk: BenchDesk;
  /** Told of every finished request. */
  readonly recorder: Recorder;
}

type Ended = Map<string, (trace: Trace) => void>;

export function createBenchmarking(sources: BenchmarkingSources): Benchmarking {
  const { clock, fleet, store, service } = sources;
  const ended: Ended = new Map();
  const keeper = new BenchKeeper({
    newRunId: () => newRequestId().replace(/^req_/, 'bench_'),
    plan: (form, { principal }) => planBench(form, { fleet: fleet.view(), slots: (backend, key) => slotsOf(service().table(), backend, key), free: (backend) => freeForModels(backend, fleet.view()), allowed: (model) => mayUse(principal.models, model) }),
    parts: (caller) => ({ clock, ask: (request, signal) => ask(sources, ended, caller, request, signal), free: (target) => isFree(sources, target), look: () => looksAt(fleet.view()) }),
    snapshot: () => snapshotOf(fleet.view()),
    async save(report) {
      await keepBenchmark(report, { clock, store: store.kv });
    },
  });
  return {
    name: 'benchmarks',
    desk: keeper,
    recorder: { record: (trace) => ended.get(trace.requestId)?.(trace) },
    start: () => {},
    stop: () => keeper.stop(),
  };
}

/** Where it ran and what it took says its own trace. */
async function ask({ clock, service }: BenchmarkingSources, ended: Ended, { principal, spend }: BenchCaller, request: BenchRequest, signal: AbortSignal): Promise<BenchSample> {
  const { dialect, body } = wires[request.kind](request);
  const requestId = newRequestId();
  const call: InferenceCall = { requestId, dialect: requireDialect(dialect), body: JSON.stringify(body), plane: 'standalone', principal: { ...principal, maxPriority: 'low' }, spend, signal, receivedAt: clock.now(), tags: ['benchmark'], noSubstitution: true };
  let trace: Trace | null = null;
  ended.set(requestId, (one) => { trace = one; });
  try {
    await service().ownHandle(call, unread);
  } finally {
    ended.delete(requestId);
  }
  return sampleOf(request, trace);
}

const unread = { headSent: false, head() {}, write: () => undefined, end() {}, destroy() {} };

const wires: Readonly<Record<BenchKind, (request: BenchRequest) => { readonly dialect: string; readonly body: unknown }>> = {
  llm: ({ model, text, answerTokens }) => ({ dialect: 'openai-chat', body: { model, stream: true, stream_options: { include_usage: true }, max_tokens: answerTokens, messages: [{ role: 'user', content: text }] } }),
  embed: ({ model, text }) => ({ dialect: 'ollama-embed', body: { model, input: text } }),
  image: ({ model, text }) => ({ dialect: 'openai-images', body: { model, prompt: text, size: '512x512' } }),
};

function sampleOf({ model, kind }: BenchRequest, trace: Trace | null): BenchSample {
  const { usage = {}, totalMs = 0, firstPartMs, nodeId, outcome, error } = trace ?? ({} as Partial<Trace>);
  return {
    model,
    kind,
    latencyMs: totalMs,
    promptTokens: usage.promptTokens ?? 0,
    completionTokens: usage.completionTokens ?? 0,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(firstPartMs === undefined || kind !== 'llm' ? {} : { firstTokenMs: firstPartMs }),
    ...(outcome === 'succeeded' ? {} : { error: errorWords(error) }),
  };
}

function errorWords(code: string | undefined): string {
  return code !== undefined && Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code as ErrorCode].meaning : 'The request did not end.';
}

/** A slot that is not taken, and nobody in line for the model. */
function isFree({ fleet, service }: BenchmarkingSources, { model }: BenchTarget): boolean {
  const key = modelKey(model);
  const { load, table } = service();
  const now = load();
  if (now.queued(key) > 0) return false;
  const running = now.runningByBackend?.();
  return listingsOf(key, fleet.view()).some(({ backend }) => backend.status === 'up' && (running?.get(backend.id)?.get(key) ?? 0) < slotsOf(table(), backend, key));
}

function looksAt({ nodes }: FleetView): readonly NodeLook[] {
  return nodes.flatMap(({ id, report }): NodeLook[] => {
    if (report === null) return [];
    const { cpuPct, memory } = report;
    return [{ nodeId: id, ...(cpuPct === undefined ? {} : { cpuPct }), ...(memory.totalBytes > 0 ? { memoryPct: (100 * memory.usedBytes) / memory.totalBytes } : {}) }];
  });
}

/** What was in memory where, so that runs can be told apart later. */
function snapshotOf({ nodes, backends }: FleetView): unknown {
  return nodes.map(({ id, status, report }) => ({
    node_id: id,
    status,
    chip: report?.chip ?? null,
    memory_total_gb: report === null ? null : Math.round(report.memory.totalBytes / 2 ** 30),
    models_loaded: backends.filter(({ nodeId }) => nodeId === id).flatMap((backend) => backend.report?.resident?.map(({ name }) => name) ?? []),
  }));
}
