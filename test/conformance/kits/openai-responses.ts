/** The OpenAI responses API, read and written for the conformance suite. */
import { type Answer, eventPayloads, type Json, type Kit, plainLogprobs } from './kit.ts';

const readCall = (item: Json) => ({ name: item.name, arguments: JSON.parse(item.arguments) });

/** A response object: what a client keeps of an answer, streamed or not. */
function readResponse(response: Json): Answer {
  const items = (type: string): Json[] => response.output.filter((item: Json) => item.type === type);
  const parts: Json[] = items('message').flatMap((item) => item.content);
  return {
    text: parts.map((part) => part.text).join(''),
    reasoning: items('reasoning').flatMap((item) => item.content).map((part: Json) => part.text).join(''),
    calls: items('function_call').map(readCall),
    end: response.incomplete_details?.reason ?? response.status,
    promptTokens: response.usage.input_tokens,
    completionTokens: response.usage.output_tokens,
    logprobs: plainLogprobs(parts.flatMap((part) => part.logprobs)),
  };
}

/** The same from the steps alone, so that they and the last event must agree. */
function readSteps(events: Json[]): Answer {
  const deltas = (type: string): Json[] => events.filter((event) => event.type === type);
  const text = (type: string): string => deltas(type).map((event) => event.delta).join('');
  const done = events.filter((event) => event.type === 'response.output_item.done').map((event) => event.item);
  return {
    ...readResponse({ ...events.at(-1).response, output: done }),
    text: text('response.output_text.delta'),
    reasoning: text('response.reasoning_text.delta'),
    logprobs: plainLogprobs(deltas('response.output_text.delta').flatMap((event) => event.logprobs)),
  };
}

const isEnd = (event: Json): boolean => event.type === 'response.completed' || event.type === 'response.incomplete';

export const kit: Kit = {
  stops: { stop: 'completed', length: 'max_output_tokens', toolCalls: 'completed', contentFilter: 'content_filter' },
  conversations: true,
  decides: ['keep_alive'],
  write: (asked) => ({
    model: asked.model,
    stream: asked.stream,
    instructions: asked.system,
    input: [{ role: 'user', content: [{ type: 'input_text', text: asked.user }, ...(asked.image === undefined ? [] : [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${asked.image}` }])] }],
    temperature: asked.temperature,
    top_p: asked.topP,
    top_k: asked.topK,
    seed: asked.seed,
    stop: asked.stop,
    max_output_tokens: asked.maxTokens,
    text: asked.schema && { format: { type: 'json_schema', name: 'x', schema: asked.schema } },
    reasoning: asked.effort && { effort: asked.effort },
    include: asked.topLogprobs === undefined ? undefined : ['message.output_text.logprobs'],
    top_logprobs: asked.topLogprobs,
    keep_alive: asked.keepAlive,
  }),
  read: (body) => {
    const messages: Json[] = body.input;
    const parts: Json[] = messages.find((item) => item.role === 'user').content;
    return {
      model: body.model,
      stream: body.stream,
      system: body.instructions ?? messages.find((item) => item.role !== 'user')?.content[0].text,
      user: parts.find((part) => part.type === 'input_text').text,
      image: parts.find((part) => part.type === 'input_image')?.image_url.split('base64,')[1],
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
      seed: body.seed,
      stop: body.stop,
      maxTokens: body.max_output_tokens,
      schema: body.text?.format.schema,
      effort: body.reasoning?.effort,
      topLogprobs: body.top_logprobs,
      keepAlive: body.keep_alive,
    };
  },
  writeTurns: (turns, tools) => {
    let given = 0;
    let answered = 0;
    const input = turns.flatMap((turn): object[] => {
      if (turn.role === 'tool') return [{ type: 'function_call_output', call_id: `id-${answered++}`, output: turn.text }];
      const said = turn.text === '' ? [] : [{ role: turn.role, content: turn.text }];
      return [...said, ...(turn.calls ?? []).map((call) => ({ type: 'function_call', call_id: `id-${given++}`, name: call.name, arguments: JSON.stringify(call.arguments) }))];
    });
    return { model: 'm', input, tools: tools.map((tool) => ({ type: 'function', ...tool })) };
  },
  readTurns: (body) => {
    const turns: Json[] = [];
    const names = new Map<string, string>();
    for (const item of body.input) {
      const last = turns.at(-1);
      if (item.type === 'message') turns.push({ role: item.role, text: item.content.map((part: Json) => part.text).join('') });
      else if (item.type === 'function_call_output') turns.push({ role: 'tool', text: item.output, toolName: names.get(item.call_id) });
      else {
        names.set(item.call_id, item.name);
        if (last?.role === 'assistant') last.calls = [...(last.calls ?? []), readCall(item)];
        else turns.push({ role: 'assistant', text: '', calls: [readCall(item)] });
      }
    }
    return turns;
  },
  readTools: (body) => body.tools.map(({ type: _type, ...tool }: Json) => tool),
  readStream: (wire) => {
    const events = eventPayloads(wire);
    const whole = readResponse(events.at(-1).response);
    const steps = readSteps(events);
    if (JSON.stringify(whole) !== JSON.stringify(steps)) throw new Error(`The last event says ${JSON.stringify(whole)}, the steps say ${JSON.stringify(steps)}.`);
    return whole;
  },
  readBody: (wire) => readResponse(JSON.parse(wire)),
  readStreamError: (wire) => eventPayloads(wire).find((event) => event.type === 'error')?.message ?? null,
  looksComplete: (wire) => eventPayloads(wire).some(isEnd),
};
