import { expect, test } from 'vitest';
import { type ChatJob, Refusal, readChatJob } from './chat-job.ts';
import { Generator, type Sink } from './generator.ts';
import type { GenerateOptions, HistoryItem, NativeChatWrapper, NativeContext, NativeLlama, NativeModel, NativeModule, NativeSequence, NativeText, Token } from './native-api.ts';

/** A model whose tokens are words, which answers with `reply` and can be told to wait. */
class FakeNative {
  reply: readonly string[] = ['ok'];
  gate: Promise<void> = Promise.resolve();
  stopReason = 'eogToken';
  readonly evaluated: number[] = [];
  readonly generations: GenerateOptions[] = [];
  #held: Token[] = [];
  #outputs = 0;

  generator(contextSize: number): Generator {
    const fake = this;
    const sequence: NativeSequence = {
      get nextTokenIndex() {
        return fake.#held.length;
      },
      tokenMeter: { getState: () => ({ usedInputTokens: 0, usedOutputTokens: fake.#outputs }), diff: (before) => ({ usedInputTokens: 0, usedOutputTokens: fake.#outputs - before.usedOutputTokens }) },
      async adaptStateToTokens(tokens) {
        const same = tokens.findIndex((token, index) => token !== fake.#held[index]);
        fake.#held = fake.#held.slice(0, same < 0 ? tokens.length : same);
      },
      async evaluateWithoutGeneratingNewTokens(tokens) {
        fake.evaluated.push(tokens.length);
        fake.#held.push(...tokens);
      },
    };
    const llama = { gpu: false, cpuMathCores: 2, getGrammarFor: async () => ({ grammar: 'json' }), createGrammarForJsonSchema: async (schema) => ({ grammar: JSON.stringify(schema) }) } as Partial<NativeLlama> as NativeLlama;
    const model = { tokenizer: null, tokens: { shouldPrependBosToken: false } } as Partial<NativeModel> as NativeModel;
    const context = { contextSize, getSequence: () => sequence } as Partial<NativeContext> as NativeContext;
    return new Generator(this.#module(), llama, model, context);
  }

  #module(): NativeModule {
    const fake = this;
    class LlamaChat {
      readonly chatWrapper: NativeChatWrapper = { generateContextState: ({ chatHistory }) => ({ contextText: textOf([{ value: 'BOS' }, ...chatHistory.flatMap(wordsOf)]) }) };
      async generateResponse(_history: readonly HistoryItem[], options: GenerateOptions) {
        fake.generations.push(options);
        await Promise.race([fake.gate, new Promise((_resolve, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)))]);
        for (const text of fake.reply) {
          fake.#outputs += 1;
          options.onResponseChunk(text.startsWith('~') ? { type: 'segment', text: text.slice(1) } : { text });
        }
        return { metadata: { stopReason: fake.stopReason } };
      }
    }
    return { LlamaChat, LlamaText: textOf } as Partial<NativeModule> as NativeModule;
  }
}

function wordsOf(item: HistoryItem): string[] {
  return [item.type, ...(item.type === 'model' ? item.response.join(' ') : item.text).split(' ').filter((word) => word !== '')];
}

function textOf(values: readonly unknown[]): NativeText {
  const numberOf = (text: string) => [...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
  return { values, tokenize: () => values.map((value) => (typeof value === 'string' ? numberOf(value) : -1)) };
}

const never = (): AbortSignal => new AbortController().signal;
const job = (text: string, fields: Record<string, unknown> = {}): ChatJob => readChatJob(JSON.stringify({ messages: [{ role: 'user', content: text }], ...fields }));

function collector(): Sink & { said: string; thought: string } {
  return {
    said: '',
    thought: '',
    text(piece) {
      this.said += piece;
    },
    reasoning(piece) {
      this.thought += piece;
    },
  };
}

test('text and thoughts arrive apart, with counts; a start token that the model does not want is left out', async () => {
  const native = new FakeNative();
  native.reply = ['~hm', 'a', 'b'];
  const sink = collector();
  // user, one, two, model
  expect(await native.generator(100).answer(job('one two'), sink, never())).toMatchObject({ reason: 'stop', promptTokens: 4, completionTokens: 3, cachedTokens: 0 });
  expect(sink).toMatchObject({ said: 'ab', thought: 'hm' });
});

test('a prompt that leaves no room for an answer is refused with both numbers', async () => {
  const native = new FakeNative();
  const words = Array.from({ length: 200 }, (_, index) => `w${index}`).join(' ');
  await expect(native.generator(100).answer(job(words), collector(), never())).rejects.toSatisfy((thrown) => thrown instanceof Refusal && thrown.status === 400
    && JSON.stringify(thrown.body).includes('"n_prompt_tokens":202') && JSON.stringify(thrown.body).includes('"n_ctx":100') && /202.*100/.test(thrown.message));
  expect(native.generations).toHaveLength(0);
});

test('an answer never outgrows the context, and says so when it was cut', async () => {
  const native = new FakeNative();
  native.stopReason = 'maxTokens';
  const outcome = await native.generator(100).answer(job('one two', { max_tokens: 1000 }), collector(), never());
  expect(outcome.reason).toBe('length');
  expect(native.generations[0]?.maxTokens).toBeLessThanOrEqual(100 - 4);
});

test('what the prompt shares with the one before is not read again', async () => {
  const native = new FakeNative();
  const generator = native.generator(100);
  await generator.answer(job('a b c d'), collector(), never());
  const outcome = await generator.answer(job('a b c x'), collector(), never());
  // user a b c are shared; x remains, and the last token is left to the generation.
  expect(outcome.cachedTokens).toBe(4);
  expect(native.evaluated).toEqual([5, 1]);
});

test('one at a time, in order; who leaves while waiting is not started and holds nobody up', async () => {
  const native = new FakeNative();
  let open = () => {};
  native.gate = new Promise((resolve) => {
    open = resolve;
  });
  const generator = native.generator(100);
  const first = generator.answer(job('first'), collector(), never());
  const leaver = new AbortController();
  const second = generator.answer(job('second'), collector(), leaver.signal);
  const third = generator.answer(job('third', { temperature: 3 }), collector(), never());
  leaver.abort(new Error('left'));
  await expect(second).rejects.toThrow('left');
  expect(native.generations.length).toBeLessThanOrEqual(1);
  open();
  await Promise.all([first, third]);
  expect(native.generations).toHaveLength(2);
  expect(native.generations[1]?.temperature).toBe(3);
});

test('who leaves during the answer stops it, and the next one is served', async () => {
  const native = new FakeNative();
  native.gate = new Promise(() => {});
  const generator = native.generator(100);
  const leaver = new AbortController();
  const first = generator.answer(job('first'), collector(), leaver.signal);
  setImmediate(() => leaver.abort(new Error('left')));
  await expect(first).rejects.toThrow('left');
  native.gate = Promise.resolve();
  expect((await generator.answer(job('second'), collector(), never())).reason).toBe('stop');
});

test('a strict schema that cannot be held is refused by the name of the keyword; one that is not strict is held as far as it goes', async () => {
  const native = new FakeNative();
  const generator = native.generator(100);
  const format = (strict: boolean) => ({ response_format: { type: 'json_schema', json_schema: { name: 'a', strict, schema: { type: 'string', pattern: '^a' } } } });
  await expect(generator.answer(job('x', format(true)), collector(), never())).rejects.toThrow(/pattern/);
  await generator.answer(job('x', format(false)), collector(), never());
  expect(native.generations[0]).toMatchObject({ grammar: { grammar: '{"type":"string"}' }, repeatPenalty: false });
});
