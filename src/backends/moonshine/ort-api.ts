/** The part of onnxruntime-node that is used; it is installed at run time, so its own types are not here. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface OrtTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
}

export interface OrtModule {
  readonly Tensor: new (type: 'float32' | 'int64' | 'bool', data: Float32Array | BigInt64Array | Uint8Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(path: string, options: { readonly intraOpNumThreads: number; readonly interOpNumThreads: number }): Promise<OrtSession> };
}

/** Loads the package out of the folder that `installSpeech` made. */
export function loadOrt(runtimeFolder: string): OrtModule {
  return createRequire(join(runtimeFolder, 'package.json'))('onnxruntime-node') as OrtModule;
}
