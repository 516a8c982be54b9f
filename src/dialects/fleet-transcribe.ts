/** The fleet's transcription API (contract fleet part 1.3): `POST /api/transcribe`, a form with a recording. */
import type { InferenceDialect } from './dialect.ts';
import type { RelayedRequest } from '../core/request.ts';
import { ollamaError } from './ollama-error.ts';
import { dialect as openAi } from './openai-transcriptions.ts';

/** Another address for OpenAI's form and answers; its errors are those of its neighbours under `/api`. */
export const dialect: InferenceDialect<RelayedRequest> = {
  ...openAi,
  id: 'fleet-transcribe',
  routes: [{ method: 'POST', path: '/api/transcribe' }],
  answersLike: openAi.id,
  encodeError: ollamaError,
};
