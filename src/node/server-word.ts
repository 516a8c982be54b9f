/** What people call a server. */
import type { LocalServer } from './node.ts';

/** Ollama by its own name, others by the one they were found under. */
export function serverWord({ name, kind }: Pick<LocalServer, 'name' | 'kind'>): string {
  return name === 'ollama' && kind === 'ollama' ? 'Ollama' : name;
}
