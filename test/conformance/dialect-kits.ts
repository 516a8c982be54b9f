/** Tiny readers and writers of each inference API, independent of the dialects, for the conformance suite. */

export interface Call {
  readonly name: string;
  readonly arguments: unknown;
}

/** What an answer says, whatever the API. */
export interface Answer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  readonly end: string;
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  readonly logprobs: readonly { readonly token: string; readonly logprob: number }[];
}

/** What a simple request says, whatever the API. */
export interface Asked {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly user: string;
  readonly image: string;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly schema: unknown;
  readonly effort: string;
  readonly topLogprobs: number;
  readonly keepAlive: string;
}

/** A turn of a conversation with tools. */
export interface Turn {
  readonly role: string;
  readonly text: string;
  readonly calls?: readonly Call[];
  readonly toolName?: string;
}

export interface Kit {
  readonly stops: { readonly toolCalls: string; readonly contentFilter: string };
  readonly conversations: boolean;
  write(asked: Asked): object;
  read(body: Json): Asked;
  writeTurns?(turns: readonly Turn[], tools: readonly object[]): object;
  readTurns?(body: Json): readonly Turn[];
  readStream(wire: string): Answer;
  readBody(wire: string): Answer;
  /** The message of an error in the middle of a stream, null when there is none. */
  readStreamError(wire: string): string | null;
  /** Would a client take this stream for complete? */
  looksComplete(wire: string): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a reader of foreign JSON that must stay tiny
export type Json = any;

const png = 'iVBORw0KGgo=';
export const samplePng = png;

function events(wire: string): Json[] {
  return wire.split('\n\n').flatMap((event) => (event.startsWith('data: {') ? [JSON.parse(event.slice(6))] : []));
}

function lines(wire: string): Json[] {
  return wire.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

const openAi: Kit = {
  stops: { toolCalls: 'tool_calls', contentFilter: 'content_filter' },
  conversations: true,
  write: (asked) => ({
    model: asked.model,
    stream: asked.stream,
    messages: [
      { role: 'developer', content: asked.system },
      { role: 'user', content: [{ type: 'text', text: asked.user }, { type: 'image_url', image_url: { url: `data:image/png;base64,${asked.image}` } }] },
    ],
    temperature: asked.temperature,
    top_p: asked.topP,
    top_k: asked.topK,
    seed: asked.seed,
    stop: asked.stop,
    max_tokens: 1,
    max_completion_tokens: asked.maxTokens,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: asked.schema } },
    reasoning_effort: asked.effort,
    logprobs: true,
    top_logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
  }),
  read: (body) => ({
    model: body.model,
    stream: body.stream,
    system: body.messages[0].content,
    user: body.messages[1].content.find((part: Json) => part.type === 'text').text,
    image: body.messages[1].content.find((part: Json) => part.type === 'image_url').image_url.url.split('base64,')[1],
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    seed: body.seed,
    stop: body.stop,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    schema: body.response_format.json_schema.schema,
    effort: body.reasoning_effort,
    topLogprobs: body.top_logprobs,
    keepAlive: body.keep_alive,
  }),
  writeTurns: (turns, tools) => {
    let given = 0;
    let answered = 0;
    const messages = turns.map((turn) => ({
      role: turn.role,
      content: turn.text,
      ...(turn.calls ? { tool_calls: turn.calls.map((call) => ({ id: `id-${given++}`, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.arguments) } })) } : {}),
      ...(turn.role === 'tool' ? { tool_call_id: `id-${answered++}` } : {}),
    }));
    return { model: 'm', messages, tools: tools.map((one) => ({ type: 'function', function: one })) };
  },
  readTurns: (body) => body.messages.map((message: Json) => ({
    role: message.role,
    text: message.content,
    ...(message.tool_calls ? { calls: message.tool_calls.map((call: Json) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })) } : {}),
    ...(message.role === 'tool' ? { toolName: body.messages.flatMap((one: Json) => one.tool_calls ?? []).find((call: Json) => call.id === message.tool_call_id).function.name } : {}),
  })),
  readStream: (wire) => {
    const chunks = events(wire);
    const deltas = chunks.flatMap((chunk) => chunk.choices.map((choice: Json) => choice.delta));
    const usage = chunks.at(-1).usage;
    return {
      text: deltas.map((delta) => delta.content ?? '').join(''),
      reasoning: deltas.map((delta) => delta.reasoning_content ?? '').join(''),
      calls: deltas.flatMap((delta) => delta.tool_calls ?? []).map((call) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })),
      end: chunks.flatMap((chunk) => chunk.choices.map((choice: Json) => choice.finish_reason)).find((reason) => reason !== null),
      promptTokens: usage?.prompt_tokens,
      completionTokens: usage?.completion_tokens,
      logprobs: chunks.flatMap((chunk) => chunk.choices.flatMap((choice: Json) => choice.logprobs?.content ?? [])).map(({ token, logprob }) => ({ token, logprob })),
    };
  },
  readBody: (wire) => {
    const body = JSON.parse(wire);
    const { message, finish_reason: end, logprobs } = body.choices[0];
    return {
      text: message.content ?? '',
      reasoning: message.reasoning_content ?? '',
      calls: (message.tool_calls ?? []).map((call: Json) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })),
      end,
      promptTokens: body.usage.prompt_tokens,
      completionTokens: body.usage.completion_tokens,
      logprobs: (logprobs?.content ?? []).map(({ token, logprob }: Json) => ({ token, logprob })),
    };
  },
  readStreamError: (wire) => events(wire).find((event) => event.error)?.error.message ?? null,
  looksComplete: (wire) => /^data: \[DONE\]$/m.test(wire) || /"finish_reason":"/.test(wire),
};

function ollama(textOf: (line: Json) => string, holderOf: (line: Json) => Json): Pick<Kit, 'stops' | 'readStream' | 'readBody' | 'readStreamError' | 'looksComplete'> {
  const readLines = (all: Json[]): Answer => {
    const last = all.at(-1);
    return {
      text: all.map((line) => textOf(line) ?? '').join(''),
      reasoning: all.map((line) => holderOf(line).thinking ?? '').join(''),
      calls: all.flatMap((line) => holderOf(line).tool_calls ?? []).map((call) => ({ name: call.function.name, arguments: call.function.arguments })),
      end: last.done === true ? last.done_reason : 'not done',
      promptTokens: last.prompt_eval_count,
      completionTokens: last.eval_count,
      logprobs: all.flatMap((line) => line.logprobs ?? []).map(({ token, logprob }) => ({ token, logprob })),
    };
  };
  return {
    stops: { toolCalls: 'stop', contentFilter: 'stop' },
    readStream: (wire) => readLines(lines(wire)),
    readBody: (wire) => readLines([JSON.parse(wire)]),
    readStreamError: (wire) => lines(wire).find((line) => line.error)?.error ?? null,
    looksComplete: (wire) => wire.includes('"done":true'),
  };
}

function ollamaOptions(asked: Asked): object {
  return {
    model: asked.model,
    stream: asked.stream,
    format: asked.schema,
    think: asked.effort,
    logprobs: true,
    top_logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
    options: { temperature: asked.temperature, top_p: asked.topP, top_k: asked.topK, seed: asked.seed, stop: asked.stop, num_predict: asked.maxTokens },
  };
}

function readOllamaOptions(body: Json): Omit<Asked, 'system' | 'user' | 'image'> {
  return {
    model: body.model,
    stream: body.stream,
    temperature: body.options.temperature,
    topP: body.options.top_p,
    topK: body.options.top_k,
    seed: body.options.seed,
    stop: body.options.stop,
    maxTokens: body.options.num_predict,
    schema: body.format,
    effort: body.think,
    topLogprobs: body.top_logprobs,
    keepAlive: body.keep_alive,
  };
}

const ollamaChat: Kit = {
  ...ollama((line) => line.message.content, (line) => line.message),
  conversations: true,
  write: (asked) => ({ ...ollamaOptions(asked), messages: [{ role: 'system', content: asked.system }, { role: 'user', content: asked.user, images: [asked.image] }] }),
  read: (body) => ({ ...readOllamaOptions(body), system: body.messages[0].content, user: body.messages[1].content, image: body.messages[1].images[0] }),
  // As older clients send it: no ids, results told apart by the tool's name.
  writeTurns: (turns, tools) => ({
    model: 'm',
    messages: turns.map((turn) => ({
      role: turn.role,
      content: turn.text,
      ...(turn.calls ? { tool_calls: turn.calls.map((call) => ({ function: call })) } : {}),
      ...(turn.toolName ? { tool_name: turn.toolName } : {}),
    })),
    tools: tools.map((one) => ({ type: 'function', function: one })),
  }),
  readTurns: (body) => body.messages.map((message: Json) => ({
    role: message.role,
    text: message.content,
    ...(message.tool_calls ? { calls: message.tool_calls.map((call: Json) => ({ name: call.function.name, arguments: call.function.arguments })) } : {}),
    ...(message.tool_name ? { toolName: message.tool_name } : {}),
  })),
};

const ollamaGenerate: Kit = {
  ...ollama((line) => line.response, (line) => line),
  conversations: false,
  write: (asked) => ({ ...ollamaOptions(asked), system: asked.system, prompt: asked.user, images: [asked.image] }),
  read: (body) => ({ ...readOllamaOptions(body), system: body.system, user: body.prompt, image: body.images[0] }),
};

/** By the dialect's id; a new dialect adds its own here. */
export const kits: Readonly<Record<string, Kit>> = {
  'openai-chat': openAi,
  'ollama-chat': ollamaChat,
  'ollama-generate': ollamaGenerate,
};
