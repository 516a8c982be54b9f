/** The OpenAI completions API, read and written for the conformance suite. */
import { type Answer, eventPayloads, type Json, type Kit } from './kit.ts';

const chat = 'It completes raw prompts.';

function readLogprobs(choices: Json[]): Answer['logprobs'] {
  return choices.flatMap((choice) => (choice.logprobs?.tokens ?? []).map((token: string, index: number) => ({ token, logprob: choice.logprobs.token_logprobs[index] })));
}

export const kit: Kit = {
  stops: { stop: 'stop', length: 'length', toolCalls: 'tool_calls', contentFilter: 'content_filter' },
  conversations: false,
  raw: true,
  cannotAsk: {
    system: { outcome: 'refused', param: 'system', why: chat },
    image: { outcome: 'refused', param: 'images', why: chat },
    schema: { outcome: 'refused', param: 'format', why: 'Its servers have no common word for it.' },
    effort: { outcome: 'refused', param: 'think', why: chat },
  },
  cannotAnswer: { reasoning: 'A raw prompt has no template that would tell thinking from text.', calls: 'It takes no tools.' },
  decides: ['keep_alive'],
  write: (asked) => ({
    model: asked.model,
    stream: asked.stream,
    prompt: asked.user,
    temperature: asked.temperature,
    top_p: asked.topP,
    top_k: asked.topK,
    seed: asked.seed,
    stop: asked.stop,
    max_tokens: asked.maxTokens,
    logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
  }),
  read: (body) => ({
    model: body.model,
    stream: body.stream,
    user: body.prompt,
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    seed: body.seed,
    stop: body.stop,
    maxTokens: body.max_tokens,
    topLogprobs: body.logprobs,
    keepAlive: body.keep_alive,
  }),
  readStream: (wire) => {
    const chunks = eventPayloads(wire);
    const choices: Json[] = chunks.flatMap((chunk) => chunk.choices);
    const usage = chunks.at(-1).usage;
    return {
      text: choices.map((choice) => choice.text).join(''),
      reasoning: '',
      calls: [],
      end: choices.map((choice) => choice.finish_reason).find((reason) => reason !== null),
      promptTokens: usage?.prompt_tokens,
      completionTokens: usage?.completion_tokens,
      logprobs: readLogprobs(choices),
    };
  },
  readBody: (wire) => {
    const { choices, usage } = JSON.parse(wire);
    return { text: choices[0].text, reasoning: '', calls: [], end: choices[0].finish_reason, promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens, logprobs: readLogprobs(choices) };
  },
  readStreamError: (wire) => eventPayloads(wire).find((event) => event.error)?.error.message ?? null,
  looksComplete: (wire) => /^data: \[DONE\]$/m.test(wire) || /"finish_reason":"/.test(wire),
};
