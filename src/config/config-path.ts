/** Places inside a configuration: how they are written, read, set and removed. Pure. */

export type ConfigPath = readonly (string | number)[];

/** `models[0].name`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`)).join('');
}

export function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  let value = tree;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

export function isSet(tree: unknown, path: ConfigPath): boolean {
  return valueAt(tree, path) !== undefined;
}

/** A copy with this value; sections on the way are made, anything else on the way is replaced. */
export function withValue(tree: unknown, path: ConfigPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(tree) && typeof step === 'number') return Object.assign([...tree], { [step]: withValue(tree[step], rest, value) });
  const section = isSection(tree) ? tree : {};
  return { ...section, [step]: withValue(Object.hasOwn(section, step) ? section[step] : undefined, rest, value) };
}

/** A copy without this key; of a list, without this item. */
export function withoutValue(tree: unknown, path: readonly PropertyKey[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (Array.isArray(tree)) {
    const list: unknown[] = tree;
    return rest.length === 0 ? list.filter((_, index) => index !== step) : list.map((item, index) => (index === step ? withoutValue(item, rest) : item));
  }
  if (!isSection(tree) || !Object.hasOwn(tree, step)) return tree;
  const { [String(step)]: value, ...others } = tree;
  return rest.length === 0 ? others : { ...others, [String(step)]: withoutValue(value, rest) };
}

/** A copy in which keys without a value are absent: null is fine for every optional key (ruling 19). */
export function withoutNulls(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withoutNulls);
  if (!isSection(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).flatMap(([key, value]) => (value === null ? [] : [[key, withoutNulls(value)]])));
}

export function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every place in the tree that a pattern means; `*` stands for any key or item. */
export function placesOf(tree: unknown, pattern: readonly string[]): readonly ConfigPath[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return [[]];
  if (Array.isArray(tree)) return step === '*' ? tree.flatMap((item, index) => placesOf(item, rest).map((path) => [index, ...path])) : [];
  if (!isSection(tree)) return [];
  const keys = step === '*' ? Object.keys(tree) : Object.hasOwn(tree, step) ? [step] : [];
  return keys.flatMap((key) => placesOf(tree[key], rest).map((path) => [key, ...path]));
}
