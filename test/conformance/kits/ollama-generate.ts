/** Ollama's generate API, read and written for the conformance suite. */
import type { Kit } from './kit.ts';
import { ollamaAnswers, readOllamaOptions, writeOllamaOptions } from './ollama.ts';

export const kit: Kit = {
  ...ollamaAnswers((line) => line.response, (line) => line),
  conversations: false,
  write: (asked) => ({ ...writeOllamaOptions(asked), system: asked.system, prompt: asked.user, images: asked.image === undefined ? undefined : [asked.image] }),
  read: (body) => ({ ...readOllamaOptions(body), system: body.system, user: body.prompt, image: body.images?.[0] }),
};
