/** The speech-to-text weights that are fetched on first use: Moonshine tiny for English, MIT, inside a wheel of the Python package index. */

export interface KnownFile {
  /** In the cache folder. */
  readonly fileName: string;
  /** How the wheel's entry ends. */
  readonly entry: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export const modelName = 'moonshine-tiny-en';
export const modelFolder = 'moonshine-tiny-en-0.0.45';

/** The weights are the same in the wheel of every platform; this one is the smallest that has them. */
export const wheel = { name: `${modelName} (44 MB, MIT)`, requirement: 'moonshine-voice==0.0.45', wheelBytes: 84_884_835, platform: 'manylinux_2_34_x86_64' } as const;

export const knownFiles = {
  encoder: { fileName: 'encoder_model.ort', entry: '/tiny-en/encoder_model.ort', sizeBytes: 13_281_600, sha256: '94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221' },
  decoder: { fileName: 'decoder_model_merged.ort', entry: '/tiny-en/decoder_model_merged.ort', sizeBytes: 30_412_256, sha256: 'cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0' },
  tokenizer: { fileName: 'tokenizer.bin', entry: '/tiny-en/tokenizer.bin', sizeBytes: 249_974, sha256: '6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d' },
} as const satisfies Readonly<Record<string, KnownFile>>;
