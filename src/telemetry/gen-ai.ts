/** What OpenTelemetry's conventions for generative AI call things (semantic conventions, gen-ai). */
import type { Trace } from '../core/trace.ts';

/** `gen_ai.operation.name`: one of the conventions' words, or our own for what they have none for. */
export function operationOf({ dialect }: Pick<Trace, 'dialect'>): string {
  if (dialect.includes('embed')) return 'embeddings';
  if (dialect === 'openai-completions' || dialect === 'ollama-generate') return 'text_completion';
  if (dialect.includes('image')) return 'generate_image';
  if (dialect.includes('transcri')) return 'transcribe';
  if (dialect.includes('speech')) return 'synthesize_speech';
  return dialect === 'rerank' ? 'rerank' : 'chat';
}

/** Bounds of the conventions' histograms, in seconds and tokens. */
export const genAiBounds = {
  requestSeconds: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  firstTokenSeconds: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  perTokenSeconds: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  tokens: [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
} as const;
