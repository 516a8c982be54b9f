/** Reads a request of the Anthropic messages API. */
import type { ChatRequest, Reasoning, ResponseFormat, Sampling, Tool, ToolChoice } from '../core/request.ts';
import { readAnthropicTurns } from './anthropic-turns.ts';
import { readHerdFields } from './herd-fields.ts';
import { defined, type FieldReader, type Fields, parseBody } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { isObject } from '../util/json-object.ts';

export const anthropicMessagesId = 'anthropic-messages';

/** Fields that a ChatRequest holds; all others are `extra`. `output_format` is the older name of `output_config.format`. */
const held: ReadonlySet<string> = new Set([
  'model', 'messages', 'system', 'tools', 'tool_choice', 'stream', 'metadata', 'thinking', 'output_config', 'output_format',
  'max_tokens', 'stop_sequences', 'temperature', 'top_p', 'top_k', 'keep_alive', 'router', 'fallback_models',
]);

/** What the API would do beside the model's own answer. */
const decisive = ['container', 'mcp_servers', 'output_config', 'tool_choice', 'tools'];

/** `max_tokens` may only be missing where nothing is generated. Throws `invalid_request` naming the field. */
export function readAnthropicRequest(text: string, generates = true): ChatRequest {
  const body = parseBody(text);
  const { tools, others } = readTools(body);
  const choice = readToolChoice(body);
  const format = readFormat(body);
  return defined<ChatRequest>({
    task: 'chat',
    dialect: anthropicMessagesId,
    wire: text,
    model: body.string('model') || null,
    messages: readAnthropicTurns(body),
    tools,
    toolChoice: choice.known,
    parallelToolCalls: choice.parallel,
    sampling: readSampling(body, generates),
    responseFormat: format.known,
    reasoning: readReasoning(body),
    stream: body.boolean('stream') ?? false,
    includeUsage: true,
    user: body.object('metadata')?.string('user_id'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    decisive,
    extra: withUntranslated(body.others(held), others, choice.other, format.other),
  });
}

/** What was not understood of fields that a request holds enters `extra` after all. */
function withUntranslated(extra: Fields, tools: readonly unknown[], choice: unknown, format: unknown): Fields {
  if (tools.length === 0 && choice === undefined && format === undefined) return extra;
  return { ...extra, ...defined<Fields>({ tools: tools.length === 0 ? undefined : tools, tool_choice: choice, output_config: format && { format } }) };
}

function readSampling(body: FieldReader, generates: boolean): Sampling {
  const maxTokens = body.integer('max_tokens', 0);
  if (maxTokens === undefined && generates) body.required('max_tokens', 'a whole number of at least 0, which this API requires');
  return defined<Sampling>({
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    topK: body.integer('top_k'),
    stop: body.strings('stop_sequences'),
    maxTokens,
  });
}

/** Tools of a type of their own (`web_search_20250305`) are run by the API or known to its models alone. */
function readTools(body: FieldReader): { readonly tools: readonly Tool[]; readonly others: readonly unknown[] } {
  const tools: Tool[] = [];
  const others: unknown[] = [];
  for (const item of body.objects('tools') ?? []) {
    const type = item.string('type');
    if (type !== undefined && type !== 'custom') others.push(item.fields);
    else {
      const { input_schema: schema } = item.fields;
      tools.push(defined<Tool>({ name: item.requiredString('name'), description: item.string('description'), parameters: schema ?? undefined, strict: item.boolean('strict') }));
    }
  }
  return { tools, others };
}

interface ReadChoice {
  readonly known?: ToolChoice;
  readonly parallel?: false;
  readonly other?: unknown;
}

function readToolChoice(body: FieldReader): ReadChoice {
  const choice = body.object('tool_choice');
  if (!choice) return {};
  const parallel = choice.boolean('disable_parallel_tool_use') ? { parallel: false as const } : {};
  switch (choice.requiredString('type')) {
    case 'auto':
      return { known: 'auto', ...parallel };
    case 'any':
      return { known: 'required', ...parallel };
    case 'none':
      return { known: 'none', ...parallel };
    case 'tool':
      return { known: { name: choice.requiredString('name') }, ...parallel };
    default:
      return { other: choice.fields };
  }
}

function readFormat(body: FieldReader): { readonly known?: ResponseFormat; readonly other?: unknown } {
  const format = body.object('output_config')?.object('format') ?? body.object('output_format');
  if (!format) return {};
  if (format.requiredString('type') !== 'json_schema') return { other: format.fields };
  const { schema } = format.fields;
  return { known: { type: 'json-schema', schema: isObject(schema) ? schema : format.required('schema', 'a JSON schema') } };
}

const efforts: Readonly<Record<string, Reasoning['effort']>> = { low: 'low', medium: 'medium', high: 'high', xhigh: 'high', max: 'high' };

/** Tokens of a thinking budget up to which it counts as little, and as middling. The API takes 1,024 at least. */
const lowBudget = 4096;
const mediumBudget = 16_384;

/** `adaptive` leaves it to the model unless an effort is named beside it. */
function readReasoning(body: FieldReader): Reasoning | undefined {
  const thinking = body.object('thinking');
  const word = body.object('output_config')?.string('effort') ?? '';
  const effort = Object.hasOwn(efforts, word) ? efforts[word] : undefined;
  const type = thinking?.requiredString('type');
  if (type === 'disabled') return { enabled: false };
  if (effort !== undefined) return { enabled: true, effort };
  if (type === 'enabled') return defined<Reasoning>({ enabled: true, effort: effortOf(thinking?.number('budget_tokens')) });
  return type === undefined || type === 'adaptive' ? undefined : { enabled: true };
}

function effortOf(budgetTokens: number | undefined): Reasoning['effort'] {
  if (budgetTokens === undefined) return undefined;
  if (budgetTokens <= lowBudget) return 'low';
  return budgetTokens <= mediumBudget ? 'medium' : 'high';
}
