/** What a model can do, told by its server or else by its name. Pure. */
import type { Capability, Model } from '../core/fleet.ts';
import type { Task } from '../core/request.ts';
import { isEmbeddingName } from './embedding-model.ts';

type Described = Pick<Model, 'name' | 'capabilities' | 'family'>;

/** The capability that a task needs of a model; tasks that any model may be tried with need none. */
const neededBy: Partial<Readonly<Record<Task, Capability>>> = { image: 'image', transcription: 'transcription', speech: 'speech', 'image-embedding': 'image-embedding' };

/** Names as their makers and servers write them. In this order: `whisper-tts` does not exist, `clip` is in many other words. */
const namePatterns: readonly (readonly [Capability, RegExp])[] = [
  ['transcription', /whisper|parakeet|moonshine|canary|sensevoice|(?:^|[^a-z])(?:asr|stt)(?:[^a-z]|$)|transcribe/i],
  ['speech', /(?:^|[^a-z])(?:tts|xtts|kokoro|piper|bark|chatterbox|f5-tts|orpheus)(?:[^a-z]|$)/i],
  ['image-embedding', /dinov2|siglip|(?:^|[^a-z])clip(?:[^a-z]|$)/i],
  ['image', /(?:^|[^a-z])flux|stable[-_]?diffusion|sdxl|(?:^|[^a-z])sd(?:3|[-_]?turbo|-cpp|[-_]?v?1[.-]5)|z-image|qwen-image|dall-e|gpt-image|hidream|pixart|kandinsky|(?:^|[^a-z])imagen(?:[^a-z]|$)/i],
];

/** What makes or reads something other than a conversation. */
const silent: ReadonlySet<Capability> = new Set(['embedding', 'rerank', 'image', 'transcription', 'speech', 'image-embedding']);

/** What a name alone tells of a model that makes or reads something other than text; null: nothing. */
export function mediaByName(name: string): Capability | null {
  return namePatterns.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
}

/** For servers that say nothing of it: what the name tells; undefined when it tells nothing. */
export function capabilitiesByName(name: string, family?: string): readonly Capability[] | undefined {
  if (isEmbeddingName(name, family)) return ['embedding'];
  const media = mediaByName(name);
  return media === null ? undefined : [media];
}

/** Does the model do something, and no talking? What the server says counts; its name only when it says nothing. */
export function neverChats({ name, family, capabilities }: Described): boolean {
  const known = capabilities === undefined || capabilities.length === 0 ? capabilitiesByName(name, family) : capabilities;
  return known !== undefined && !known.includes('chat') && known.some((capability) => silent.has(capability));
}

/**
 * May a request of this task go to the model? `known`: only if it is certain that the model can. A model that nobody lists
 * (undefined) is taken at its word.
 */
export function mayServe(model: Described | undefined, task: Task, known = false): boolean {
  const needed = neededBy[task];
  if (needed === undefined) return true;
  if (model === undefined) return !known;
  const told = model.capabilities === undefined || model.capabilities.length === 0 ? capabilitiesByName(model.name, model.family) : model.capabilities;
  return told === undefined ? !known : told.includes(needed);
}
