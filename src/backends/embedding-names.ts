/** Tells embedding models by name or family, for servers that do not say what a model can do. */

const embeddingName = /embed|(?:^|[^a-z])(?:bert|bge|gte|e5|minilm|mxbai|nomic-bert|arctic-embed|paraphrase)(?:[^a-z]|$)|all-minilm/i;

export function isEmbeddingName(name: string, family?: string): boolean {
  return embeddingName.test(name) || (family !== undefined && embeddingName.test(family));
}
