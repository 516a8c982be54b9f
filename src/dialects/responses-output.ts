/** Puts an answer's parts together as output items of the responses API, telling each step as an event. */
import type { StreamPart, TokenLogprob } from '../core/stream.ts';
import type { CallPart } from './gathered-answer.ts';
import type { Fields } from './read-fields.ts';
import { itemId } from './responses-ids.ts';
import { type CallerTool, textInput } from './responses-tools.ts';
import { openAiTokens } from './token-logprobs.ts';

type Status = 'in_progress' | 'completed' | 'incomplete';

/** An item that still grows. */
interface OpenItem {
  readonly kind: 'message' | 'reasoning' | 'summary';
  readonly id: string;
  text: string;
  readonly logprobs: TokenLogprob[];
}

export interface OutputOptions {
  /** Makes the ids of the items. */
  readonly requestId: string;
  /** Thinking is written as a summary, for callers that read no other. */
  readonly summary: boolean;
  /** The caller's tools by the name that the model knows; asked for at the first call. */
  readonly tools: () => ReadonlyMap<string, CallerTool>;
}

const none: readonly Fields[] = [];

export class ResponsesOutput {
  /** Finished items, in order. */
  readonly items: Fields[] = [];
  readonly #options: OutputOptions;
  #open: OpenItem | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** The events of one part, without their numbers. */
  take(part: StreamPart): readonly Fields[] {
    switch (part.type) {
      case 'text-delta':
        return this.#text('message', part.text, part.logprobs ?? []);
      case 'reasoning-delta':
        return this.#text(this.#options.summary ? 'summary' : 'reasoning', part.text, []);
      case 'tool-call':
        return [...this.close('completed'), ...this.#call(part)];
      case 'finish':
        return this.#finish(part.reason === 'length' || part.reason === 'content-filter' ? 'incomplete' : 'completed');
      case 'embedding':
      case 'picture':
      case 'error':
      case 'raw':
        return none;
      default:
        return part satisfies never;
    }
  }

  /** Ends the item that grows. */
  close(status: Status): readonly Fields[] {
    const item = this.#open;
    if (item === null) return none;
    this.#open = null;
    const at = this.#at(item.id);
    const done = itemOf(item, status);
    this.items.push(done);
    return [...endOfText(item, at), { type: 'response.output_item.done', output_index: at.output_index, item: done }];
  }

  /** An answer of nothing is a message of nothing. */
  #finish(status: Status): readonly Fields[] {
    const begun = this.#open === null && this.items.length === 0 ? this.#begin('message') : none;
    return [...begun, ...this.close(status)];
  }

  #text(kind: OpenItem['kind'], text: string, logprobs: readonly TokenLogprob[]): readonly Fields[] {
    const before = this.#open?.kind === kind ? none : [...this.close('completed'), ...this.#begin(kind)];
    const item = this.#open;
    if (item === null) return before;
    item.text += text;
    item.logprobs.push(...logprobs);
    return [...before, deltaOf(item, this.#at(item.id), text, logprobs)];
  }

  #begin(kind: OpenItem['kind']): readonly Fields[] {
    const item: OpenItem = { kind, id: itemId(kind === 'message' ? 'msg' : 'rs', this.#options.requestId, this.items.length), text: '', logprobs: [] };
    this.#open = item;
    const at = this.#at(item.id);
    return [{ type: 'response.output_item.added', output_index: at.output_index, item: emptyItem(item) }, { type: partEvents[kind].added, ...at, ...partEvents[kind].index, part: partOf(item) }];
  }

  #call(part: CallPart): readonly Fields[] {
    const tool = this.#options.tools().get(part.name);
    const custom = tool?.custom === true;
    const text = custom ? textInput(part.arguments) : part.arguments;
    const key = custom ? 'input' : 'arguments';
    const name = tool?.name ?? part.name;
    const item = (content: string, status: Status): Fields => ({
      id: itemId(custom ? 'ctc' : 'fc', this.#options.requestId, part.index),
      type: custom ? 'custom_tool_call' : 'function_call',
      status,
      call_id: part.id,
      name,
      ...(tool?.group === undefined ? {} : { namespace: tool.group }),
      [key]: content,
    });
    const done = item(text, 'completed');
    const at = this.#at(String(done.id));
    const event = custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
    this.items.push(done);
    return [
      { type: 'response.output_item.added', output_index: at.output_index, item: item('', 'in_progress') },
      { type: `${event}.delta`, ...at, delta: text },
      { type: `${event}.done`, ...at, ...(custom ? {} : { name }), [key]: text },
      { type: 'response.output_item.done', output_index: at.output_index, item: done },
    ];
  }

  #at(id: string): { readonly item_id: string; readonly output_index: number } {
    return { item_id: id, output_index: this.items.length };
  }
}

/** How each kind calls its one part and the events of it. */
const partEvents = {
  message: { added: 'response.content_part.added', text: 'response.output_text', done: 'response.content_part.done', index: { content_index: 0 } },
  reasoning: { added: 'response.content_part.added', text: 'response.reasoning_text', done: 'response.content_part.done', index: { content_index: 0 } },
  summary: { added: 'response.reasoning_summary_part.added', text: 'response.reasoning_summary_text', done: 'response.reasoning_summary_part.done', index: { summary_index: 0 } },
} as const;

const partTypes = { reasoning: 'reasoning_text', summary: 'summary_text' } as const;

function partOf(item: OpenItem): Fields {
  if (item.kind !== 'message') return { type: partTypes[item.kind], text: item.text };
  return { type: 'output_text', text: item.text, annotations: [], logprobs: openAiTokens(item.logprobs) };
}

function deltaOf(item: OpenItem, at: Fields, delta: string, logprobs: readonly TokenLogprob[]): Fields {
  const { text, index } = partEvents[item.kind];
  return { type: `${text}.delta`, ...at, ...index, delta, ...(item.kind === 'message' ? { logprobs: openAiTokens(logprobs) } : {}) };
}

function endOfText(item: OpenItem, at: Fields): readonly Fields[] {
  const { text, done, index } = partEvents[item.kind];
  const logprobs = item.kind === 'message' ? { logprobs: openAiTokens(item.logprobs) } : {};
  return [
    { type: `${text}.done`, ...at, ...index, text: item.text, ...logprobs },
    { type: done, ...at, ...index, part: partOf(item) },
  ];
}

function emptyItem(item: OpenItem): Fields {
  if (item.kind === 'message') return { id: item.id, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
  return { id: item.id, type: 'reasoning', status: 'in_progress', summary: [], ...(item.kind === 'reasoning' ? { content: [] } : {}) };
}

function itemOf(item: OpenItem, status: Status): Fields {
  if (item.kind === 'message') return { ...emptyItem(item), status, content: [partOf(item)] };
  return item.kind === 'summary' ? { ...emptyItem(item), status, summary: [partOf(item)] } : { ...emptyItem(item), status, content: [partOf(item)] };
}
