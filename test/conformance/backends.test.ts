/** What every kind of backend keeps, whatever server it is for. */
import { describe, expect, test } from 'vitest';
import { backends } from '../../src/backends/index.gen.ts';
import type { BackendKind, BackendSettings, ProbeClient } from '../../src/backends/backend.ts';
import { RouterError, type ErrorCode } from '../../src/core/errors.ts';
import { catalogueClient, FakeCatalogue, type FakeModel, type Software } from '../fakes/catalogue.ts';

const software: readonly Software[] = ['ollama', 'llama-server', 'vllm', 'lm-studio', 'openai', 'anthropic'];
const models: readonly FakeModel[] = [{ name: 'qwen3:8b', sizeBytes: 5_200_000_000, contextLength: 40_960, family: 'qwen3', capabilities: ['completion', 'tools'] }, { name: 'nomic-embed-text:latest', family: 'nomic-bert', capabilities: ['embedding'] }];

function settingsFor(kind: BackendKind, more: Partial<BackendSettings> = {}): BackendSettings {
  return { id: 'studio', kind: kind.kind, url: 'http://studio.lan:9000', apiKey: 'sk-secret', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 }, ...more };
}

const failing = (error: unknown): ProbeClient => ({ get: () => Promise.reject(error), post: () => Promise.reject(error) });

test('kinds are unique', () => {
  expect(new Set(backends.map((kind) => kind.kind)).size).toBe(backends.length);
});

describe.each(backends.map((kind) => [kind.kind, kind] as const))('%s', (_name, kind) => {
  const settings = settingsFor(kind);

  test('has a label, speaks something, and its usual addresses are addresses', () => {
    expect(kind.label).not.toBe('');
    expect(kind.speaks.length).toBeGreaterThan(0);
    for (const { name, url } of kind.usualAddresses) {
      expect(name).not.toBe('');
      expect(new URL(url).protocol).toBe('http:');
    }
  });

  test('keeps the address and its path, and adds the dialect\'s path', () => {
    expect(kind.urlFor(settings, '/v1/chat/completions')).toBe('http://studio.lan:9000/v1/chat/completions');
    expect(kind.urlFor(settingsFor(kind, { url: 'https://h/proxy/llm/' }), '/v1/chat/completions')).toBe('https://h/proxy/llm/v1/chat/completions');
  });

  test('detection never throws and says no to what is no inference server', async () => {
    const nothing = [new RouterError('backend_unreachable', 'refused'), new RouterError('backend_protocol', 'HTML'), new TypeError('bug')];
    for (const error of nothing) expect(await kind.detect(failing(error))).toBe(false);
    for (const value of [null, [], 'ok', 1, {}, { error: 'no' }]) {
      expect(await kind.detect({ get: () => Promise.resolve(value), post: () => Promise.resolve(value) })).toBe(false);
    }
  });

  test('what it detects, it can probe: every model is listed, and unknown values are absent', async () => {
    for (const name of software) {
      const client = catalogueClient(new FakeCatalogue(name, models), kind, settings);
      if (!(await kind.detect(client))) continue;
      const report = await kind.probe(client, settings, null);
      expect(report.models.map((model) => model.name)).toEqual(models.map((model) => model.name));
      expect(report.models[1]?.capabilities).toEqual(['embedding']);
      for (const value of report.models.flatMap((model) => Object.entries(model)).filter(([key]) => key !== 'row' && key !== 'show')) {
        expect(value[1]).not.toBeNull();
        expect(value[1]).not.toBeUndefined();
        expect(value[1]).not.toBeNaN();
      }
    }
  });

  test('the same answers give the same report', async () => {
    for (const name of software) {
      const client = catalogueClient(new FakeCatalogue(name, models), kind, settings);
      if (!(await kind.detect(client))) continue;
      const first = await kind.probe(client, settings, null);
      const second = await kind.probe(client, settings, first);
      expect(second).toEqual(first);
      // What is derived from a list is kept as long as the list itself.
      expect(second.models).toBe(first.models);
    }
  });

  test('a probe of what does not answer rejects with the reason', async () => {
    const refused = new RouterError('backend_unreachable', 'refused');
    await expect(kind.probe(failing(refused), settings, null)).rejects.toBe(refused);
  });

  test('odd values in the lists are left out, and never end a probe', async () => {
    const odd = [null, 1, 'x', {}, { id: '', name: '' }, { id: 'ok', name: 'ok', size: 'big', digest: 7, details: null, max_model_len: Number.NaN, meta: [] }];
    const client: ProbeClient = { get: () => Promise.resolve({ models: odd, data: odd, version: 5 }), post: () => Promise.resolve({ model_info: null, capabilities: 'all' }) };
    const report = await kind.probe(client, settings, null);
    expect(report.models.map((model) => model.name)).toEqual(['ok']);
    expect(report.models[0]).not.toHaveProperty('sizeBytes');
    expect(report.models[0]).not.toHaveProperty('contextLength');
    expect(report).not.toHaveProperty('version');
  });

  const errors: readonly (readonly [status: number, body: string, code: ErrorCode, seen: number, text: string])[] = [
    [400, '{"error":"bad format"}', 'backend_rejected', 400, 'bad format'],
    [413, '{"error":{"message":"too many images"}}', 'backend_rejected', 413, 'too many images'],
    [415, '', 'backend_rejected', 415, 'status 415'],
    [422, '{"detail":[{"loc":["body","n"],"msg":"must be positive"}]}', 'backend_rejected', 422, 'must be positive'],
    [401, '{"error":{"message":"Invalid API key"}}', 'backend_failed', 502, 'apiKey'],
    [403, 'forbidden', 'backend_failed', 502, 'forbidden'],
    [404, '{"error":"model \\"x\\" not found, try pulling it first"}', 'backend_failed', 404, 'try pulling'],
    [404, '<html><head><title>404</title></head><body><h1>Not Found</h1></body></html>', 'backend_failed', 502, 'Not Found'],
    [429, '{"error":{"message":"slow down"}}', 'backend_failed', 503, 'slow down'],
    [503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}', 'backend_failed', 503, 'Loading model'],
    [500, '{"error":"model requires more system memory (5.0 GiB) than is available (2.0 GiB)"}', 'backend_failed', 502, 'more system memory'],
    [502, 'Bad Gateway', 'backend_failed', 502, 'Bad Gateway'],
    [301, '', 'backend_failed', 502, '301'],
  ];
  test.each(errors)('an error answer %i %s is %s', (status, body, code, seen, text) => {
    const error = kind.readError(status, body, settings);
    expect(error).toMatchObject({ code, status: seen });
    expect(error.message).toContain('studio');
    expect(error.message).toContain(text);
    expect(error.details.backend).toBe('studio');
    expect(error.retryElsewhere).toBe(code === 'backend_failed');
    if (seen === 503) expect(error.details.retryAfterMs).toBeGreaterThan(0);
  });

  const busy: readonly (readonly [who: string, status: number, body: string])[] = [
    ['Ollama', 503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}'],
    ['llama-server', 503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}'],
    ['vLLM', 503, '{"object":"error","message":"Server overloaded","type":"ServiceUnavailableError","code":503}'],
    ['a cloud', 429, '{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}'],
  ];
  test.each(busy)('%s that is busy is tried again elsewhere and is no broken backend', (_who, status, body) => {
    const error = kind.readError(status, body, settings);
    expect(error).toMatchObject({ status: 503, retryElsewhere: true, details: { busy: true } });
  });

  test('a backend that fails is not taken for a busy one', () => {
    for (const status of [400, 401, 404, 500, 502, 504]) expect(kind.readError(status, '{"error":"it went wrong"}', settings).details.busy).toBeUndefined();
  });

  const lacking: readonly (readonly [who: string, status: number, body: string])[] = [
    ['Ollama', 404, '{"error":"model \'x:1b\' not found"}'],
    ['vLLM', 404, '{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}'],
    ['llama-server', 400, '{"error":{"code":400,"message":"model \'x\' not found","type":"invalid_request_error"}}'],
    ['LM Studio', 400, '{"error":{"message":"Model \\"x\\" not found.","type":"invalid_request_error","param":"model","code":"model_not_found"}}'],
    ['OpenAI', 404, '{"error":{"message":"The model `x` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}'],
  ];
  test.each(lacking)('a model that %s does not have may be elsewhere', (_who, status, body) => {
    expect(kind.readError(status, body, settings)).toMatchObject({ code: 'backend_failed', status: 404, retryElsewhere: true });
  });

  test('a refusal that only speaks of a model is the caller\'s', () => {
    for (const message of ['this model does not support tools', 'the model must be a string', 'invalid model name']) {
      expect(kind.readError(400, JSON.stringify({ error: message }), settings)).toMatchObject({ code: 'backend_rejected', status: 400 });
    }
  });

  test('an error keeps the server\'s type and field, and never grows without bound', () => {
    const typed = kind.readError(400, '{"error":{"message":"bad","type":"invalid_request_error","param":"messages[0].role","code":null}}', settings);
    expect(typed.details).toMatchObject({ upstreamType: 'invalid_request_error', param: 'messages[0].role' });
    expect(kind.readError(500, 'x'.repeat(100_000), settings).message.length).toBeLessThan(500);
    expect(kind.readError(500, JSON.stringify({ error: 'x'.repeat(100_000) }), settings).message.length).toBeLessThan(2500);
  });

  const overflows: readonly (readonly [who: string, status: number, body: string, numbers: readonly number[]])[] = [
    ['llama.cpp', 400, '{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5120,"n_ctx":4096}}', [5120, 4096]],
    ['vLLM', 400, '{"object":"error","message":"This model\'s maximum context length is 4096 tokens. However, you requested 5120 tokens (5000 in the messages, 120 in the completion).","type":"BadRequestError","code":400}', [5120, 4096]],
    ['SGLang', 400, '{"message":"The input (5120 tokens) is longer than the model\'s context length (4096 tokens)."}', [5120, 4096]],
    ['OpenAI', 400, '{"error":{"message":"Too much.","type":"invalid_request_error","code":"context_length_exceeded"}}', []],
    ['Ollama', 400, '{"error":"the input length exceeds the context length"}', []],
    ['Anthropic', 400, '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 5120 tokens > 4096 maximum"}}', [5120, 4096]],
    ['Anthropic, with the answer', 400, '{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 5120 + 64 > 4096, decrease input length or `max_tokens` and try again"}}', [5120, 4096]],
    ['LM Studio', 400, '{"error":"Trying to keep the first 5120 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough."}', [5120, 4096]],
  ];
  test.each(overflows)('a prompt that is too long for %s is context_overflow with both numbers', (_who, status, body, numbers) => {
    const error = kind.readError(status, body, settings);
    expect(error).toMatchObject({ code: 'context_overflow', status: 400, retryElsewhere: false });
    for (const number of numbers) expect(error.message).toContain(String(number));
  });
});
