/** A llama-server that keeps several models, as its documentation describes it: handlers for the pretended backend. */
import type { ServerResponse } from 'node:http';
import type { FakeOptions, FakeRequest } from './backend.ts';

export type ModelState = 'unloaded' | 'loading' | 'loaded' | 'sleeping';

export interface RouterModel {
  readonly state?: ModelState;
  readonly aliases?: readonly string[];
  readonly vision?: boolean;
  /** Of one slot, when it is loaded. */
  readonly context?: number;
  readonly slots?: number;
  readonly failed?: boolean;
}

type Handlers = NonNullable<FakeOptions['handlers']>;

/** Part of the command line that it tells of each model: nobody else may see it. */
export const hiddenKey = 'sk-of-the-llama-server';

export class LlamaRouter {
  readonly states = new Map<string, ModelState>();
  /** Addresses that were asked for, with their queries. */
  readonly asked: string[] = [];
  readonly #models: Readonly<Record<string, RouterModel>>;
  #created = 1_700_000_000;

  constructor(models: Readonly<Record<string, RouterModel>>) {
    this.#models = models;
    for (const [name, { state }] of Object.entries(models)) this.states.set(name, state ?? 'unloaded');
  }

  get handlers(): Handlers {
    const at = (answer: (request: FakeRequest, query: URLSearchParams) => readonly [status: number, body: unknown]) => (request: FakeRequest, response: ServerResponse) => {
      const url = new URL(response.req.url ?? '/', 'http://any');
      this.asked.push(`${request.method} ${url.pathname}${url.search}`);
      const [status, body] = answer(request, url.searchParams);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    return {
      'GET /v1/models': at(() => [200, { object: 'list', data: Object.keys(this.#models).map((name) => this.#row(name)) }]),
      'GET /props': at((_request, query) => this.#properties(query.get('model'), query.get('autoload') !== 'false')),
      'POST /models/load': at((request) => this.#manage(request, (state) => (state === 'unloaded' ? 'loaded' : 'model is already running'))),
      'POST /models/unload': at((request) => this.#manage(request, (state) => (state === 'unloaded' ? 'model is not running' : 'unloaded'))),
    };
  }

  #row(name: string): object {
    const model = this.#models[name];
    const value = this.states.get(name);
    return {
      id: name,
      aliases: model?.aliases ?? [],
      tags: [],
      object: 'model',
      owned_by: 'llamacpp',
      created: this.#created++,
      path: `/home/somebody/${name}.gguf`,
      status: { value, args: ['llama-server', '--api-key', hiddenKey, '-c', '4096'], preset: `[${name}]\napi-key = ${hiddenKey}\n`, ...(model?.failed ? { failed: true, exit_code: 1 } : {}) },
      architecture: { input_modalities: ['text'], output_modalities: ['text'] },
      ...(value === 'loaded' || value === 'sleeping' ? { meta: { n_ctx_train: 131_072, n_params: 8_190_735_360, size: 5_027_783_488 } } : {}),
    };
  }

  /** Asked of a model that is not loaded it loads it, unless told not to. */
  #properties(name: string | null, autoload: boolean): readonly [number, unknown] {
    if (name === null) return [200, { role: 'router', max_instances: 4, models_autoload: true, model_alias: 'llama-server', model_path: 'none', default_generation_settings: { params: null, n_ctx: 0 }, build_info: 'b7777-0123456' }];
    const model = this.#models[name];
    if (model === undefined) return [400, problem(`model '${name}' not found`)];
    if (this.states.get(name) !== 'loaded' && !autoload) return [400, problem('model is not loaded')];
    this.states.set(name, 'loaded');
    return [200, { default_generation_settings: { n_ctx: model.context ?? 4096 }, total_slots: model.slots ?? 2, model_path: `/home/somebody/${name}.gguf`, chat_template_caps: { supports_tools: true }, modalities: { vision: model.vision ?? false, audio: false }, build_info: 'b7777-0123456', is_sleeping: false }];
  }

  #manage({ body }: FakeRequest, next: (state: ModelState) => string): readonly [number, unknown] {
    const name = typeof body?.['model'] === 'string' ? body['model'] : '';
    const state = this.states.get(name);
    if (state === undefined) return [404, { error: { code: 404, message: 'model is not found', type: 'not_found_error' } }];
    const after = next(state);
    if (after !== 'loaded' && after !== 'unloaded') return [400, problem(after)];
    this.states.set(name, after);
    return [200, { success: true }];
  }
}

function problem(message: string): object {
  return { error: { code: 400, message, type: 'invalid_request_error' } };
}
