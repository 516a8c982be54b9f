/** Figures for Prometheus: the old gauges by their old names, and counters and histograms of requests. */
import type { Trace } from '../core/trace.ts';
import type { UsageTotal } from '../core/usage.ts';
import { type Counter, Exposition, type Histogram } from './exposition.ts';
import { genAiBounds, operationOf } from './gen-ai.ts';

/** What the gauges show; read when they are scraped, from memory alone. */
export interface GaugeSource {
  readonly queued: number;
  readonly running: number;
  readonly models: readonly { readonly model: string; readonly queued: number; readonly running: number }[];
  readonly reachable: boolean;
  readonly backends: readonly { readonly id: string; readonly up: boolean }[];
  /** Absent when not known. */
  readonly vramFreeMb?: number;
  readonly gpuUtilizationPct?: number;
  readonly jobsByStatus: Readonly<Record<string, number>>;
  readonly jobsByModel: readonly { readonly model: string; readonly status: string; readonly count: number }[];
  /** Counted since the process began. */
  readonly usage: readonly UsageTotal[];
}

export interface Metrics {
  observe(trace: Trace): void;
  /** Valid Prometheus text exposition. */
  render(): string;
  readonly contentType: string;
}

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const tokenBuckets = [16, 64, 256, 1024, 4096, 16384, 65536, 262144];

export function createMetrics(source: () => GaugeSource): Metrics {
  const figures = new Exposition();
  const gauges = createGauges(figures);
  const observe = createRequestFigures(figures);
  return {
    observe,
    contentType: figures.contentType,
    render() {
      gauges(source());
      return figures.render();
    },
  };
}

interface ModelFigures {
  readonly queue: Histogram;
  readonly first: Histogram;
  readonly total: Histogram;
  readonly promptTokens: Histogram;
  readonly completionTokens: Histogram;
}

function createRequestFigures(figures: Exposition): (trace: Trace) => void {
  const requests = figures.counter('oar_requests_total', 'Requests that ended, by how they ended.');
  const attempts = figures.counter('oar_backend_attempts_total', 'Tries on backends; code is the error, or ok.');
  const reaped = figures.counter('oar_reaped_total', 'Requests that were ended since their backend sent nothing for longer than its limits allow.');
  const queue = figures.histogram('oar_queue_seconds', 'Time from arrival to a free slot.', secondsBuckets);
  const first = figures.histogram('oar_first_byte_seconds', 'Time from arrival to the first part of the answer.', secondsBuckets);
  const total = figures.histogram('oar_request_seconds', 'Time from arrival to the end of the answer.', secondsBuckets);
  const tokens = figures.histogram('oar_request_tokens', 'Tokens of a request, as the backend counted them.', tokenBuckets);
  const genAi = createGenAiFigures(figures);
  const byModel = new Map<string, ModelFigures>();
  const ofModel = (model: string): ModelFigures => {
    const known = byModel.get(model);
    if (known !== undefined) return known;
    const created = { queue: queue({ model }), first: first({ model }), total: total({ model }), promptTokens: tokens({ model, kind: 'prompt' }), completionTokens: tokens({ model, kind: 'completion' }) };
    byModel.set(model, created);
    return created;
  };
  const requestsOf = remembered((dialect = '', model = '', backend = '', outcome = '', code = '') => requests({ dialect, model, backend, outcome, code }));
  const attemptsOf = remembered((backend = '', code = '') => attempts({ backend, code }));
  const reapedOn = remembered((backend = '', model = '') => reaped({ backend, model }));
  return (trace) => {
    // Only names that were really served become labels: what callers make up must not grow the table.
    requestsOf(trace.dialect, trace.servedModel ?? 'none', trace.backendId ?? 'none', trace.outcome, trace.error ?? 'none').inc();
    for (const attempt of trace.attempts) attemptsOf(attempt.backendId, attempt.error ?? 'ok').inc();
    for (const attempt of trace.attempts) if (attempt.reaped) reapedOn(attempt.backendId, attempt.model).inc();
    if (trace.servedModel === undefined) return;
    const { usage } = trace;
    const model = ofModel(trace.servedModel);
    model.queue.observe(trace.queueMs / 1000);
    if (trace.firstPartMs !== undefined) model.first.observe(trace.firstPartMs / 1000);
    model.total.observe(trace.totalMs / 1000);
    if (usage.promptTokens !== undefined) model.promptTokens.observe(usage.promptTokens);
    if (usage.completionTokens !== undefined) model.completionTokens.observe(usage.completionTokens);
    genAi(trace);
  };
}

interface GenAiFigures {
  readonly request: Histogram;
  readonly first: Histogram;
  readonly perToken: Histogram;
  readonly input: Histogram;
  readonly output: Histogram;
}

/** The same requests by the names of OpenTelemetry's conventions, for dashboards that know those. */
function createGenAiFigures(figures: Exposition): (trace: Trace) => void {
  const request = figures.histogram('gen_ai_server_request_duration_seconds', 'Time from arrival to the end of the answer.', genAiBounds.requestSeconds);
  const first = figures.histogram('gen_ai_server_time_to_first_token_seconds', 'Time from arrival to the first part of an answer that succeeded.', genAiBounds.firstTokenSeconds);
  const perToken = figures.histogram('gen_ai_server_time_per_output_token_seconds', 'Time for each token after the first, of answers that succeeded.', genAiBounds.perTokenSeconds);
  const tokens = figures.histogram('gen_ai_client_token_usage', 'Tokens of a request, as the backend counted them.', genAiBounds.tokens);
  const known = new Map<string, GenAiFigures>();
  const of = (model: string, dialect: string, error: string): GenAiFigures => {
    const key = `${model}\n${dialect}\n${error}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const operation = operationOf({ dialect });
    const labels = { gen_ai_operation_name: operation, gen_ai_provider_name: 'ollama-agent-router', gen_ai_response_model: model };
    const created = { request: request(error === '' ? labels : { ...labels, error_type: error }), first: first(labels), perToken: perToken(labels), input: tokens({ ...labels, gen_ai_token_type: 'input' }), output: tokens({ ...labels, gen_ai_token_type: 'output' }) };
    known.set(key, created);
    return created;
  };
  return ({ servedModel = '', error = '', dialect, firstPartMs, totalMs, usage }) => {
    const mine = of(servedModel, dialect, error);
    mine.request.observe(totalMs / 1000);
    const { promptTokens, completionTokens } = usage;
    if (promptTokens !== undefined) mine.input.observe(promptTokens);
    if (completionTokens !== undefined) mine.output.observe(completionTokens);
    if (error !== '' || firstPartMs === undefined) return;
    mine.first.observe(firstPartMs / 1000);
    if (completionTokens !== undefined && completionTokens > 1) mine.perToken.observe((totalMs - firstPartMs) / 1000 / (completionTokens - 1));
  };
}

/** Writing labels out costs more than counting: each set of them is looked up once. */
function remembered(create: (...labels: string[]) => Counter): (...labels: string[]) => Counter {
  const known = new Map<string, Counter>();
  let last: readonly string[] = [];
  let lastCounter: Counter | null = null;
  return (...labels) => {
    // Most requests end like the one before them.
    if (lastCounter !== null && labels.every((label, index) => label === last[index])) return lastCounter;
    const counter = find(labels);
    last = labels;
    lastCounter = counter;
    return counter;
  };
  function find(labels: string[]): Counter {
    const key = labels.join('\n');
    const found = known.get(key);
    if (found !== undefined) return found;
    const created = create(...labels);
    known.set(key, created);
    return created;
  }
}

function createGauges(figures: Exposition): (now: GaugeSource) => void {
  const queued = figures.gauge('oar_queue_global_queued', 'Requests waiting for a slot.');
  const running = figures.gauge('oar_queue_global_running', 'Requests being served.');
  const reachable = figures.gauge('oar_ollama_reachable', '1 when at least one backend answered its last probe.');
  const vramFree = figures.gauge('oar_gpu_vram_free_mb', 'Free memory of all GPUs together, in MiB.');
  const utilisation = figures.gauge('oar_gpu_utilization_pct', 'Utilisation of the busiest GPU, in percent.');
  const backendUp = figures.gauge('oar_backend_up', '1 when the backend answered its last probe.');
  const jobs = figures.gauge('oar_jobs_total', 'Jobs kept now, by status.');
  const jobsByModel = figures.gauge('oar_jobs', 'Jobs kept now, by status and model.');
  const modelQueued = figures.gauge('oar_model_queue_depth', 'Requests waiting, by the model they wait for.');
  const modelRunning = figures.gauge('oar_model_running', 'Requests being served, by model.');
  const tokens = figures.reading('oar_tokens_total', 'Tokens used since the router started; estimates where an answer broke off.');
  return (now) => {
    queued.set({}, now.queued);
    running.set({}, now.running);
    reachable.set({}, now.reachable ? 1 : 0);
    for (const gauge of [vramFree, utilisation, backendUp, jobs, jobsByModel, modelQueued, modelRunning]) gauge.clear();
    // A figure that is not known is not there at all, rather than NaN.
    if (now.vramFreeMb !== undefined) vramFree.set({}, now.vramFreeMb);
    if (now.gpuUtilizationPct !== undefined) utilisation.set({}, now.gpuUtilizationPct);
    for (const backend of now.backends) backendUp.set({ backend: backend.id }, backend.up ? 1 : 0);
    for (const [status, count] of Object.entries(now.jobsByStatus)) jobs.set({ status }, count);
    for (const row of now.jobsByModel) jobsByModel.set({ status: row.status, model: row.model }, row.count);
    for (const { backend, model, promptTokens, completionTokens } of now.usage) {
      tokens.set({ backend, model, kind: 'prompt' }, promptTokens);
      tokens.set({ backend, model, kind: 'completion' }, completionTokens);
    }
    for (const row of now.models) {
      modelQueued.set({ model: row.model }, row.queued);
      modelRunning.set({ model: row.model }, row.running);
    }
  };
}
