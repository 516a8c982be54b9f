/** Finds models that Ollama has already pulled to this machine, without asking Ollama. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { objectsField, parseJson } from '../json-fields.ts';
import { readGgufHeader } from './gguf-header.ts';
import { isObject } from '../../util/json-object.ts';

export interface StoredModel {
  /** As Ollama lists it: `qwen3:0.6b`. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ModelLayer {
  readonly digest: string;
  readonly sizeBytes: number;
}

const largestBytes = 3_000_000_000;
const modelLayer = 'application/vnd.ollama.image.model';

/** The layer of a manifest that holds the weights; null when there is none or it is malformed. */
export function weightsLayer(manifest: string): ModelLayer | null {
  const parsed = parseJson(manifest);
  for (const layer of isObject(parsed) ? objectsField(parsed, 'layers') : []) {
    if (layer.mediaType !== modelLayer) continue;
    const { digest, size } = layer;
    if (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) && typeof size === 'number') return { digest, sizeBytes: size };
  }
  return null;
}

/** Best first: SmolLM2, then the smallest; models of 3 GB and more, and those made for embeddings by their name, are left out. */
export function inOrderOfChoice(models: readonly StoredModel[]): readonly StoredModel[] {
  const rank = (model: StoredModel) => (model.name.startsWith('smollm2') ? 0 : 1);
  return models
    .filter((model) => model.sizeBytes < largestBytes && !/embed|minilm|bge-/i.test(model.name))
    .toSorted((a, b) => rank(a) - rank(b) || a.sizeBytes - b.sizeBytes || a.name.localeCompare(b.name));
}

/** The best model of the store at `folder` that can chat; null when it has none or cannot be read. */
export async function chooseFromStore(folder: string): Promise<StoredModel | null> {
  for (const model of inOrderOfChoice(await listStore(folder))) {
    const header = await readGgufHeader(model.path).catch(() => null);
    if (header && !/bert|^clip$/.test(header.architecture ?? '')) return model;
  }
  return null;
}

async function listStore(folder: string): Promise<StoredModel[]> {
  const library = join(folder, 'manifests', 'registry.ollama.ai', 'library');
  const found: StoredModel[] = [];
  for (const model of await namesIn(library)) {
    for (const tag of await namesIn(join(library, model))) {
      const layer = weightsLayer(await readFile(join(library, model, tag), 'utf8').catch(() => ''));
      if (!layer) continue;
      const path = join(folder, 'blobs', layer.digest.replace(':', '-'));
      const size = await stat(path).then((entry) => entry.size, () => null);
      // A blob of another size is a pull that has not ended.
      if (size === layer.sizeBytes) found.push({ name: `${model}:${tag}`, path, sizeBytes: size });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
