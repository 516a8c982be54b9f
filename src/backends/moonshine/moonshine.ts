/** Moonshine: an encoder that hears up to half a minute, and a decoder that writes it down word by word. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Segment } from '../../util/transcript.ts';
import { knownFiles } from './known-files.ts';
import type { OrtModule, OrtSession, OrtTensor } from './ort-api.ts';
import { quietCuts } from './quiet-cuts.ts';
import { readPieces, textOf } from './tokenizer.ts';
import { sampleRate } from './wav.ts';

const startToken = 1;
const endToken = 2;
/** Nobody says more; a model that does has lost its thread and repeats itself. */
const tokensPerSecond = 6.5;
const headCount = 8;
const headSize = 36;
/** Less than this is no word. */
const shortest = sampleRate / 10;

export class Moonshine {
  readonly #ort: OrtModule;
  readonly #encoder: OrtSession;
  readonly #decoder: OrtSession;
  readonly #pieces: readonly Uint8Array[];

  private constructor(ort: OrtModule, encoder: OrtSession, decoder: OrtSession, pieces: readonly Uint8Array[]) {
    this.#ort = ort;
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#pieces = pieces;
  }

  static async load(ort: OrtModule, folder: string, threads: number): Promise<Moonshine> {
    const options = { intraOpNumThreads: threads, interOpNumThreads: 1 };
    const [encoder, decoder, pieces] = await Promise.all([
      ort.InferenceSession.create(join(folder, knownFiles.encoder.fileName), options),
      ort.InferenceSession.create(join(folder, knownFiles.decoder.fileName), options),
      readFile(join(folder, knownFiles.tokenizer.fileName)),
    ]);
    return new Moonshine(ort, encoder, decoder, readPieces(pieces));
  }

  /** Samples of 16 kHz. Rejects with the signal's reason within a word's time. */
  async transcribe(samples: Float32Array, signal: AbortSignal): Promise<readonly Segment[]> {
    const segments: Segment[] = [];
    for (const { from, to } of quietCuts(samples)) {
      if (to - from < shortest) continue;
      const text = textOf(await this.#write(samples.subarray(from, to), signal), this.#pieces);
      if (text !== '') segments.push({ start: from / sampleRate, end: to / sampleRate, text });
    }
    return segments;
  }

  async #write(samples: Float32Array, signal: AbortSignal): Promise<readonly number[]> {
    signal.throwIfAborted();
    const { Tensor } = this.#ort;
    const mask = new Tensor('int64', new BigInt64Array(samples.length).fill(1n), [1, samples.length]);
    const heard = (await this.#encoder.run({ input_values: new Tensor('float32', samples, [1, samples.length]), attention_mask: mask }))['last_hidden_state'];
    if (heard === undefined) throw new TypeError('The encoder gave nothing.');
    const tokens: number[] = [];
    const most = Math.ceil((samples.length / sampleRate) * tokensPerSecond);
    let past = this.#emptyPast();
    for (let last = startToken; tokens.length < most; ) {
      signal.throwIfAborted();
      const first = tokens.length === 0;
      const given = await this.#decoder.run({
        input_ids: new Tensor('int64', BigInt64Array.of(BigInt(last)), [1, 1]),
        encoder_attention_mask: mask,
        encoder_hidden_states: heard,
        use_cache_branch: new Tensor('bool', Uint8Array.of(first ? 0 : 1), [1]),
        ...past,
      });
      last = likeliest(given['logits']);
      if (last === endToken) break;
      tokens.push(last);
      past = nextPast(past, given, first);
    }
    return tokens;
  }

  #emptyPast(): Past {
    const names = this.#decoder.inputNames.filter((name) => name.startsWith('past_key_values'));
    return Object.fromEntries(names.map((name) => [name, new this.#ort.Tensor('float32', new Float32Array(0), [1, headCount, 0, headSize])]));
  }
}

type Past = Readonly<Record<string, OrtTensor>>;

/** What the decoder knows of the recording stays as it was after its first step. */
function nextPast(past: Past, given: Past, first: boolean): Past {
  return Object.fromEntries(Object.entries(past).map(([name, before]) => {
    const now = given[name.replace('past_key_values', 'present')];
    return [name, now !== undefined && (first || name.includes('.decoder.')) ? now : before];
  }));
}

function likeliest(logits: OrtTensor | undefined): number {
  const values = logits?.data ?? new Float32Array();
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
}
