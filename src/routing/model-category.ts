/** What kind of work a model is made for: by what its server says it can do, then by its name. */
import type { Model } from '../core/fleet.ts';
import { neverChats } from '../util/model-abilities.ts';

/** `silent`: it makes or reads something other than a conversation. */
export type ModelCategory = 'silent' | 'vision' | 'coding' | 'reasoning' | 'general';

const seeing = /llava|vision|moondream|pixtral|minicpm-v|(?:^|[^a-z])vl(?:[^a-z]|$)|\dvl(?:[^a-z]|$)/i;
const coding = /code|devstral/i;
const reasoning = /reason|think|gpt-oss|qwq|magistral|(?:^|[^a-z])[or]1(?:[^a-z\d]|$)/i;

export function categoryOf(model: Pick<Model, 'name' | 'capabilities' | 'family'>): ModelCategory {
  if (neverChats(model)) return 'silent';
  const { name, capabilities } = model;
  if (capabilities?.includes('vision') === true || (capabilities === undefined && seeing.test(name))) return 'vision';
  if (coding.test(name)) return 'coding';
  return reasoning.test(name) ? 'reasoning' : 'general';
}
