/** What the answers of Ollama's chat and generate APIs have in common, and where each keeps its text. */
import { RouterError } from '../core/errors.ts';
import type { FinishReason, StreamPart, TokenLogprob, Usage } from '../core/stream.ts';
import type { CallPart } from './gathered-answer.ts';
import { readArguments } from './ollama-messages.ts';
import { defined, type Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

export interface OllamaText {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly CallPart[];
}

/** One of the two APIs: where a line keeps what was generated. */
export interface OllamaShape {
  /** The object with `thinking` and `tool_calls`, and the text in it. */
  read(line: Fields): { readonly holder: Fields; readonly text: unknown };
  write(text: OllamaText): Fields;
}

export const chatShape: OllamaShape = {
  read: (line) => {
    const holder = isObject(line.message) ? line.message : {};
    return { holder, text: holder.content };
  },
  write: ({ text, reasoning, calls }) => ({ message: { role: 'assistant', content: text, ...writeMore(reasoning, calls) } }),
};

export const generateShape: OllamaShape = {
  read: (line) => ({ holder: line, text: line.response }),
  write: ({ text, reasoning, calls }) => ({ response: text, ...writeMore(reasoning, calls) }),
};

function writeMore(reasoning: string, calls: readonly CallPart[]): Fields {
  return {
    ...(reasoning === '' ? {} : { thinking: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
  };
}

function writeCall(call: CallPart): Fields {
  const given = readArguments(call.arguments);
  if (!given) throw new RouterError('backend_protocol', `The model called ${call.name} with arguments that are not a JSON object, which the Ollama API cannot carry.`);
  return { id: call.id, function: { index: call.index, name: call.name, arguments: given } };
}

/** Calls among the answer's fields; ids are kept for the caller to number. */
export function readOllamaCalls(value: unknown): readonly { readonly id: string; readonly name: string; readonly arguments: string }[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((call) => {
    const made = isObject(call.function) ? call.function : {};
    const given = made.arguments;
    return {
      id: typeof call.id === 'string' ? call.id : '',
      name: typeof made.name === 'string' ? made.name : '',
      arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
    };
  });
}

/** Ollama ends an answer with tool calls by `stop`; loading and unloading have words of their own. */
export function readOllamaReason(word: unknown, called: boolean): FinishReason {
  if (word === 'length') return 'length';
  if (word === 'stop' || word === undefined || word === null || word === '') return called ? 'tool-calls' : 'stop';
  return 'other';
}

export function writeOllamaReason(reason: FinishReason): string {
  return reason === 'length' ? 'length' : 'stop';
}

const nanosecondsPerMillisecond = 1e6;

/** Durations are nanoseconds on the wire, milliseconds here. */
export function readOllamaUsage(line: Fields): Usage {
  return defined<Usage>({
    promptTokens: count(line.prompt_eval_count),
    completionTokens: count(line.eval_count),
    loadMs: milliseconds(line.load_duration),
    promptMs: milliseconds(line.prompt_eval_duration),
    completionMs: milliseconds(line.eval_duration),
    totalMs: milliseconds(line.total_duration),
  });
}

/** What closes an answer: reason, counts and times, of these only what is known. */
export function writeOllamaEnd(finish: Extract<StreamPart, { type: 'finish' }>): Fields {
  const { usage } = finish;
  return defined<Fields>({
    done: true,
    done_reason: writeOllamaReason(finish.reason),
    total_duration: nanoseconds(usage.totalMs),
    load_duration: nanoseconds(usage.loadMs),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(usage.promptMs),
    eval_count: usage.completionTokens,
    eval_duration: nanoseconds(usage.completionMs),
  });
}

/** Members that are not there are left out. */
export function writeOllamaLogprobs(tokens: readonly TokenLogprob[]): readonly unknown[] {
  return tokens.map((one) => defined<Fields>({
    token: one.token,
    logprob: one.logprob,
    bytes: one.bytes ?? undefined,
    top_logprobs: one.top_logprobs?.map((top) => defined<Fields>({ token: top.token, logprob: top.logprob, bytes: top.bytes ?? undefined })),
  }));
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function milliseconds(value: unknown): number | undefined {
  const given = count(value);
  return given === undefined ? undefined : given / nanosecondsPerMillisecond;
}

function nanoseconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * nanosecondsPerMillisecond);
}
