/** The OpenAI chat API, read and written for the conformance suite. */
import { eventPayloads, type Json, type Kit, plainLogprobs } from './kit.ts';

const readCall = (call: Json) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) });

export const kit: Kit = {
  stops: { stop: 'stop', length: 'length', toolCalls: 'tool_calls', contentFilter: 'content_filter' },
  conversations: true,
  decides: ['keep_alive'],
  write: (asked) => ({
    model: asked.model,
    stream: asked.stream,
    messages: [
      ...(asked.system === undefined ? [] : [{ role: 'developer', content: asked.system }]),
      { role: 'user', content: [{ type: 'text', text: asked.user }, ...(asked.image === undefined ? [] : [{ type: 'image_url', image_url: { url: `data:image/png;base64,${asked.image}` } }])] },
    ],
    temperature: asked.temperature,
    top_p: asked.topP,
    top_k: asked.topK,
    seed: asked.seed,
    stop: asked.stop,
    max_tokens: 1,
    max_completion_tokens: asked.maxTokens,
    response_format: asked.schema && { type: 'json_schema', json_schema: { name: 'x', schema: asked.schema } },
    reasoning_effort: asked.effort,
    logprobs: asked.topLogprobs === undefined ? undefined : true,
    top_logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
  }),
  read: (body) => {
    const { content } = body.messages.find((message: Json) => message.role === 'user');
    const parts: Json[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    return {
      model: body.model,
      stream: body.stream,
      system: body.messages.find((message: Json) => message.role !== 'user')?.content,
      user: parts.find((part) => part.type === 'text').text,
      image: parts.find((part) => part.type === 'image_url')?.image_url.url.split('base64,')[1],
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
      seed: body.seed,
      stop: body.stop,
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      schema: body.response_format?.json_schema.schema,
      effort: body.reasoning_effort,
      topLogprobs: body.top_logprobs,
      keepAlive: body.keep_alive,
    };
  },
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
    ...(message.tool_calls ? { calls: message.tool_calls.map(readCall) } : {}),
    ...(message.role === 'tool' ? { toolName: body.messages.flatMap((one: Json) => one.tool_calls ?? []).find((call: Json) => call.id === message.tool_call_id).function.name } : {}),
  })),
  readTools: (body) => body.tools.map((tool: Json) => tool.function),
  readStream: (wire) => {
    const chunks = eventPayloads(wire);
    const deltas = chunks.flatMap((chunk) => chunk.choices.map((choice: Json) => choice.delta));
    const usage = chunks.at(-1).usage;
    return {
      text: deltas.map((delta) => delta.content ?? '').join(''),
      reasoning: deltas.map((delta) => delta.reasoning_content ?? '').join(''),
      calls: deltas.flatMap((delta) => delta.tool_calls ?? []).map(readCall),
      end: chunks.flatMap((chunk) => chunk.choices.map((choice: Json) => choice.finish_reason)).find((reason) => reason !== null),
      promptTokens: usage?.prompt_tokens,
      completionTokens: usage?.completion_tokens,
      logprobs: plainLogprobs(chunks.flatMap((chunk) => chunk.choices.flatMap((choice: Json) => choice.logprobs?.content ?? []))),
    };
  },
  readBody: (wire) => {
    const body = JSON.parse(wire);
    const { message, finish_reason: end, logprobs } = body.choices[0];
    return {
      text: message.content ?? '',
      reasoning: message.reasoning_content ?? '',
      calls: (message.tool_calls ?? []).map(readCall),
      end,
      promptTokens: body.usage.prompt_tokens,
      completionTokens: body.usage.completion_tokens,
      logprobs: plainLogprobs(logprobs?.content),
    };
  },
  readStreamError: (wire) => eventPayloads(wire).find((event) => event.error)?.error.message ?? null,
  looksComplete: (wire) => /^data: \[DONE\]$/m.test(wire) || /"finish_reason":"/.test(wire),
};
