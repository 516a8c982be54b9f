/** When two names are the same model to an Ollama. Pure. */
import { modelKey } from '../util/model-name.ts';

/** Case does not matter, nor do the registry, the namespace and the tag that every name has when it has no other. */
export function ollamaModelKey(name: string): string {
  const plain = name.toLowerCase().replace(/^(https?:\/\/)?registry\.ollama\.ai\//, '').replace(/^library\//, '');
  return modelKey(plain);
}
