/** A made-up answer as a backend of each API writes it, with the habits in which such servers differ. */
import { piecesOf, type Random, type Said, type Segment } from './random-answers.ts';

export interface AnswerWire {
  readonly contentType: string;
  /** What the stream is made of, each to be read at once. */
  readonly stream: readonly string[];
  readonly whole: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Call = Extract<Segment, { type: 'call' }>;

const sse = 'text/event-stream';
const ndjson = 'application/x-ndjson';

/** By the dialect's id. */
export const wires: Readonly<Record<string, (said: Said, random: Random) => AnswerWire>> = {
  'openai-chat': openAiChat,
  'openai-completions': openAiCompletions,
  'openai-responses': openAiResponses,
  'ollama-chat': (said, random) => ollama(said, random, (text, more) => ({ message: { role: 'assistant', content: text, ...more } })),
  'ollama-generate': (said, random) => ollama(said, random, (text, more) => ({ response: text, ...more })),
  'anthropic-messages': anthropic,
};

function joined(said: Said, type: 'text' | 'reasoning'): string {
  return said.segments.map((segment) => (segment.type === type ? segment.text : '')).join('');
}

function callsOf(said: Said): readonly Call[] {
  return said.segments.filter((segment) => segment.type === 'call');
}

/** Some servers write only ASCII. */
function jsonBy(random: Random): (value: unknown) => string {
  if (random.chance(0.7)) return (value) => JSON.stringify(value);
  return (value) => JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function wholeOf(value: unknown, random: Random): string {
  return random.chance(0.2) ? `${JSON.stringify(value, null, 2)}\n` : jsonBy(random)(value);
}

/** Events with one server's line ends and spaces, and comments between them. */
function eventsBy(random: Random): (data: unknown, name?: string) => string {
  const json = jsonBy(random);
  const end = random.chance(0.25) ? '\r\n' : '\n';
  const colon = random.chance(0.2) ? ':' : ': ';
  const commented = random.chance(0.2) ? 0.3 : 0;
  return (data, name) => {
    const comment = random.chance(commented) ? random.pick([`: keep-alive${end}${end}`, `:${end}`, `retry: 10${end}${end}`, `id: 7${end}`]) : '';
    return `${comment}${name === undefined ? '' : `event${colon}${name}${end}`}data${colon}${typeof data === 'string' ? data : json(data)}${end}${end}`;
  };
}

const reasons = { stop: 'stop', length: 'length', toolCalls: 'tool_calls', contentFilter: 'content_filter' } as const;

function openAiUsage({ promptTokens, completionTokens, cachedTokens }: Said): Fields {
  const details = cachedTokens === 0 ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } };
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens, ...details };
}

/** The last chunks: the reason, and the counts in the same chunk or in one of their own. */
function openAiEnd(said: Said, random: Random, chunk: (choices: readonly Fields[], more?: Fields) => string, end: Fields): readonly string[] {
  const usage = { usage: openAiUsage(said) };
  const choices = [{ index: 0, ...end, finish_reason: reasons[said.end] }];
  return random.chance(0.3) ? [chunk(choices, usage)] : [chunk(choices), chunk([], usage)];
}

function openAiChat(said: Said, random: Random): AnswerWire {
  const event = eventsBy(random);
  const thinking = random.pick(['reasoning_content', 'reasoning']);
  const head = { id: 'chatcmpl-1', created: 1_767_225_600, model: 'served', system_fingerprint: null };
  const chunk = (choices: readonly Fields[], more: Fields = {}): string => event({ ...head, object: 'chat.completion.chunk', choices, ...more });
  const more = random.chance(0.3) ? { usage: null } : {};
  const delta = (fields: Fields): string => chunk([{ index: 0, delta: fields, logprobs: null, finish_reason: null }], more);
  const empty = random.chance(0.3) ? 0.3 : 0;
  const frames: string[] = random.chance(0.6) ? [delta({ role: 'assistant', content: random.pick(['', null]) })] : [];
  let calls = 0;
  for (const segment of said.segments) {
    if (segment.type === 'call') {
      frames.push(...openAiCall(segment, calls, random).map((call) => delta({ tool_calls: [call] })));
      calls += 1;
      continue;
    }
    for (const piece of piecesOf(segment.text, random)) {
      frames.push(delta({ [segment.type === 'text' ? 'content' : thinking]: piece }));
      if (random.chance(empty)) frames.push(delta(random.pick([{}, { content: '' }, { content: null }, { content: '', tool_calls: [] }])));
    }
  }
  const content = joined(said, 'text');
  const message = {
    role: 'assistant',
    content: content === '' && calls > 0 ? null : content,
    ...(joined(said, 'reasoning') === '' ? {} : { [thinking]: joined(said, 'reasoning') }),
    ...(calls === 0 ? {} : { tool_calls: callsOf(said).map(({ id, name, text }) => ({ id, type: 'function', function: { name, arguments: text } })) }),
  };
  const end = openAiEnd(said, random, chunk, { delta: {} });
  const whole = { ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: reasons[said.end] }], usage: openAiUsage(said) };
  return { contentType: sse, stream: [...frames, ...end, event('[DONE]')], whole: wholeOf(whole, random) };
}

/** Id and name come first, with the first piece of the arguments or without. */
function openAiCall({ id, name, text }: Call, index: number, random: Random): readonly Fields[] {
  const pieces = piecesOf(text, random);
  const [first, ...rest] = random.chance(0.5) ? ['', ...pieces] : pieces;
  return [{ index, id, type: 'function', function: { name, arguments: first ?? '' } }, ...rest.map((piece) => ({ index, function: { arguments: piece } }))];
}

function openAiCompletions(said: Said, random: Random): AnswerWire {
  const event = eventsBy(random);
  const head = { id: 'cmpl-1', object: 'text_completion', created: 1_767_225_600, model: 'served' };
  const chunk = (choices: readonly Fields[], more: Fields = {}): string => event({ ...head, choices, ...more });
  const pieces = said.segments.flatMap((segment) => (segment.type === 'text' ? piecesOf(segment.text, random) : []));
  const frames = pieces.map((text) => chunk([{ index: 0, text, logprobs: null, finish_reason: null }]));
  const end = openAiEnd(said, random, chunk, { text: '' });
  const whole = { ...head, choices: [{ index: 0, text: joined(said, 'text'), logprobs: null, finish_reason: reasons[said.end] }], usage: openAiUsage(said) };
  return { contentType: sse, stream: [...frames, ...end, event('[DONE]')], whole: wholeOf(whole, random) };
}

/** Its API has no word for a filter, and none for calls. */
function ollama(said: Said, random: Random, write: (text: string, more: Fields) => Fields): AnswerWire {
  const json = jsonBy(random);
  const end = random.chance(0.2) ? '\r\n' : '\n';
  const head = { model: 'served', created_at: '2026-01-02T03:04:05.678901234Z' };
  const line = (value: Fields): string => `${json({ ...head, ...value })}${end}${random.chance(0.02) ? end : ''}`;
  const calls = callsOf(said).map(({ id, name, text }, index) => ({ id, function: { index, name, arguments: JSON.parse(text || '{}') as unknown } }));
  let given = 0;
  const frames = said.segments.flatMap((segment): readonly string[] => {
    if (segment.type !== 'call') return piecesOf(segment.text, random).map((piece) => line({ ...(segment.type === 'text' ? write(piece, {}) : write('', { thinking: piece })), done: false }));
    given += 1;
    return [line({ ...write('', { tool_calls: calls.slice(given - 1, given) }), done: false })];
  });
  const counts = { done: true, done_reason: said.end === 'length' ? 'length' : 'stop', total_duration: 170_000_000, load_duration: 20_000_000, prompt_eval_count: said.promptTokens, eval_count: said.completionTokens, eval_duration: 100_000_000 };
  const thinking = joined(said, 'reasoning');
  const whole = { ...head, ...write(joined(said, 'text'), { ...(thinking === '' ? {} : { thinking }), ...(calls.length === 0 ? {} : { tool_calls: calls }) }), ...counts };
  return { contentType: ndjson, stream: [...frames, line({ ...write('', {}), ...counts })], whole: wholeOf(whole, random) };
}

const anthropicReasons = { stop: 'end_turn', length: 'max_tokens', toolCalls: 'tool_use', contentFilter: 'refusal' } as const;

function anthropic(said: Said, random: Random): AnswerWire {
  const write = eventsBy(random);
  const event = (data: Fields): string => write(data, String(data['type'])) + (random.chance(0.03) ? write({ type: 'ping' }, 'ping') : '');
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'served' };
  const input = { input_tokens: said.promptTokens - said.cachedTokens, ...(said.cachedTokens === 0 ? {} : { cache_creation_input_tokens: 0, cache_read_input_tokens: said.cachedTokens }) };
  const stop = { stop_reason: anthropicReasons[said.end], stop_sequence: null };
  const start = event({ type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } } });
  const blocks = said.segments.flatMap((segment, index) => [
    event({ type: 'content_block_start', index, content_block: emptyBlock(segment) }),
    ...blockDeltas(segment, random).map((delta) => event({ type: 'content_block_delta', index, delta })),
    event({ type: 'content_block_stop', index }),
  ]);
  const usage = { ...(random.chance(0.5) ? input : {}), output_tokens: said.completionTokens };
  const end = [event({ type: 'message_delta', delta: stop, usage }), write({ type: 'message_stop' }, 'message_stop')];
  const content = said.segments.map((segment) => wholeBlock(segment));
  return { contentType: sse, stream: [start, ...blocks, ...end], whole: wholeOf({ ...head, content, ...stop, usage: { ...input, output_tokens: said.completionTokens } }, random) };
}

function emptyBlock(segment: Segment): Fields {
  if (segment.type === 'text') return { type: 'text', text: '' };
  return segment.type === 'reasoning' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'tool_use', id: segment.id, name: segment.name, input: {} };
}

function wholeBlock(segment: Segment): Fields {
  if (segment.type === 'text') return { type: 'text', text: segment.text };
  if (segment.type === 'reasoning') return { type: 'thinking', thinking: segment.text, signature: 'c2lnbmVk' };
  return { ...emptyBlock(segment), input: JSON.parse(segment.text || '{}') as unknown };
}

function blockDeltas(segment: Segment, random: Random): readonly Fields[] {
  const pieces = piecesOf(segment.text, random);
  if (segment.type === 'text') return pieces.map((text) => ({ type: 'text_delta', text }));
  if (segment.type === 'call') return pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece }));
  return [...pieces.map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: 'c2lnbmVk' }];
}

function openAiResponses(said: Said, random: Random): AnswerWire {
  const write = eventsBy(random);
  let number = 0;
  const event = (data: Fields): string => write({ ...data, sequence_number: number++ }, String(data['type']));
  const incomplete = said.end === 'length' ? 'max_output_tokens' : said.end === 'contentFilter' ? 'content_filter' : null;
  const status = incomplete === null ? 'completed' : 'incomplete';
  const output = said.segments.map((segment, index) => responsesItem(segment, index));
  const head = { id: 'resp_1', object: 'response', created_at: 1_767_225_600, model: 'served', error: null };
  const usage = {
    input_tokens: said.promptTokens, input_tokens_details: { cached_tokens: said.cachedTokens },
    output_tokens: said.completionTokens, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: said.promptTokens + said.completionTokens,
  };
  const whole = { ...head, status, incomplete_details: incomplete === null ? null : { reason: incomplete }, output, usage };
  const begun = { ...head, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  const frames = [event({ type: 'response.created', response: begun }), event({ type: 'response.in_progress', response: begun })];
  for (const [index, segment] of said.segments.entries()) frames.push(...responsesSteps(segment, index, random).map(event));
  return { contentType: sse, stream: [...frames, event({ type: `response.${status}`, response: whole })], whole: wholeOf(whole, random) };
}

function responsesItem(segment: Segment, index: number): Fields {
  const id = `item_${index}`;
  if (segment.type === 'text') return { id, type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: segment.text, annotations: [], logprobs: [] }] };
  if (segment.type === 'reasoning') return { id, type: 'reasoning', status: 'completed', summary: [], content: [{ type: 'reasoning_text', text: segment.text }] };
  return { id, type: 'function_call', status: 'completed', call_id: segment.id, name: segment.name, arguments: segment.text };
}

const steps = { text: 'response.output_text', reasoning: 'response.reasoning_text', call: 'response.function_call_arguments' } as const;

function responsesSteps(segment: Segment, index: number, random: Random): readonly Fields[] {
  const item = responsesItem(segment, index);
  const at = { item_id: item['id'], output_index: index, ...(segment.type === 'call' ? {} : { content_index: 0 }) };
  const begun = { ...item, status: 'in_progress', ...(segment.type === 'call' ? { arguments: '' } : { content: [] }) };
  return [
    { type: 'response.output_item.added', output_index: index, item: begun },
    ...piecesOf(segment.text, random).map((delta) => ({ type: `${steps[segment.type]}.delta`, ...at, delta })),
    { type: `${steps[segment.type]}.done`, ...at, [segment.type === 'call' ? 'arguments' : 'text']: segment.text },
    { type: 'response.output_item.done', output_index: index, item },
  ];
}
