/** What Ollama's two inference APIs have in common, for the conformance suite. */
import { type Answer, type Asked, type Json, type Kit, plainLogprobs } from './kit.ts';

function lines(wire: string): Json[] {
  return wire.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** `textOf` and `holderOf`: where a line keeps its text, and its thinking and calls. */
export function ollamaAnswers(textOf: (line: Json) => string, holderOf: (line: Json) => Json): Pick<Kit, 'stops' | 'decides' | 'readStream' | 'readBody' | 'readStreamError' | 'looksComplete'> {
  const readLines = (all: Json[]): Answer => {
    const last = all.at(-1);
    return {
      text: all.map((line) => textOf(line) ?? '').join(''),
      reasoning: all.map((line) => holderOf(line).thinking ?? '').join(''),
      calls: all.flatMap((line) => holderOf(line).tool_calls ?? []).map((call) => ({ name: call.function.name, arguments: call.function.arguments })),
      end: last.done === true ? last.done_reason : 'not done',
      promptTokens: last.prompt_eval_count,
      completionTokens: last.eval_count,
      logprobs: plainLogprobs(all.flatMap((line) => line.logprobs ?? [])),
    };
  };
  return {
    stops: { stop: 'stop', length: 'length', toolCalls: 'stop', contentFilter: 'stop' },
    decides: ['keep_alive', 'num_ctx'],
    readStream: (wire) => readLines(lines(wire)),
    readBody: (wire) => readLines([JSON.parse(wire)]),
    readStreamError: (wire) => lines(wire).find((line) => line.error)?.error ?? null,
    looksComplete: (wire) => wire.includes('"done":true'),
  };
}

export function writeOllamaOptions(asked: Asked): object {
  return {
    model: asked.model,
    stream: asked.stream,
    format: asked.schema,
    think: asked.effort,
    logprobs: asked.topLogprobs === undefined ? undefined : true,
    top_logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
    options: { temperature: asked.temperature, top_p: asked.topP, top_k: asked.topK, seed: asked.seed, stop: asked.stop, num_predict: asked.maxTokens },
  };
}

export function readOllamaOptions(body: Json): Omit<Asked, 'system' | 'user' | 'image'> {
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
