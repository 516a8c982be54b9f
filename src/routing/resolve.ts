/** Tells what the asked-for model name means: route by task, or this model. */
import { RouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { exactAlias, patternAlias } from './aliases.ts';
import { closeNames } from './close-names.ts';
import { allNames, exactName, nearNames } from './names.ts';
import type { RoutingTable } from './routing.ts';

export type Resolved =
  | { readonly kind: 'auto' }
  /** `name` as it is configured or listed; `substitutedFrom` is what the caller wrote, when an alias led here. */
  | { readonly kind: 'named'; readonly modelKey: string; readonly name: string; readonly substitutedFrom?: string };

export interface ResolveInput {
  /** As the caller wrote it; null when absent. */
  readonly asked: string | null;
  readonly table: RoutingTable;
  readonly fleet: FleetView;
  readonly aliases: Readonly<Record<string, string>>;
}

const autoKey = 'auto';
const none: readonly string[] = [];

/**
 * Exact names win over aliases, so that an alias cannot hide a model; an alias wins over a short name, and that over a
 * pattern. A model that only an unreachable backend has is still known: it is waited for, not denied. Throws `unknown_model`.
 */
export function resolve(input: ResolveInput): Resolved {
  const { asked, table, fleet, aliases } = input;
  const wanted = asked?.trim() ?? '';
  let name = wanted;
  let near = none;
  let followed: Set<string> | null = null;
  for (;;) {
    if (name === '' || modelKey(name) === autoKey) return { kind: 'auto' };
    const known = exactName(name, table, fleet);
    if (known !== null) return named(known, wanted, name);
    const alias = exactAlias(name, aliases);
    near = alias === null ? nearNames(name, table, fleet) : none;
    const [only] = near;
    if (only !== undefined && near.length === 1) return named(only, wanted, name);
    const target = alias ?? patternAlias(name, aliases);
    // An alias may lead to another one; each is followed at most once, so that a circle ends.
    followed ??= new Set();
    if (target === null || followed.has(name)) break;
    followed.add(name);
    name = target.trim();
  }
  if (listingsAreComing(fleet)) return named(name, wanted, name);
  throw unknownModel(wanted, name, near, input);
}

function named(known: string, wanted: string, reached: string): Resolved {
  const resolved = { kind: 'named', modelKey: modelKey(known), name: known } as const;
  return reached === wanted ? resolved : { ...resolved, substitutedFrom: wanted };
}

/** Until a backend was asked for the first time, nobody can say that it does not have a model. */
function listingsAreComing(fleet: FleetView): boolean {
  return fleet.backends.some((backend) => backend.status === 'unknown' && backend.report === null);
}

const mostChoices = 10;

function unknownModel(wanted: string, reached: string, near: readonly string[], { table, fleet, aliases }: ResolveInput): RouterError {
  const what = reached === wanted ? `Model "${short(wanted)}"` : `Model "${short(reached)}", which the alias "${short(wanted)}" stands for,`;
  if (near.length > 1) {
    return new RouterError('unknown_model', `${what} may be any of ${near.slice(0, mostChoices).map(short).join(', ')}${near.length > mostChoices ? ' …' : ''}; write its name in full.`, { param: 'model', ambiguous: true });
  }
  const names = [...allNames(table, fleet), ...Object.keys(aliases).filter((alias) => !alias.includes('*'))];
  const close = closeNames(reached, names.filter((name) => name !== wanted));
  const hint = close.length === 0 ? 'The model list of this router shows what there is.' : `Did you mean ${close.join(', ')}?`;
  return new RouterError('unknown_model', `${what} is not configured and no backend has it. ${hint}`, { param: 'model' });
}

function short(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 100)}…`;
}
