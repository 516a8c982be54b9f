/** The Anthropic messages API, read and written for the conformance suite. */
import type { Answer, Json, Kit, Turn } from './kit.ts';

interface WireEvent {
  readonly name: string;
  readonly data: Json;
}

function eventsIn(wire: string): WireEvent[] {
  return wire.split('\n\n').flatMap((block) => {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
    const data = lines.find((line) => line.startsWith('data: '));
    return data === undefined ? [] : [{ name: lines.find((line) => line.startsWith('event: '))?.slice(7) ?? '', data: JSON.parse(data.slice(6)) }];
  });
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The order of events is broken: ${what}`);
}

const deltaOf: Readonly<Record<string, string>> = { text: 'text_delta', thinking: 'thinking_delta', tool_use: 'input_json_delta' };

/** The message that the events add up to. Throws where their order is not the documented one. */
function gather(wire: string): Json {
  const events = eventsIn(wire).filter(({ data }) => data.type !== 'ping');
  for (const { name, data } of events) must(name === data.type, `${name} is not ${data.type}`);
  must(events[0]?.name === 'message_start', 'message_start comes first');
  must(events.at(-1)?.name === 'message_stop' && events.at(-2)?.name === 'message_delta', 'message_delta and message_stop come last');
  const message = structuredClone(events[0]?.data.message);
  must(message.content.length === 0 && message.stop_reason === null, 'a message starts empty');
  let open: Json = null;
  for (const { data } of events.slice(1, -2)) {
    if (data.type === 'content_block_start') {
      must(open === null && data.index === message.content.length, `block ${data.index} opens`);
      open = { ...data.content_block, pieces: '' };
      message.content.push(open);
    } else {
      must(open !== null && data.index === message.content.length - 1, `${data.type} of block ${data.index}`);
      if (data.type === 'content_block_stop') {
        if (open.type === 'tool_use') open.input = JSON.parse(open.pieces || '{}');
        open = null;
      } else {
        must(data.type === 'content_block_delta' && data.delta.type === deltaOf[open.type], `${data.delta.type} in ${open.type}`);
        if (open.type === 'tool_use') open.pieces += data.delta.partial_json;
        else open[open.type] += data.delta[open.type];
      }
    }
  }
  must(open === null, 'every block is closed');
  const last = events.at(-2)?.data;
  return { ...message, ...last.delta, usage: { ...message.usage, ...last.usage } };
}

function readMessage(message: Json): Answer {
  const blocks: Json[] = message.content;
  return {
    text: blocks.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: blocks.filter((block) => block.type === 'tool_use').map(({ name, input }) => ({ name, arguments: input })),
    end: message.stop_reason,
    promptTokens: message.usage.input_tokens,
    completionTokens: message.usage.output_tokens,
    logprobs: [],
  };
}

function readTurn(message: Json, nameOf: (id: string) => string): Turn[] {
  const blocks: Json[] = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  const results = blocks.filter((block) => block.type === 'tool_result').map((block) => ({ role: 'tool', text: block.content, toolName: nameOf(block.tool_use_id) }));
  const text = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const calls = blocks.filter((block) => block.type === 'tool_use').map(({ name, input }) => ({ name, arguments: input }));
  return text === '' && calls.length === 0 ? results : [...results, { role: message.role, text, ...(calls.length > 0 ? { calls } : {}) }];
}

export const kit: Kit = {
  stops: { stop: 'end_turn', length: 'max_tokens', toolCalls: 'tool_use', contentFilter: 'refusal' },
  conversations: true,
  decides: [],
  cannotAsk: {
    seed: { outcome: 'refused', param: 'seed', why: 'The API has no seed, and an answer that cannot be repeated is not what was asked for.' },
    topLogprobs: { outcome: 'refused', param: 'logprobs', why: 'The API tells no probabilities, and the answer would lack them.' },
    keepAlive: { outcome: 'left out', why: 'Models of this API are not loaded and unloaded by its callers.' },
  },
  cannotAnswer: { logprobs: 'The API tells no probabilities.' },
  write: (asked) => ({
    model: asked.model,
    max_tokens: asked.maxTokens,
    stream: asked.stream,
    system: asked.system,
    messages: [{
      role: 'user',
      content: [...(asked.image === undefined ? [] : [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: asked.image } }]), { type: 'text', text: asked.user }],
    }],
    temperature: asked.temperature,
    top_p: asked.topP,
    top_k: asked.topK,
    stop_sequences: asked.stop,
    thinking: asked.effort && { type: 'adaptive' },
    output_config: { effort: asked.effort, format: asked.schema && { type: 'json_schema', schema: asked.schema } },
  }),
  read: (body) => {
    const parts: Json[] = body.messages[0].content;
    return {
      model: body.model,
      stream: body.stream,
      system: body.system,
      user: parts.find((part) => part.type === 'text').text,
      image: parts.find((part) => part.type === 'image')?.source.data,
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
      stop: body.stop_sequences,
      maxTokens: body.max_tokens,
      schema: body.output_config?.format?.schema,
      effort: body.output_config?.effort,
    };
  },
  writeTurns: (turns, tools) => {
    let given = 0;
    let answered = 0;
    const messages = turns.filter((turn) => turn.role !== 'system').map((turn) => {
      if (turn.role === 'tool') return { role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${answered++}`, content: turn.text }] };
      const calls = (turn.calls ?? []).map((call) => ({ type: 'tool_use', id: `toolu_${given++}`, name: call.name, input: call.arguments }));
      return { role: turn.role, content: calls.length === 0 ? turn.text : [...(turn.text === '' ? [] : [{ type: 'text', text: turn.text }]), ...calls] };
    });
    return { model: 'm', max_tokens: 9, system: turns.find((turn) => turn.role === 'system')?.text, messages, tools: tools.map(({ parameters, ...tool }) => ({ ...tool, input_schema: parameters })) };
  },
  readTurns: (body) => {
    const calls: Json[] = body.messages.flatMap((message: Json) => (Array.isArray(message.content) ? message.content : [])).filter((block: Json) => block.type === 'tool_use');
    return [
      { role: 'system', text: body.system },
      ...body.messages.flatMap((message: Json) => readTurn(message, (id) => calls.find((call) => call.id === id).name)),
    ];
  },
  readTools: (body) => body.tools.map(({ input_schema: parameters, ...tool }: Json) => ({ ...tool, parameters })),
  readStream: (wire) => readMessage(gather(wire)),
  readBody: (wire) => readMessage(JSON.parse(wire)),
  readStreamError: (wire) => eventsIn(wire).find(({ name }) => name === 'error')?.data.error.message ?? null,
  looksComplete: (wire) => eventsIn(wire).some(({ data }) => data.type === 'message_stop'),
};
