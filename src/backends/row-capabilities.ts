/** What a row of `/v1/models` says that its model can do, in the words of the servers that say so. */
import type { Capability, Model } from '../core/fleet.ts';
import { textField } from './json-fields.ts';
import type { JsonObject } from '../util/json-object.ts';

/** Our own words, which node agents and other routers use, and those that mean the same elsewhere. */
const words: Readonly<Record<string, Capability>> = {
  chat: 'chat', completion: 'chat', embedding: 'embedding', vision: 'vision', tools: 'tools', thinking: 'thinking', insert: 'insert', rerank: 'rerank',
  image: 'image', transcription: 'transcription', speech: 'speech', 'image-embedding': 'image-embedding',
};

/** `task` of speaches and others who write it as Hugging Face does. */
const tasks: Readonly<Record<string, Capability>> = {
  'automatic-speech-recognition': 'transcription', 'text-to-speech': 'speech', 'text-to-image': 'image', 'image-feature-extraction': 'image-embedding',
  'feature-extraction': 'embedding', 'sentence-similarity': 'embedding', 'text-ranking': 'rerank', 'text-generation': 'chat',
};

/** Empty when the row says nothing that is known here. */
export function capabilitiesIn(row: JsonObject): Pick<Model, 'capabilities'> {
  const listed = row['capabilities'];
  const told = Array.isArray(listed) ? listed.flatMap((word): Capability[] => (typeof word === 'string' && Object.hasOwn(words, word) ? [words[word] as Capability] : [])) : [];
  if (told.length > 0) return { capabilities: told };
  const task = textField(row, 'task') ?? '';
  return Object.hasOwn(tasks, task) ? { capabilities: [tasks[task] as Capability] } : {};
}
