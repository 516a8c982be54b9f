/** Figures for Prometheus: the old gauges by their old names, and counters and histograms of requests. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Trace } from '../core/trace.ts';

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
}

export interface Metrics {
  observe(trace: Trace): void;
  /** Valid Prometheus text exposition. */
  render(): Promise<string>;
  readonly contentType: string;
}

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const tokenBuckets = [16, 64, 256, 1024, 4096, 16384, 65536, 262144];

export function createMetrics(source: () => GaugeSource): Metrics {
  const registry = new Registry();
  const gauges = createGauges(registry);
  const observe = createRequestFigures(registry);
  return {
    observe,
    contentType: registry.contentType,
    render() {
      gauges(source());
      return registry.metrics();
    },
  };
}

function createRequestFigures(registry: Registry): (trace: Trace) => void {
  const registers = [registry];
  const requests = new Counter({ name: 'oar_requests_total', help: 'Requests that ended, by how they ended.', labelNames: ['dialect', 'model', 'backend', 'outcome', 'code'], registers });
  const attempts = new Counter({ name: 'oar_backend_attempts_total', help: 'Tries on backends; code is the error, or ok.', labelNames: ['backend', 'code'], registers });
  const queue = new Histogram({ name: 'oar_queue_seconds', help: 'Time from arrival to a free slot.', labelNames: ['model'], buckets: secondsBuckets, registers });
  const first = new Histogram({ name: 'oar_first_byte_seconds', help: 'Time from arrival to the first part of the answer.', labelNames: ['model'], buckets: secondsBuckets, registers });
  const total = new Histogram({ name: 'oar_request_seconds', help: 'Time from arrival to the end of the answer.', labelNames: ['model'], buckets: secondsBuckets, registers });
  const tokens = new Histogram({ name: 'oar_request_tokens', help: 'Tokens of a request, as the backend counted them.', labelNames: ['model', 'kind'], buckets: tokenBuckets, registers });
  const ofModel = remembered((model: string) => ({
    queue: queue.labels({ model }),
    first: first.labels({ model }),
    total: total.labels({ model }),
    promptTokens: tokens.labels({ model, kind: 'prompt' }),
    completionTokens: tokens.labels({ model, kind: 'completion' }),
  }));
  const attemptsOf = remembered((key: string) => {
    const [backend = '', code = ''] = key.split('\n');
    return attempts.labels({ backend, code });
  });
  const requestsOf = remembered((key: string) => {
    const [dialect = '', model = '', backend = '', outcome = '', code = ''] = key.split('\n');
    return requests.labels({ dialect, model, backend, outcome, code });
  });
  return (trace) => {
    // Only names that were really served become labels: what callers make up must not grow the table.
    requestsOf(`${trace.dialect}\n${trace.servedModel ?? 'none'}\n${trace.backendId ?? 'none'}\n${trace.outcome}\n${trace.error ?? 'none'}`).inc();
    for (const attempt of trace.attempts) attemptsOf(`${attempt.backendId}\n${attempt.error ?? 'ok'}`).inc();
    if (trace.servedModel === undefined) return;
    const figures = ofModel(trace.servedModel);
    figures.queue.observe(trace.queueMs / 1000);
    if (trace.firstPartMs !== undefined) figures.first.observe(trace.firstPartMs / 1000);
    figures.total.observe(trace.totalMs / 1000);
    if (trace.usage.promptTokens !== undefined) figures.promptTokens.observe(trace.usage.promptTokens);
    if (trace.usage.completionTokens !== undefined) figures.completionTokens.observe(trace.usage.completionTokens);
  };
}

/** Looking up labels costs more than counting: each set of them is looked up once. */
function remembered<T>(create: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const created = create(key);
    known.set(key, created);
    return created;
  };
}

function createGauges(registry: Registry): (now: GaugeSource) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge => new Gauge({ name, help, labelNames, registers: [registry] });
  const queued = gauge('oar_queue_global_queued', 'Requests waiting for a slot.');
  const running = gauge('oar_queue_global_running', 'Requests being served.');
  const reachable = gauge('oar_ollama_reachable', '1 when at least one backend answered its last probe.');
  const backendUp = gauge('oar_backend_up', '1 when the backend answered its last probe.', ['backend']);
  const modelQueued = gauge('oar_model_queue_depth', 'Requests waiting, by the model they wait for.', ['model']);
  const modelRunning = gauge('oar_model_running', 'Requests being served, by model.', ['model']);
  const jobs = gauge('oar_jobs_total', 'Jobs kept now, by status.', ['status']);
  const jobsByModel = gauge('oar_jobs', 'Jobs kept now, by status and model.', ['status', 'model']);
  const optional = new Map<string, Gauge>();
  /** A figure that is not known is not there at all, rather than NaN. */
  const setOptional = (name: string, help: string, value: number | undefined): void => {
    const known = optional.get(name);
    if (value === undefined) {
      if (known) registry.removeSingleMetric(name);
      optional.delete(name);
      return;
    }
    const target = known ?? gauge(name, help);
    optional.set(name, target);
    target.set(value);
  };
  return (now) => {
    queued.set(now.queued);
    running.set(now.running);
    reachable.set(now.reachable ? 1 : 0);
    for (const each of [backendUp, modelQueued, modelRunning, jobs, jobsByModel]) each.reset();
    for (const backend of now.backends) backendUp.set({ backend: backend.id }, backend.up ? 1 : 0);
    for (const row of now.models) {
      modelQueued.set({ model: row.model }, row.queued);
      modelRunning.set({ model: row.model }, row.running);
    }
    for (const [status, count] of Object.entries(now.jobsByStatus)) jobs.set({ status }, count);
    for (const row of now.jobsByModel) jobsByModel.set({ status: row.status, model: row.model }, row.count);
    setOptional('oar_gpu_vram_free_mb', 'Free memory of all GPUs together, in MiB.', now.vramFreeMb);
    setOptional('oar_gpu_utilization_pct', 'Utilisation of the busiest GPU, in percent.', now.gpuUtilizationPct);
  };
}
