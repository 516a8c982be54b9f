/** Tells models that only turn text into vectors, which never chat, from the others. */
import type { Model } from '../core/fleet.ts';

const embeddingName = /(?:^|[-_/:.\d])(?:embed(?:ding|dings)?|bge|gte|e5|minilm|mxbai|rerank(?:er)?)(?=$|[-_/:.\d])/i;
const embeddingFamilies: ReadonlySet<string> = new Set(['bert', 'nomic-bert', 'xlm-roberta', 'jina-bert-v2']);

/** What the server says of the model's capabilities counts; its name and family only when it says nothing. */
export function isEmbeddingModel(model: Pick<Model, 'name' | 'capabilities' | 'family'>): boolean {
  if (model.capabilities !== undefined && model.capabilities.length > 0) {
    return model.capabilities.includes('embedding') && !model.capabilities.includes('chat');
  }
  return embeddingFamilies.has(model.family ?? '') || embeddingName.test(model.name);
}
