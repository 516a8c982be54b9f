/** Changes values deep inside a JSON text, or inside what it says, and leaves everything else as it was. */
import { type JsonItem, readItems, skipSpace } from './json-scan.ts';

/** Member names and element positions, from the outside in. */
export type JsonPath = readonly (string | number)[];

/** `append` and `order` are for arrays; `order` gives the present positions of all elements, as they shall stand. */
export type JsonChange =
  | { readonly kind: 'set'; readonly value: unknown }
  | { readonly kind: 'remove' }
  | { readonly kind: 'append'; readonly value: unknown }
  | { readonly kind: 'order'; readonly positions: readonly number[] };

export interface JsonEdit {
  readonly path: JsonPath;
  readonly change: JsonChange;
}

/** The edits below one value. */
interface Plan {
  readonly changes: JsonChange[];
  readonly below: Map<string | number, Plan>;
}

/**
 * `text` must be valid JSON in which every path exists. Positions are those before any edit. Of duplicate members the last
 * is edited, as it is the one that counts. Every byte outside of the edited values stays. Throws `internal` otherwise.
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  if (edits.length === 0) return text;
  const at = skipSpace(text, 0);
  return text.slice(0, at) + written(text, at, text.length, planOf(edits));
}

/** The same upon a parsed value, which stays as it is; what no edit touches is shared with it. */
export function editValue(value: unknown, edits: readonly JsonEdit[]): unknown {
  return edits.length === 0 ? value : changed(value, planOf(edits));
}

function planOf(edits: readonly JsonEdit[]): Plan {
  const root: Plan = { changes: [], below: new Map() };
  for (const { path, change } of edits) {
    let plan = root;
    for (const step of path) {
      const next = plan.below.get(step) ?? { changes: [], below: new Map() };
      plan.below.set(step, next);
      plan = next;
    }
    plan.changes.push(change);
  }
  return root;
}

function isRemoved(plan: Plan | undefined): boolean {
  return plan?.changes.some((change) => change.kind === 'remove') === true;
}

/** `end` may lie behind the value: what follows it is kept. */
function written(text: string, at: number, end: number, plan: Plan): string {
  const set = plan.changes.find((change) => change.kind === 'set');
  if (set !== undefined) return JSON.stringify(set.value);
  const { items, closeAt } = readItems(text, at);
  const last = new Map(items.map((item) => [item.key, item]));
  const pieces = items.map((item) => pieceOf(text, item, last.get(item.key) === item ? plan.below.get(item.key) : undefined));
  const kept = arranged(pieces, plan, JSON.stringify).filter((piece) => piece !== null);
  return text.slice(at, items[0]?.from ?? closeAt) + kept.join(',') + text.slice(closeAt, end);
}

/** The item with what surrounds it; null when it is removed. */
function pieceOf(text: string, item: JsonItem, plan: Plan | undefined): string | null {
  if (plan === undefined) return text.slice(item.from, item.to);
  if (isRemoved(plan)) return null;
  return text.slice(item.from, item.valueAt) + written(text, item.valueAt, item.valueEnd, plan) + text.slice(item.valueEnd, item.to);
}

function changed(value: unknown, plan: Plan): unknown {
  const set = plan.changes.find((change) => change.kind === 'set');
  if (set !== undefined) return set.value;
  if (Array.isArray(value)) {
    const elements = (value as readonly unknown[]).map((element, position) => below(element, plan.below.get(position)));
    return arranged(elements, plan, (one) => one).filter((element) => element !== removed);
  }
  const members = Object.entries(value as object).map(([key, member]) => [key, below(member, plan.below.get(key))] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== removed));
}

const removed = Symbol('removed');

function below(value: unknown, plan: Plan | undefined): unknown {
  if (plan === undefined) return value;
  return isRemoved(plan) ? removed : changed(value, plan);
}

/** Elements in their new order, and what is appended. */
function arranged<Piece>(pieces: readonly Piece[], { changes }: Plan, pieceFor: (value: unknown) => Piece): readonly Piece[] {
  let arrangement = pieces;
  for (const change of changes) {
    if (change.kind === 'order') arrangement = change.positions.flatMap((position) => pieces.slice(position, position + 1));
    else if (change.kind === 'append') arrangement = [...arrangement, pieceFor(change.value)];
  }
  return arrangement;
}
