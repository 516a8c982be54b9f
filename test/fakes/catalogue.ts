/** What a pretended inference server tells about itself, without any network: the listing answers of several kinds of servers. */
import type { ProbeClient, BackendKind, BackendSettings } from '../../src/backends/backend.ts';

export type Software = 'ollama' | 'llama-server' | 'vllm' | 'lm-studio' | 'openai' | 'anthropic';

export interface FakeModel {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly contextLength?: number;
  /** In Ollama's words: `completion`, `tools`, `vision`, `embedding` … */
  readonly capabilities?: readonly string[];
  readonly family?: string;
  readonly parameterSize?: string;
  readonly quantization?: string;
  readonly digest?: string;
  readonly modifiedAt?: string;
}

export interface ListingAnswer {
  readonly status: number;
  readonly body: unknown;
}

export class FakeCatalogue {
  readonly software: Software;
  models: readonly FakeModel[];
  /** Names of the models in memory. */
  readonly resident = new Set<string>();
  /** Ollama: what a model is in memory with; it is loaded anew for a request that wants another context. */
  readonly contexts = new Map<string, number>();
  /** Ollama: what a request that names no context gets. */
  usualContext = 4096;
  /** Ollama: how often each model was loaded. */
  readonly loads = new Map<string, number>();
  version = '0.12.6';
  /** llama-server's slots. */
  slots = 2;
  /** How many models the Anthropic API lists at once at most. */
  pageSize = 1000;
  /** Paths that this version of the server does not have. */
  readonly missing = new Set<string>();

  constructor(software: Software, models: readonly FakeModel[]) {
    this.software = software;
    this.models = models;
  }

  has(name: string): boolean {
    return this.models.some((model) => model.name === name || model.name === `${name}:latest`);
  }

  /** A request for a model arrives; as Ollama does it, one without `num_ctx` wants the usual context. */
  use(name: string, context: number | undefined): void {
    const wanted = context ?? this.usualContext;
    if (this.resident.has(name) && (this.software !== 'ollama' || this.#contextOf(name) === wanted)) return;
    this.resident.add(name);
    this.contexts.set(name, wanted);
    this.loads.set(name, (this.loads.get(name) ?? 0) + 1);
  }

  #contextOf(name: string): number {
    return this.contexts.get(name) ?? this.usualContext;
  }

  /** The answer to a listing path; 404 in the server's own words for any other. */
  answer(path: string, body: unknown, query: URLSearchParams = new URLSearchParams()): ListingAnswer {
    const answer = this.missing.has(path) ? undefined : this.#answers(path, body, query);
    return answer ?? notFound(this.software);
  }

  #answers(path: string, body: unknown, query: URLSearchParams): ListingAnswer | undefined {
    if (this.software === 'anthropic') return path === '/v1/models' ? ok(this.#page(query)) : undefined;
    if (path === '/v1/models') return ok({ object: 'list', data: this.models.map((model) => this.#openAiRow(model)) });
    if (this.software === 'ollama') return this.#ollama(path, body);
    if (this.software === 'llama-server' && path === '/props') {
      return ok({ total_slots: this.slots, default_generation_settings: { n_ctx: this.models[0]?.contextLength ?? 4096 }, build_info: 'b4567-abcdef0' });
    }
    if (this.software === 'vllm' && path === '/version') return ok({ version: this.version });
    if (this.software === 'lm-studio' && path === '/api/v0/models') return ok({ object: 'list', data: this.models.map((model) => this.#lmStudioRow(model)) });
    return undefined;
  }

  #ollama(path: string, body: unknown): ListingAnswer | undefined {
    if (path === '/api/version') return ok({ version: this.version });
    if (path === '/api/tags') return ok({ models: this.models.map(tagRow) });
    if (path === '/api/ps') return ok({ models: this.models.filter((model) => this.resident.has(model.name)).map((model) => residentRow(model, this.#contextOf(model.name))) });
    if (path !== '/api/show') return undefined;
    const { model: name } = body as { model?: string };
    const model = this.models.find((one) => one.name === name);
    return model ? ok(showOf(model)) : { status: 404, body: { error: `model '${name}' not found` } };
  }

  /** A page of the Anthropic API's list. */
  #page(query: URLSearchParams): object {
    const after = query.get('after_id');
    const from = after === null ? 0 : this.models.findIndex((model) => model.name === after) + 1;
    const shown = this.models.slice(from, from + Math.min(this.pageSize, Number(query.get('limit') ?? 20)));
    return { data: shown.map(anthropicRow), has_more: from + shown.length < this.models.length, first_id: shown[0]?.name ?? null, last_id: shown.at(-1)?.name ?? null };
  }

  #openAiRow(model: FakeModel): object {
    const row = { id: model.name, object: 'model', created: 1_700_000_000 };
    switch (this.software) {
      case 'ollama':
        return { ...row, owned_by: 'library' };
      case 'llama-server':
        return { ...row, owned_by: 'llamacpp', meta: { n_ctx_train: (model.contextLength ?? 4096) * 4, size: model.sizeBytes } };
      case 'vllm':
        return { ...row, owned_by: 'vllm', max_model_len: model.contextLength };
      case 'lm-studio':
        return { ...row, owned_by: 'organization_owner' };
      case 'openai':
      case 'anthropic':
        return { ...row, owned_by: 'system' };
    }
  }

  #lmStudioRow(model: FakeModel): object {
    return {
      id: model.name,
      object: 'model',
      type: model.capabilities?.includes('embedding') ? 'embeddings' : model.capabilities?.includes('vision') ? 'vlm' : 'llm',
      arch: model.family,
      quantization: model.quantization,
      state: this.resident.has(model.name) ? 'loaded' : 'not-loaded',
      max_context_length: model.contextLength,
      ...(this.resident.has(model.name) ? { loaded_context_length: 2048 } : {}),
    };
  }
}

/** Probes a catalogue as if over the network: an answer other than 200 is read by the kind. `asked` gathers the paths. */
export function catalogueClient(catalogue: FakeCatalogue, kind: BackendKind, settings: BackendSettings, asked: string[] = []): ProbeClient {
  const ask = async (path: string, body: unknown): Promise<unknown> => {
    const { pathname, searchParams } = new URL(kind.urlFor(settings, path));
    asked.push(pathname);
    const answer = catalogue.answer(pathname, body, searchParams);
    if (answer.status !== 200) throw kind.readError(answer.status, JSON.stringify(answer.body), settings);
    return structuredClone(answer.body);
  };
  return { get: (path) => ask(path, undefined), post: ask };
}

function ok(body: unknown): ListingAnswer {
  return { status: 200, body };
}

function notFound(software: Software): ListingAnswer {
  if (software === 'ollama') return { status: 404, body: '404 page not found' };
  if (software === 'lm-studio') return ok({ error: 'Unexpected endpoint or method.' });
  if (software === 'anthropic') return { status: 404, body: { type: 'error', error: { type: 'not_found_error', message: 'Not Found' }, request_id: 'req_fake' } };
  return { status: 404, body: { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } } };
}

/** Capabilities are told only of models that are given some. */
function anthropicRow(model: FakeModel): object {
  const can = (word: string): object => ({ supported: model.capabilities?.includes(word) === true });
  return {
    type: 'model',
    id: model.name,
    display_name: model.name,
    created_at: model.modifiedAt ?? '2026-01-02T03:04:05Z',
    max_input_tokens: model.contextLength ?? null,
    capabilities: model.capabilities && !model.capabilities.includes('embedding') ? { image_input: can('vision'), thinking: { ...can('thinking'), types: {} } } : null,
  };
}

function digestOf(model: FakeModel): string {
  return model.digest ?? `sha256:${Buffer.from(model.name).toString('hex').padEnd(64, '0').slice(0, 64)}`;
}

function detailsOf(model: FakeModel): object {
  return { format: 'gguf', family: model.family ?? 'llama', parameter_size: model.parameterSize ?? '1B', quantization_level: model.quantization ?? 'Q4_K_M' };
}

function tagRow(model: FakeModel): object {
  return { name: model.name, model: model.name, modified_at: model.modifiedAt ?? '2026-01-02T03:04:05Z', size: model.sizeBytes ?? 1_000_000_000, digest: digestOf(model), details: detailsOf(model) };
}

function residentRow(model: FakeModel, context: number): object {
  const size = model.sizeBytes ?? 1_000_000_000;
  return { name: model.name, model: model.name, size, digest: digestOf(model), details: detailsOf(model), expires_at: '2099-01-01T00:00:00Z', size_vram: size, context_length: context };
}

function showOf(model: FakeModel): object {
  const family = model.family ?? 'llama';
  return {
    license: 'A very long licence.',
    modelfile: `FROM ${model.name}\nLICENSE """A very long\nlicence."""\n`,
    template: '{{ .Prompt }}',
    details: detailsOf(model),
    model_info: { 'general.architecture': family, [`${family}.context_length`]: model.contextLength ?? 8192 },
    capabilities: model.capabilities ?? ['completion'],
  };
}
