/** Tells what the asked-for model name means: route by task, or this model. */
import { RouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { aliasTarget } from './aliases.ts';
import { closeNames } from './close-names.ts';
import { listingsOf } from './listings.ts';
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

/**
 * Known names win over aliases, so that an alias cannot hide a model. A model that only an unreachable backend has is
 * still known: it is waited for, not denied. Throws `unknown_model`.
 */
export function resolve({ asked, table, fleet, aliases }: ResolveInput): Resolved {
  const wanted = asked?.trim() ?? '';
  let name = wanted;
  // An alias may lead to another one; each is followed at most once, so that a circle ends.
  for (let hops = Object.keys(aliases).length; hops >= 0; hops--) {
    if (name === '' || modelKey(name) === autoKey) return { kind: 'auto' };
    const known = knownName(name, table, fleet);
    if (known !== null) return named(known, wanted, name);
    const target = aliasTarget(name, aliases);
    if (target === null) break;
    name = target.trim();
  }
  if (listingsAreComing(fleet)) return named(name, wanted, name);
  throw unknownModel(wanted, name, table, fleet, aliases);
}

function named(known: string, wanted: string, reached: string): Resolved {
  const resolved = { kind: 'named', modelKey: modelKey(known), name: known } as const;
  return reached === wanted ? resolved : { ...resolved, substitutedFrom: wanted };
}

/** The name as configured or listed, the exact one before `name:latest`. */
function knownName(asked: string, table: RoutingTable, fleet: FleetView): string | null {
  let near = table.specs.get(modelKey(asked))?.name ?? null;
  if (near === asked) return near;
  for (const { model } of listingsOf(modelKey(asked), fleet)) {
    if (model.name === asked) return asked;
    near ??= model.name;
  }
  return near;
}

/** Until a backend was asked for the first time, nobody can say that it does not have a model. */
function listingsAreComing(fleet: FleetView): boolean {
  return fleet.backends.some((backend) => backend.status === 'unknown' && backend.report === null);
}

function unknownModel(wanted: string, reached: string, table: RoutingTable, fleet: FleetView, aliases: Readonly<Record<string, string>>): RouterError {
  const names = [
    ...[...table.specs.values()].map((spec) => spec.name),
    ...fleet.backends.flatMap((backend) => backend.report?.models.map((model) => model.name) ?? []),
    ...Object.keys(aliases).filter((alias) => !alias.includes('*')),
  ];
  const close = closeNames(reached, names.filter((name) => name !== wanted));
  const what = reached === wanted ? `Model "${short(wanted)}"` : `Model "${short(reached)}", which the alias "${short(wanted)}" stands for,`;
  const hint = close.length === 0 ? 'The model list of this router shows what there is.' : `Did you mean ${close.join(', ')}?`;
  return new RouterError('unknown_model', `${what} is not configured and no backend has it. ${hint}`, { param: 'model' });
}

function short(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 100)}…`;
}
