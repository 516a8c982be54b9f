/** Every address of the router that the dashboard asks, in one place. */
import { call, send } from './request.ts';
import type { CaptureKey, Captured } from './capture-shapes.ts';
import type { AccessKey } from './key-shapes.ts';
import type * as shapes from './shapes.ts';
import type { Range } from './url-state.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

function query(values: Query): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

const at = encodeURIComponent;
const between = ({ from, to }: Range): Query => ({ start_ts: Math.floor(from), end_ts: Math.ceil(to) });

// ── what happened
export const traces = (filter: Query, signal?: AbortSignal) => call<{ traces: readonly shapes.TraceRow[]; next: string | null }>(`/dashboard/api/traces${query(filter)}`, { ...(signal && { signal }) });
export const trace = (id: string) => call<shapes.TraceRow>(`/dashboard/api/traces/${at(id)}`);
export const tracesFile = (filter: Query) => `/dashboard/api/traces/export${query(filter)}`;
export const trends = (range: Range, filter: Query = {}) => call<shapes.Trends>(`/dashboard/api/trends${query({ ...between(range), ...filter })}`);
export const overview = () => call<Readonly<Record<string, number>>>('/dashboard/api/overview');
export const models = (range: Range) => call<{ daily: readonly shapes.ModelDay[]; summary: readonly shapes.ModelSummary[] }>(`/dashboard/api/models${query(between(range))}`);
export const contextUsage = (days: number) => call<{ models: readonly shapes.ContextUsage[] }>(`/dashboard/api/context-usage${query({ days })}`);
export const apps = (range: Range, by?: string) => call<{ data: readonly shapes.TagRow[]; summary?: { readonly total_tokens?: number } }>(`/dashboard/api/apps${query({ ...between(range), by })}`);
export const appsDaily = (range: Range, by?: string) => call<{ data: readonly shapes.TagDay[] }>(`/dashboard/api/apps/daily${query({ ...between(range), by })}`);

// ── what is found and advised
export const health = () => call<shapes.HealthReport>('/dashboard/api/health');
export const recommendations = (refresh: boolean) => call<shapes.Plans>(`/dashboard/api/recommendations${query({ refresh: refresh ? 1 : undefined })}`);

// ── models on machines
export const storedModels = () => call<{ nodes: readonly shapes.NodeModels[] }>('/dashboard/api/model-management');
export const pins = () => call<{ env_pins?: readonly string[]; per_node: Readonly<Record<string, readonly string[]>>; max_count?: number }>('/dashboard/api/pinned-models');
export const pin = (node: string, model: string, pinned: boolean) => call('/dashboard/api/pinned-models', { method: 'POST', body: { node_id: node, model, pinned } });
export const deleteModel = (node: string, model: string) => call<{ ok: boolean; error?: string }>('/dashboard/api/delete', { method: 'POST', body: { node_id: node, model } });
export const pullModel = (backend: string, model: string, signal: AbortSignal) => send('/api/pull', { method: 'POST', body: { model, stream: true }, headers: { 'x-oar-backend': backend }, signal });
export const copyModel = (backend: string, source: string, destination: string) => send('/api/copy', { method: 'POST', body: { source, destination }, headers: { 'x-oar-backend': backend } });
export const unloadModel = (backend: string, model: string) => call('/api/generate', { method: 'POST', body: { model, keep_alive: 0, stream: false }, headers: { 'x-oar-backend': backend } });

// ── machines
export type NodeAct = 'approve' | 'drain' | 'undrain' | 'remove';
export const changeNode = (id: string, act: NodeAct) => call(`/fleet/nodes/${at(id)}/${act}`, { method: 'POST', body: {} });

// ── jobs
export const jobs = (before?: string) => call<{ jobs: readonly shapes.JobRow[] }>(`/v1/jobs${query({ limit: 200, before })}`);
export const job = (id: string) => call<shapes.JobRow>(`/v1/jobs/${at(id)}`);
export const jobResult = (id: string) => call<unknown>(`/v1/jobs/${at(id)}/result`);
export const cancelJob = (id: string) => call<shapes.JobRow>(`/v1/jobs/${at(id)}`, { method: 'DELETE' });
/** The same request once more, as a job of its own. */
export const again = (requestJson: string) => {
  const body = JSON.parse(requestJson) as Record<string, unknown>;
  return call(body['messages'] === undefined ? '/api/generate' : '/v1/chat/completions', { method: 'POST', body: { ...body, stream: false, router: { ...(body['router'] as object | undefined), mode: 'async', allowAsync: true } } });
};

// ── benchmarks
export const benchmarks = () => call<{ data: readonly shapes.BenchmarkRun[] }>('/dashboard/api/benchmarks');
export const startBenchmark = (form: Readonly<Record<string, unknown>>) => call<{ run_id: string }>('/dashboard/api/benchmarks/start', { method: 'POST', body: form });
export const benchmarkProgress = () => call<shapes.BenchmarkProgress>('/dashboard/api/benchmarks/progress');
export const cancelBenchmark = () => call('/dashboard/api/benchmarks/cancel', { method: 'POST', body: {} });

// ── settings and who may do what
export const settings = () => call<shapes.SettingsReport>('/dashboard/api/settings');
export const changeSettings = (change: Readonly<Record<string, unknown>>) => call<{ status: string; updated?: unknown; message?: string }>('/dashboard/api/settings', { method: 'POST', body: change });
export const session = () => call<shapes.Session>('/v1/session');
export const openSession = (key: string) => call<shapes.Session>('/v1/session', { method: 'POST', headers: { authorization: `Bearer ${key}` } });
export const closeSession = () => call('/v1/session', { method: 'DELETE' });

const asAdmin = (key: string) => ({ authorization: `Bearer ${key}` });
export const accessKeys = (admin: string) => call<{ version: number; keys: readonly AccessKey[] }>('/v1/admin/access/keys', { headers: asAdmin(admin) });
export const addKey = (admin: string, fields: Readonly<Record<string, unknown>>) => call<AccessKey & { key?: string }>('/v1/admin/access/keys', { method: 'POST', headers: asAdmin(admin), body: fields });
export const changeKey = (admin: string, id: string, fields: Readonly<Record<string, unknown>>) => call(`/v1/admin/access/keys/${at(id)}`, { method: 'PATCH', headers: asAdmin(admin), body: fields });
export const rotateKey = (admin: string, id: string) => call<AccessKey & { key?: string }>(`/v1/admin/access/keys/${at(id)}/rotate`, { method: 'POST', headers: asAdmin(admin), body: {} });
export const revokeKey = (admin: string, id: string) => call(`/v1/admin/access/keys/${at(id)}`, { method: 'DELETE', headers: asAdmin(admin) });

export const capture = (admin: string, id: string) => call<Captured>(`/v1/admin/traces/${at(id)}/capture`, { headers: asAdmin(admin) });
export const captureKeys = (admin: string) => call<{ keys: readonly CaptureKey[] }>('/v1/admin/captures/keys', { headers: asAdmin(admin) });
export const switchCapture = (admin: string, id: string, on: boolean) => call(`/v1/admin/captures/keys/${at(id)}`, { method: 'PUT', headers: asAdmin(admin), body: { on } });
/** A kept request as it is, answered to its end; the id of the new one. */
export const sendAgain = async (path: string, body: unknown): Promise<string> => {
  const answer = await send(path, { method: 'POST', body });
  await answer.text();
  return answer.headers.get('x-oar-request-id') ?? '';
};

// ── the models themselves
export const modelNames = () => call<{ data: readonly { id: string }[] }>('/v1/models').then(({ data }) => data.map(({ id }) => id));
export const chat = (body: Readonly<Record<string, unknown>>, backend: string, signal: AbortSignal) =>
  send('/v1/chat/completions', { method: 'POST', body, headers: { 'x-herd-tags': 'playground', ...(backend === '' ? {} : { 'x-oar-backend': backend }) }, signal });
