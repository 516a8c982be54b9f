/** What the router's JSON holds, as far as the dashboard reads it. Whatever is not known is absent; old routers leave out more. */
import type { Captured } from './capture-shapes.ts';

export interface LiveModel {
  readonly name: string;
  readonly state: 'loaded' | 'loading' | 'unloading' | 'cold';
  readonly size_gb?: number;
  readonly vram_gb?: number;
  readonly context_length?: number;
  readonly expires_at?: string;
  readonly pinned?: boolean;
  readonly running?: number;
  readonly slots?: number;
  readonly waiting?: number;
  readonly tokens_per_second?: number;
  readonly loading_ms?: number;
  readonly load_expected_ms?: number;
}

export interface LiveBackend {
  readonly id: string;
  readonly kind: string;
  readonly url?: string;
  readonly status: 'up' | 'down' | 'unknown';
  readonly problem?: string;
  readonly breaker?: 'open' | 'half-open';
  /** Models that failed there on their own. */
  readonly resting?: Readonly<Record<string, 'open' | 'half-open'>>;
  readonly version?: string;
  readonly models_available?: number;
  readonly models?: readonly LiveModel[];
}

export interface LiveGpu {
  readonly index: number;
  readonly name?: string;
  readonly vram_total_mb?: number;
  readonly vram_used_mb?: number;
  readonly utilization_pct?: number;
  readonly temperature_c?: number;
}

export interface LiveNode {
  readonly node_id: string;
  readonly name?: string;
  readonly source?: 'agent' | 'local' | 'static';
  readonly status: 'waiting' | 'online' | 'degraded' | 'offline';
  readonly draining?: boolean;
  readonly address?: string;
  readonly last_heard_ms_ago?: number;
  readonly agent_version?: string;
  readonly hardware?: { readonly chip?: string; readonly arch?: string; readonly os?: string; readonly memory_total_gb?: number; readonly cores_physical?: number; readonly memory_bandwidth_gbps?: number };
  readonly cpu?: { readonly utilization_pct?: number };
  readonly memory?: { readonly total_gb?: number; readonly used_gb?: number; readonly available_gb?: number; readonly pressure?: 'normal' | 'warn' | 'critical' };
  readonly disk?: { readonly total_gb?: number; readonly available_gb?: number };
  readonly thermal?: { readonly state?: string; readonly temperature_c?: number };
  readonly gpus?: readonly LiveGpu[];
  readonly capacity?: { readonly mode?: string; readonly availability?: number; readonly reason?: string };
  readonly backends?: readonly LiveBackend[];
}

export interface LiveWaiting {
  readonly request_id: string;
  readonly model: string;
  readonly key?: string;
  readonly user?: string;
  readonly address?: string;
  readonly priority?: 'low' | 'normal' | 'high';
  readonly position?: number;
  readonly age_ms: number;
  readonly expected_ms?: number;
  readonly why?: string;
}

export interface LiveState {
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly router_version?: string;
  readonly totals?: {
    readonly nodes_up?: number;
    readonly nodes_total?: number;
    readonly running?: number;
    readonly waiting?: number;
    readonly oldest_wait_ms?: number;
    readonly tokens_per_second?: number;
    readonly health_score?: number;
    /** Findings that are worse than a remark. */
    readonly health_findings?: number;
  };
  readonly nodes: readonly LiveNode[];
  readonly waiting?: readonly LiveWaiting[];
  readonly waiting_count?: number;
}

export interface Term {
  readonly signal: string;
  readonly value: number;
  readonly unit?: 'points' | 'ms';
}

/** A place that was looked at for a request. */
export interface ConsideredRow {
  readonly backend: string;
  readonly node_id?: string | null;
  readonly model?: string;
  readonly total?: number | null;
  readonly terms?: readonly Term[];
  /** Why it was out of the question, in words. */
  readonly veto?: string | null;
}

export interface TraceAttempt {
  readonly backend: string;
  readonly node_id?: string | null;
  readonly model?: string;
  /** Epoch seconds. */
  readonly started_at: number;
  /** Since the attempt began. */
  readonly first_part_ms?: number | null;
  readonly ended_ms?: number | null;
  readonly error_code?: string | null;
  readonly error_message?: string | null;
  readonly terms?: readonly Term[];
  readonly considered?: readonly ConsideredRow[];
}

export interface TraceRow {
  readonly request_id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly model: string | null;
  readonly original_model?: string | null;
  readonly node_id?: string | null;
  readonly backend?: string | null;
  readonly score?: number | null;
  readonly owner?: string;
  readonly user?: string | null;
  readonly client_ip?: string;
  readonly dialect?: string;
  readonly task?: string | null;
  readonly task_type?: string | null;
  readonly plane?: string;
  readonly job_id?: string | null;
  readonly stream?: boolean;
  /** In the words of the old system; `outcome` in ours. */
  readonly status: string;
  readonly outcome?: string;
  readonly status_code?: number;
  readonly error_code?: string | null;
  readonly error_message?: string | null;
  readonly decision?: string | null;
  readonly instead?: 'fallback' | 'substitute' | null;
  readonly queue_ms?: number | null;
  readonly load_ms?: number | null;
  readonly time_to_first_token_ms?: number | null;
  readonly latency_ms?: number | null;
  readonly prompt_tokens?: number | null;
  readonly completion_tokens?: number | null;
  readonly cached_tokens?: number | null;
  readonly reasoning_tokens?: number | null;
  readonly tokens_estimated?: boolean;
  readonly retry_count?: number;
  readonly tags?: readonly string[];
  readonly rewrites?: readonly string[];
  readonly attempts?: readonly TraceAttempt[];
  readonly considered?: readonly ConsideredRow[];
  /** The request as it was kept, where its key allows that. */
  readonly captured?: Captured | null;
}

export interface TrendRow {
  /** Epoch seconds at which the bucket begins. */
  readonly hour_bucket: number;
  readonly group?: string;
  readonly request_count: number;
  readonly completed_count?: number;
  readonly failed_count?: number;
  readonly avg_latency_ms?: number | null;
  readonly latency_p50_ms?: number | null;
  readonly latency_p95_ms?: number | null;
  readonly latency_p99_ms?: number | null;
  readonly avg_ttft_ms?: number | null;
  readonly ttft_p50_ms?: number | null;
  readonly ttft_p95_ms?: number | null;
  readonly ttft_p99_ms?: number | null;
  readonly total_prompt_tokens?: number;
  readonly total_completion_tokens?: number;
}

export interface Trends {
  readonly hours: number;
  readonly bucket_s?: number;
  readonly data: readonly TrendRow[];
}

export interface ModelSummary {
  readonly model_name: string;
  readonly total_requests: number;
  readonly avg_latency_ms?: number | null;
  readonly min_latency_ms?: number | null;
  readonly max_latency_ms?: number | null;
  readonly avg_ttft_ms?: number | null;
  readonly tokens_per_second?: number | null;
  readonly failed_count?: number;
  readonly total_prompt_tokens?: number;
  readonly total_completion_tokens?: number;
  /** Epoch seconds. */
  readonly first_seen?: number;
  readonly last_seen?: number;
}

export interface ModelDay {
  readonly model_name: string;
  readonly day_bucket: number;
  readonly request_count: number;
  readonly avg_latency_ms?: number | null;
  readonly total_prompt_tokens?: number;
  readonly total_completion_tokens?: number;
}

export interface ContextUsage {
  readonly model: string;
  readonly allocated_ctx?: number | null;
  readonly override_ctx?: number | null;
  readonly request_count: number;
  readonly total_tokens?: { readonly p95?: number | null; readonly p99?: number | null; readonly max?: number | null };
  readonly utilization_pct?: number | null;
  readonly recommended_ctx?: number | null;
  readonly savings_pct?: number | null;
}

export interface StoredModel {
  readonly name: string;
  readonly category?: string;
  readonly size_gb?: number;
  readonly parameter_size?: string;
  readonly quantization?: string;
  readonly last_used?: number | string | null;
  readonly days_unused?: number | null;
  readonly total_requests?: number;
  readonly loaded_in_vram?: boolean;
  readonly unused?: boolean;
}

export interface NodeModels {
  readonly node_id: string;
  readonly models: readonly StoredModel[];
  readonly total_size_gb?: number;
  readonly disk_available_gb?: number | null;
  readonly disk_total_gb?: number | null;
}

export interface TagRow {
  readonly tag: string;
  readonly request_count: number;
  readonly completed_count?: number;
  readonly failed_count?: number;
  readonly avg_latency_ms?: number | null;
  readonly avg_ttft_ms?: number | null;
  readonly total_prompt_tokens?: number;
  readonly total_completion_tokens?: number;
}

export interface TagDay {
  readonly tag: string;
  readonly day_bucket: number;
  readonly request_count: number;
  readonly avg_latency_ms?: number | null;
  readonly total_tokens?: number;
}

export interface Finding {
  readonly check_id: string;
  readonly severity: 'critical' | 'warning' | 'info' | 'resolved';
  readonly title: string;
  readonly description?: string;
  readonly fix?: string;
  readonly command?: string;
  readonly node_id?: string | null;
  readonly resolved_at?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface HealthReport {
  readonly vitals: Readonly<Record<string, number | null>>;
  readonly recommendations: readonly Finding[];
  readonly checked_at?: number | string;
}

export interface Recommendation {
  readonly model: string;
  readonly display_name?: string;
  readonly category?: string;
  readonly ram_gb?: number;
  readonly quality_score?: number | null;
  readonly reason?: string;
  readonly priority?: 'high' | 'medium' | 'low';
  readonly already_available?: boolean;
}

export interface NodePlan {
  readonly node_id: string;
  readonly total_ram_gb?: number;
  readonly usable_ram_gb?: number;
  readonly current_models?: readonly (string | { readonly name: string; readonly size_gb?: number })[];
  readonly recommendations: readonly Recommendation[];
  readonly disk_available_gb?: number | null;
  /** Of what is recommended, what is there already. */
  readonly kept_ram_gb?: number;
  readonly total_recommended_ram_gb?: number;
  readonly ram_headroom_gb?: number;
}

export interface Plans {
  readonly nodes: readonly NodePlan[];
  readonly uncovered_categories?: readonly string[];
  readonly generated_at?: number | string;
}

export interface BenchmarkRun {
  readonly run_id: string;
  readonly timestamp?: number;
  readonly status?: string;
  readonly mode?: string;
  readonly duration_s?: number;
  readonly total_requests?: number;
  readonly total_failures?: number;
  readonly total_prompt_tokens?: number;
  readonly total_completion_tokens?: number;
  readonly requests_per_sec?: number | null;
  readonly tokens_per_sec?: number | null;
  readonly latency_p50_ms?: number | null;
  readonly latency_p95_ms?: number | null;
  readonly ttft_p50_ms?: number | null;
  readonly ttft_p95_ms?: number | null;
  readonly fleet_snapshot?: unknown;
  readonly per_model_results?: unknown;
  readonly per_node_results?: unknown;
}

export interface BenchmarkProgress {
  /** Absent where the router runs no benchmarks by itself. */
  readonly status?: string;
  readonly phase?: string;
  readonly run_id?: string | null;
  readonly elapsed?: number;
  readonly duration?: number;
  readonly requests_completed?: number;
  readonly requests_failed?: number;
  readonly tok_per_sec?: number;
  readonly models?: readonly string[];
  readonly error?: string | null;
}

export interface JobRow {
  readonly id: string;
  readonly status: string;
  readonly task_type?: string;
  readonly selected_model?: string;
  readonly priority?: string | number;
  readonly attempts?: number;
  readonly created_at?: string;
  readonly started_at?: string | null;
  readonly finished_at?: string | null;
  readonly expires_at?: string | null;
  readonly request_json?: string;
  readonly result_json?: string | null;
  readonly error_json?: string | null;
}

export interface Session {
  readonly kind: 'anonymous' | 'key';
  readonly id: string;
  readonly scopes: readonly string[];
}

export interface SettingsReport {
  readonly router_version?: string;
  readonly router_hostname?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly nodes?: readonly Readonly<Record<string, unknown>>[];
  /** All of the configuration, under the keys of its file; an older router tells none. */
  readonly configuration?: readonly { readonly key: string; readonly value: unknown; readonly source: string }[];
}
