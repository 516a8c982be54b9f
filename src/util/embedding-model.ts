/** Tells models that only turn text into vectors, which never chat, from the others. */
import type { Model } from '../core/fleet.ts';

const embeddingName = /embed|rerank|all-minilm|(?:^|[^a-z])(?:bert|bge|gte|e5|minilm|mxbai|nomic-bert|paraphrase)(?:[^a-z]|$)/i;

/** By name or family alone, for servers that do not say what a model can do. */
export function isEmbeddingName(name: string, family?: string): boolean {
  return embeddingName.test(name) || (family !== undefined && embeddingName.test(family));
}

/** What the server says of the model's capabilities counts; its name and family only when it says nothing. */
export function isEmbeddingModel({ name, family, capabilities }: Pick<Model, 'name' | 'capabilities' | 'family'>): boolean {
  if (capabilities === undefined || capabilities.length === 0) return isEmbeddingName(name, family);
  return capabilities.includes('embedding') && !capabilities.includes('chat');
}
