/** Answers chats with a loaded model, one at a time. */
import type { ChatJob } from './chat-job.ts';
import { Refusal } from './chat-job.ts';
import { grammarSchema } from './grammar-schema.ts';
import type { ContextState, HistoryItem, NativeChat, NativeContext, NativeGrammar, NativeLlama, NativeModel, NativeModule, NativeSequence, Token } from './native-api.ts';
import { orAbort } from './or-abort.ts';

export interface Outcome {
  readonly reason: 'stop' | 'length';
  readonly promptTokens: number;
  /** Of the prompt, found in memory from the request before. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly promptMs: number;
  readonly completionMs: number;
}

export interface Sink {
  text(piece: string): void;
  reasoning(piece: string): void;
}

// A prompt is read in pieces, so that a caller who leaves is noticed in between.
const promptPiece = 16;
// What the engine keeps free at the end of the context; it would cut the history below that.
const reservedTokens = 4;

export class Generator {
  readonly contextSize: number;
  readonly #llama: NativeLlama;
  readonly #model: NativeModel;
  readonly #sequence: NativeSequence;
  readonly #chat: NativeChat;
  #last: Promise<void> = Promise.resolve();

  constructor(native: NativeModule, llama: NativeLlama, model: NativeModel, context: NativeContext) {
    this.contextSize = context.contextSize;
    this.#llama = llama;
    this.#model = model;
    this.#sequence = context.getSequence();
    this.#chat = new native.LlamaChat({ contextSequence: this.#sequence });
    if (!model.tokens.shouldPrependBosToken) withoutBos(this.#chat, native);
  }

  /** Waits for its turn. Throws a Refusal (400) when the prompt is too long or the schema cannot be held, and the signal's reason when aborted. */
  async answer(job: ChatJob, sink: Sink, signal: AbortSignal): Promise<Outcome> {
    const prompt = this.#promptTokens(job.history);
    const room = this.contextSize - prompt.length - reservedTokens;
    if (room < 1) throw tooLong(prompt.length, this.contextSize);
    const grammar = await this.#grammar(job);
    return this.#inTurn(signal, () => this.#generate(job, prompt, Math.min(job.maxTokens ?? room, room), grammar, sink, signal));
  }

  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let done = () => {};
    const mine = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#last = before.then(() => mine);
    try {
      await orAbort(before, signal);
      return await work();
    } finally {
      done();
    }
  }

  async #generate(job: ChatJob, prompt: readonly Token[], maxTokens: number, grammar: NativeGrammar | null, sink: Sink, signal: AbortSignal): Promise<Outcome> {
    const startedAt = performance.now();
    const cachedTokens = await this.#readPrompt(prompt, signal);
    const meter = this.#sequence.tokenMeter.getState();
    const readAt = performance.now();
    const answer = await this.#chat.generateResponse(job.history, {
      onResponseChunk: (chunk) => {
        if (chunk.text === '') return;
        if (chunk.type === 'segment') sink.reasoning(chunk.text);
        else sink.text(chunk.text);
      },
      signal,
      maxTokens,
      temperature: job.temperature,
      topP: job.topP,
      topK: job.topK,
      minP: job.minP,
      ...(job.seed === undefined ? {} : { seed: job.seed }),
      // Punishing repetition would punish the quotes and braces that a grammar asks for.
      repeatPenalty: grammar ? false : { penalty: job.repeatPenalty, frequencyPenalty: job.frequencyPenalty, presencePenalty: job.presencePenalty },
      customStopTriggers: job.stop,
      ...(grammar ? { grammar } : {}),
    });
    return {
      reason: answer.metadata.stopReason === 'maxTokens' ? 'length' : 'stop',
      promptTokens: prompt.length,
      cachedTokens,
      completionTokens: this.#sequence.tokenMeter.diff(meter).usedOutputTokens,
      promptMs: readAt - startedAt,
      completionMs: performance.now() - readAt,
    };
  }

  /** Reads all of the prompt but its last token, which the generation itself takes. Returns how much was in memory already. */
  async #readPrompt(prompt: readonly Token[], signal: AbortSignal): Promise<number> {
    const head = prompt.slice(0, -1);
    await this.#sequence.adaptStateToTokens(head, false);
    const cached = this.#sequence.nextTokenIndex;
    for (let from = cached; from < head.length; from += promptPiece) {
      signal.throwIfAborted();
      await this.#sequence.evaluateWithoutGeneratingNewTokens(head.slice(from, from + promptPiece));
    }
    signal.throwIfAborted();
    return cached;
  }

  #promptTokens(history: readonly HistoryItem[]): Token[] {
    const open: HistoryItem[] = history.at(-1)?.type === 'model' ? [] : [{ type: 'model', response: [] }];
    return this.#chat.chatWrapper.generateContextState({ chatHistory: [...history, ...open] }).contextText.tokenize(this.#model.tokenizer);
  }

  async #grammar(job: ChatJob): Promise<NativeGrammar | null> {
    if (job.format === null) return null;
    if (job.format.type === 'json') return this.#llama.getGrammarFor('json');
    const { schema, dropped } = grammarSchema(job.format.schema);
    if (job.format.strict && dropped.length > 0) {
      throw new Refusal(400, 'unsupported_feature', `The embedded engine cannot hold an answer to these parts of the schema: ${dropped.join(', ')}. Leave them out, or set strict to false.`, { param: 'response_format' });
    }
    try {
      return await this.#llama.createGrammarForJsonSchema(schema);
    } catch (cause) {
      throw new Refusal(400, 'unsupported_feature', `The embedded engine cannot turn this schema into a grammar: ${cause instanceof Error ? cause.message : String(cause)}`, { param: 'response_format' });
    }
  }
}

/** The chat formats of the package begin with the start token even for models whose own template does not. */
function withoutBos(chat: NativeChat, native: NativeModule): void {
  const wrapper = chat.chatWrapper;
  const original = wrapper.generateContextState.bind(wrapper);
  wrapper.generateContextState = (options): ContextState => {
    const state = original(options);
    const [first, ...rest] = state.contextText.values;
    const startsWithBos = typeof first === 'object' && first !== null && 'value' in first && first.value === 'BOS';
    return startsWithBos ? { ...state, contextText: native.LlamaText(rest) } : state;
  };
}

function tooLong(promptTokens: number, contextSize: number): Refusal {
  return new Refusal(400, 'exceed_context_size_error', `The request has ${promptTokens} tokens, which is more than the context of ${contextSize} tokens holds.`, { n_prompt_tokens: promptTokens, n_ctx: contextSize });
}
