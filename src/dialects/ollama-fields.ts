/** The fields that Ollama's chat and generate requests share: options, format, thinking, log probabilities. */
import type { ChatRequest, Reasoning, ResponseFormat, Sampling } from '../core/request.ts';
import type { Target } from './dialect.ts';
import { readHerdFields, readUser } from './herd-fields.ts';
import { contextIn } from './own-wire.ts';
import { defined, type FieldReader, type Fields, wrongField } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { isObject } from '../util/json-object.ts';

/** Top-level fields held by a ChatRequest in both requests. */
export const sharedFields = ['model', 'stream', 'keep_alive', 'think', 'logprobs', 'top_logprobs', 'router', 'fallback_models'] as const;

const heldOptions: ReadonlySet<string> = new Set([
  'temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'num_predict', 'num_ctx',
  'presence_penalty', 'frequency_penalty', 'repeat_penalty',
]);

type SharedPart = Pick<ChatRequest, 'model' | 'sampling' | 'responseFormat' | 'reasoning' | 'logprobs' | 'stream' | 'includeUsage' | 'keepAlive' | 'contextLength' | 'router' | 'user' | 'fallbackModels' | 'tags'>;

/** An omitted `stream` means a stream, and the counts always come. Throws `invalid_request` naming the field. */
export function readSharedFields(body: FieldReader): SharedPart {
  const options = body.object('options');
  return {
    model: body.string('model') || null,
    sampling: options ? readSampling(options) : {},
    stream: body.boolean('stream') ?? true,
    includeUsage: true,
    router: readRouterOptions(body),
    ...readHerdFields(body),
    ...defined<Partial<SharedPart>>({
      responseFormat: readFormat(body),
      reasoning: readThink(body),
      logprobs: body.boolean('logprobs') ? { top: body.integer('top_logprobs', 0) ?? 0 } : undefined,
      keepAlive: readKeepAlive(body),
      user: readUser(body),
      contextLength: options && whole(options, 'num_ctx'),
    }),
  };
}

/** What no field of a ChatRequest holds: options of Ollama's own, a format that is neither JSON nor a schema, and all else. */
export function readExtra(body: FieldReader, held: ReadonlySet<string>, formatKnown: boolean): Fields {
  const extra = Object.entries(body.others(held)).filter(([key, value]) => key !== 'options' && !(key === 'format' && (formatKnown || value === '')));
  const options = body.object('options')?.others(heldOptions) ?? {};
  return Object.fromEntries(Object.keys(options).length === 0 ? extra : [...extra, ['options', options]]);
}

function readSampling(options: FieldReader): Sampling {
  return defined<Sampling>({
    temperature: options.number('temperature'),
    topP: options.number('top_p'),
    topK: whole(options, 'top_k'),
    minP: options.number('min_p'),
    seed: whole(options, 'seed'),
    stop: options.stringOrStrings('stop'),
    maxTokens: whole(options, 'num_predict'),
    presencePenalty: options.number('presence_penalty'),
    frequencyPenalty: options.number('frequency_penalty'),
    repeatPenalty: options.number('repeat_penalty'),
  });
}

/** Ollama cuts fractions off instead of refusing them. */
function whole(options: FieldReader, key: string): number | undefined {
  const value = options.number(key);
  return value === undefined ? undefined : Math.trunc(value);
}

function readFormat(body: FieldReader): ResponseFormat | undefined {
  const { format } = body.fields;
  if (format === 'json') return { type: 'json' };
  if (isObject(format)) return { type: 'json-schema', schema: format };
  if (format !== undefined && format !== null && typeof format !== 'string') throw wrongField('format', '"json" or a JSON schema');
  return undefined;
}

function readThink(body: FieldReader): Reasoning | undefined {
  const { think } = body.fields;
  if (typeof think === 'string') return think === 'low' || think === 'medium' || think === 'high' ? { enabled: true, effort: think } : { enabled: true };
  const enabled = body.boolean('think');
  return enabled === undefined ? undefined : { enabled };
}

/** The shared part of a request of another dialect, in Ollama's words, with what was put in by the router. */
export function writeSharedFields(request: ChatRequest, target: Target): { readonly fields: Fields; readonly rewrites: readonly string[] } {
  const numCtx = contextIn(request, target);
  const keepAlive = request.keepAlive ?? target.keepAlive;
  const options = writeOptions(request.sampling, numCtx);
  const rewrites = [
    ...(keepAlive !== undefined && request.keepAlive === undefined ? ['keep_alive'] : []),
    ...(numCtx !== request.contextLength ? ['num_ctx'] : []),
    ...(target.refuseLong === true ? ['truncate'] : []),
  ];
  const fields = defined<Fields>({
    stream: request.stream,
    options: Object.keys(options).length === 0 ? undefined : options,
    format: request.responseFormat && (request.responseFormat.type === 'json' ? 'json' : request.responseFormat.schema),
    think: request.reasoning && (request.reasoning.effort ?? request.reasoning.enabled),
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs && request.logprobs.top > 0 ? request.logprobs.top : undefined,
    keep_alive: keepAlive,
    truncate: target.refuseLong === true ? false : undefined,
  });
  return { fields, rewrites };
}

function writeOptions(sampling: Sampling, numCtx: number | undefined): Fields {
  return defined<Fields>({
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    seed: sampling.seed,
    stop: sampling.stop,
    num_predict: sampling.maxTokens,
    num_ctx: numCtx,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    repeat_penalty: sampling.repeatPenalty,
  });
}
