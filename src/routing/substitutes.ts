/** Models in memory that may serve instead of one that would have to be loaded, as far as `router.substitution` allows. */
import type { FleetView, Model } from '../core/fleet.ts';
import type { Needs } from '../core/request.ts';
import { isLeftAlone } from '../util/left-alone.ts';
import { modelKey, sameModel } from '../util/model-name.ts';
import { listingsOf } from './listings.ts';
import { categoryOf } from './model-category.ts';

export type Substitution = 'never' | 'same-capability' | 'any';

export interface SubstituteInput {
  readonly substitution: Substitution;
  /** The key of the model that was asked for. */
  readonly asked: string;
  readonly needs: Needs;
  readonly promptTokens: number;
  readonly fleet: FleetView;
}

/** Each must see, use tools and hold the prompt where the request needs it. More would be a list of all that is loaded. */
const mostSubstitutes = 8;

/** Keys, the model whose size is most like that of the asked one first. Of chat models alone: the vectors of two embedding models have nothing in common. */
export function substitutesFor(input: SubstituteInput): readonly string[] {
  if (input.substitution === 'never') return [];
  const asked = listingsOf(input.asked, input.fleet)[0]?.model ?? { name: input.asked };
  const found = new Map<string, Model>();
  for (const { model, contextLength } of loadedIn(input.fleet)) {
    const key = modelKey(model.name);
    if (key !== input.asked && !found.has(key) && maySubstitute(model, contextLength, asked, input)) found.set(key, model);
  }
  const distance = (model: Model): number => unlikeness(model.sizeBytes, asked.sizeBytes);
  return [...found].toSorted(([one, a], [other, b]) => distance(a) - distance(b) || (one < other ? -1 : 1)).slice(0, mostSubstitutes).map(([key]) => key);
}

interface Loaded {
  readonly model: Model;
  readonly contextLength: number | undefined;
}

function loadedIn(fleet: FleetView): readonly Loaded[] {
  return fleet.backends
    .filter((backend) => backend.status !== 'down')
    .flatMap((backend) => (backend.report?.resident ?? []).flatMap((one): Loaded[] => {
      const model = one.sleeping === true || isLeftAlone(backend, one.name) ? undefined : backend.report?.models.find((listed) => sameModel(listed.name, one.name));
      return model === undefined ? [] : [{ model, contextLength: one.contextLength }];
    }));
}

function maySubstitute(model: Model, contextLength: number | undefined, asked: Pick<Model, 'name' | 'capabilities' | 'family'>, { substitution, needs, promptTokens }: SubstituteInput): boolean {
  const category = categoryOf(model);
  if (category === 'silent' || (substitution === 'same-capability' && category !== categoryOf(asked))) return false;
  if (contextLength !== undefined && contextLength < promptTokens) return false;
  // What nobody says it can do it is not taken to do.
  const can = (capability: 'vision' | 'tools'): boolean => model.capabilities?.includes(capability) === true;
  return (!needs.vision || can('vision')) && (!needs.tools || can('tools'));
}

/** In factors; a size that nobody knows is the least alike. */
function unlikeness(bytes: number | undefined, other: number | undefined): number {
  return !bytes || !other ? Number.MAX_VALUE : Math.abs(Math.log(bytes / other));
}
