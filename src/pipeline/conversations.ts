/** Remembers answers for callers that go on from them by id (OpenAI's `previous_response_id`). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { belongsTo, type Owner } from '../core/principal.ts';
import type { ChatRequest } from '../core/request.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from '../dialects/dialect.ts';
import type { KeyValueStore } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { answerMessage, type AnswerParts } from './answer-message.ts';
import type { AnswerWatcher, Conversations, InferenceCall } from './pipeline.ts';
import { headChars, type KeptConversation, type KeptHead, readHead, readKept, writeKept } from './kept-answer.ts';
import { RecentTexts } from './recent-texts.ts';
import { fillReferences, joinConversation } from './recall-messages.ts';

export interface ConversationSources {
  readonly store: Pick<KeyValueStore, 'get' | 'put' | 'delete' | 'trim' | 'list'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /** How long an answer may be gone on from. */
  readonly ttlMs: number;
  /** Answers kept at most; the oldest go first. */
  readonly maxStored: number;
}

/** What the router remembers, to be read and deleted by its owner. All reject with `store_unavailable`. */
export interface KeptAnswers {
  /** The answer's JSON text; null when there is none, or it is somebody else's. */
  read(id: string, owner: Owner): Promise<string | null>;
  /** False when there was none to delete. */
  forget(id: string, owner: Owner): Promise<boolean>;
  /** Everybody's, without their texts; what was kept last comes first. `before` is an id of an earlier page's last row. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly KeptAnswerRow[]>;
}

/** What may be told of a kept answer without telling what was said. */
export interface KeptAnswerRow extends KeptHead {
  readonly id: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number | null;
}

const prefix = 'response:';
/** Ids are made by the router; anything else is not looked up. */
const idPattern = /^[\w-]{1,200}$/;

export function createConversations(sources: ConversationSources): Conversations & KeptAnswers {
  return new RememberedConversations(sources);
}

class RememberedConversations implements Conversations, KeptAnswers {
  readonly #sources: ConversationSources;
  /** What was answered a moment ago is most often gone on from, and is here even when the store is not. */
  readonly #recent: RecentTexts;
  #trimming = false;

  constructor(sources: ConversationSources) {
    this.#sources = sources;
    this.#recent = new RecentTexts(Math.min(256, sources.maxStored));
  }

  async recall(request: ChatRequest, owner: Owner): Promise<ChatRequest> {
    const link = request.conversation;
    if (link === undefined) return request;
    const filled = link.refers === true ? await fillReferences(request.messages, async (id) => (await this.#find(id, owner))?.messages.at(-1) ?? null) : request.messages;
    if (link.previousId === undefined) return { ...request, messages: filled };
    const kept = await this.#find(link.previousId, owner);
    if (kept === null) throw notThere(link.previousId);
    return { ...request, messages: joinConversation(filled, link.passing, kept.messages) };
  }

  watch(call: InferenceCall, request: ChatRequest, context: AnswerContext): AnswerWatcher | null {
    const link = request.conversation;
    // What a backend wrote itself has the backend's id.
    if (link?.keep !== true || context.relay) return null;
    const encoder = call.dialect.encodeResponse({ ...context, stream: false, router: null });
    const parts: AnswerParts = { text: '', reasoning: '', calls: [] };
    return {
      take: (part) => {
        gather(parts, part);
        encoder.push(part);
      },
      complete: () => {
        const answer = encoder.end();
        if (typeof answer !== 'string') return;
        const messages = [...request.messages.slice(link.passing), answerMessage(parts)];
        return this.#keep(idOf(answer), { principalId: call.principal.id, plane: call.plane, model: context.model, createdAt: this.#sources.clock.now() }, { messages, answer });
      },
    };
  }

  async read(id: string, owner: Owner): Promise<string | null> {
    return (await this.#find(id, owner))?.answer ?? null;
  }

  async forget(id: string, owner: Owner): Promise<boolean> {
    if ((await this.#find(id, owner)) === null) return false;
    this.#recent.delete(id);
    await this.#sources.store.delete(prefix + id);
    return true;
  }

  async list({ limit, before }: Parameters<KeptAnswers['list']>[0]): Promise<readonly KeptAnswerRow[]> {
    const rows = await this.#sources.store.list({ prefix, limit, headChars, ...(before === undefined ? {} : { before: prefix + before }) });
    return rows.map(({ key, head, bytes, expiresAt }) => ({ id: key.slice(prefix.length), bytes, expiresAt, ...readHead(head) }));
  }

  /** Somebody else's is as good as none: whether it exists is not told. */
  async #find(id: string, owner: Owner): Promise<KeptConversation | null> {
    if (!idPattern.test(id)) return null;
    const text = this.#recent.get(id, this.#sources.clock.now()) ?? (await this.#sources.store.get(prefix + id));
    if (text === null) return null;
    const { head, conversation } = readKept(text);
    return belongsTo(head, owner) ? conversation : null;
  }

  /** An answer that cannot be kept is an answer all the same; the operator is told. */
  async #keep(id: string, head: KeptHead, conversation: KeptConversation): Promise<void> {
    const { store, clock, ttlMs, log } = this.#sources;
    const text = writeKept(head, conversation);
    const expiresAt = clock.now() + ttlMs;
    this.#recent.set(id, text, expiresAt);
    try {
      await store.put(prefix + id, text, expiresAt);
    } catch (cause) {
      log.warn({ response: id, err: cause }, 'an answer could not be kept: it can be gone on from only until the router restarts');
      return;
    }
    this.#trim();
  }

  /** Nobody waits for it. */
  #trim(): void {
    if (this.#trimming) return;
    this.#trimming = true;
    const { store, maxStored, log } = this.#sources;
    store
      .trim(prefix, maxStored)
      .catch((cause: unknown) => log.warn({ err: cause }, 'old answers could not be let go'))
      .finally(() => {
        this.#trimming = false;
      });
  }
}

function gather(parts: AnswerParts, part: StreamPart): void {
  if (part.type === 'text-delta') parts.text += part.text;
  else if (part.type === 'reasoning-delta') parts.reasoning += part.text;
  else if (part.type === 'tool-call') parts.calls.push({ id: part.id, name: part.name, arguments: part.arguments });
}

/** The id that the dialect gave the answer. */
function idOf(answer: string): string {
  const { id } = JSON.parse(answer) as { readonly id?: unknown };
  if (typeof id === 'string') return id;
  throw new RouterError('internal', 'An answer that is to be kept has no id.');
}

function notThere(id: string): RouterError {
  return new RouterError('not_found', `There is no answer ${id} to go on from: it was not stored, was deleted, or was kept for its time to live and is gone. Send the whole conversation in \`input\`, without \`previous_response_id\`.`, { param: 'previous_response_id' });
}
