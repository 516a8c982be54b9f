/** A whole router in this process, over real sockets, for flow tests. */
import { backends as kinds } from '../../src/backends/index.gen.ts';
import { planBackends } from '../../src/app/backend-plan.ts';
import { type RouterOptions, type RunningRouter, startRouter } from '../../src/app/start-router.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Trace } from '../../src/core/trace.ts';
import { requestMembers } from '../../src/telemetry/request-line.ts';
import type { RequestLog } from '../../src/telemetry/telemetry.ts';
import { systemClock } from '../../src/util/system-clock.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestRouter extends RunningRouter {
  readonly lines: readonly LogLine[];
  /** Of the finished requests, in order; empty when `parts` has its own log. */
  readonly traces: readonly Trace[];
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

/** `config` as a file would have it; the store is memory and the port any free one unless it says otherwise. */
export async function startTestRouter(config: Record<string, unknown>, parts: Partial<RouterOptions> = {}): Promise<TestRouter> {
  const server = { port: 0, ...((config.server as object | undefined) ?? {}) };
  const parsed = configSchema.parse({ gpu: { provider: 'none' }, store: { kind: 'memory' }, ...config, server });
  const fromFile = {
    models: parsed.models.length > 0,
    ollamaKeepAlive: (config.ollama as { keepAlive?: unknown } | undefined)?.keepAlive !== undefined,
    backends: parsed.backends !== undefined,
    ollamaBaseUrl: (config.ollama as { baseUrl?: unknown } | undefined)?.baseUrl !== undefined,
    gpu: config.gpu !== undefined,
    store: true,
  };
  const loaded = { config: parsed, fromFile };
  const plan = await planBackends({ loaded, kinds: new Map(kinds.map((kind) => [kind.kind, kind])), detect: () => Promise.resolve([]) });
  const lines: LogLine[] = [];
  const traces: Trace[] = [];
  const router = await startRouter({ loaded, backends: plan.backends, clock: systemClock, log: memoryLog(lines, traces), version: '0.0.0-test', probeIntervalMs: 200, ...parts });
  return {
    ...router,
    lines,
    traces,
    post: (path, body, headers = {}) => fetch(`${router.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    get: (path, headers = {}) => fetch(`${router.url}${path}`, { headers }),
  };
}

function memoryLog(lines: LogLine[], traces: Trace[]): RequestLog {
  const add = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void lines.push({ level, message, fields });
  const request = (trace: Trace): void => {
    traces.push(trace);
    add('info')(JSON.parse(`{${requestMembers(trace)}}`), 'request');
  };
  return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error'), flush: () => Promise.resolve(), request };
}

/** A file's model with everything that the old program required. */
export function model(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, sizeGb: 1, purpose: [], priority: 50, maxConcurrent: 1, costClass: 'medium', allowWhenBusy: true, ...more };
}

