/** Reads and writes the access policy that may change while the router runs: the managed file, and what the admin API is given. Pure. */
import { stringify } from 'yaml';
import type { z } from 'zod';
import { formatPath, isSection } from './config-path.ts';
import { describeIssues } from './describe-errors.ts';
import { apiKey, isPlaceholderHash, wholeManaged } from './sections/access.ts';
import { readYaml } from './yaml-source.ts';

type Whole = z.output<typeof wholeManaged>;
type DeepReadonly<T> = T extends readonly (infer Item)[] ? readonly DeepReadonly<Item>[] : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** With its version in place. */
export type WholePolicy = DeepReadonly<Omit<Whole, 'version'>> & { readonly version: number };
export type WholeKey = DeepReadonly<z.output<typeof apiKey>>;

export interface PolicyProblem {
  readonly path: readonly PropertyKey[];
  /** The path as it is written: `apiKeys[0].scopes`. */
  readonly place: string;
  /** Names the place as it stands in the policy. Never shows a hash. */
  readonly message: string;
}

const inPolicy: Place = { prefix: ['access', 'managed'], whole: 'The policy' };
const inKey: Place = { prefix: ['access', 'managed', 'apiKeys', 0], whole: 'The key' };

/** The policy, or everything that is wrong with it: nothing that is missing is made up, since defaults would be open (AR-D14). */
export function checkPolicy(tree: unknown): { readonly policy: WholePolicy } | { readonly problems: readonly PolicyProblem[] } {
  const given = withoutNulls(tree);
  const parsed = wholeManaged.safeParse(given);
  if (!parsed.success) return { problems: problemsOf(parsed.error, { access: { managed: given } }, inPolicy) };
  const problems = duplicates(parsed.data.apiKeys);
  return problems.length > 0 ? { problems } : { policy: { ...parsed.data, version: parsed.data.version ?? 1 } };
}

/** One key of the policy, or everything that is wrong with it; the places are those within the key. */
export function checkKey(tree: unknown): { readonly key: WholeKey } | { readonly problems: readonly PolicyProblem[] } {
  const given = withoutNulls(tree);
  const parsed = apiKey.safeParse(given);
  return parsed.success ? { key: parsed.data } : { problems: problemsOf(parsed.error, { access: { managed: { apiKeys: [given] } } }, inKey) };
}

interface Place {
  /** Where it stands in a configuration, whose schema names what belongs there. */
  readonly prefix: readonly PropertyKey[];
  readonly whole: string;
}

function problemsOf(error: z.ZodError, tree: unknown, { prefix, whole }: Place): readonly PolicyProblem[] {
  const issues = error.issues.map((issue) => ({ ...issue, path: [...prefix, ...issue.path] }));
  const before = formatPath(prefix);
  return describeIssues(issues, tree, () => false).map(({ path, message }) => {
    const own = path.slice(prefix.length);
    return { path: own, place: formatPath(own), message: message.replaceAll(`${before}.`, '').replaceAll(before, whole) };
  });
}

/** Nothing valid lies deeper; what does is left as it is, and refused. */
const deepest = 8;

/** A key without a value is a key that is not there (ruling 19). */
function withoutNulls(tree: unknown, depth = 0): unknown {
  if (depth > deepest) return tree;
  if (Array.isArray(tree)) return tree.map((item) => withoutNulls(item, depth + 1));
  if (!isSection(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).flatMap(([key, value]) => (value === null ? [] : [[key, withoutNulls(value, depth + 1)]])));
}

function duplicates(keys: Whole['apiKeys']): readonly PolicyProblem[] {
  const problem = (index: number, name: string, message: string): PolicyProblem => ({ path: ['apiKeys', index, name], place: `apiKeys[${index}].${name}`, message });
  const firstIds = new Map<string, number>();
  const firstHashes = new Map<string, string>();
  return keys.flatMap(({ id, keyHash }, index) => {
    const found: PolicyProblem[] = [];
    if (firstIds.has(id)) found.push(problem(index, 'id', `apiKeys[${index}].id repeats ${id}. Give each key its own id.`));
    firstIds.set(id, index);
    if (isPlaceholderHash(keyHash)) return found;
    const same = firstHashes.get(keyHash.toLowerCase());
    if (same !== undefined) found.push(problem(index, 'keyHash', `apiKeys[${index}] has the same key as ${same}. Give each its own key.`));
    else firstHashes.set(keyHash.toLowerCase(), id);
    return found;
  });
}

/** Throws an Error with every problem and its place. */
export function parsePolicy(text: string, file: string): WholePolicy {
  const source = readYaml(file, text);
  const broken = source.problems.map(({ where, message }) => `${where}: ${message}`);
  if (broken.length > 0) throw new Error(broken.join('\n'));
  const checked = checkPolicy(source.tree);
  if ('policy' in checked) return checked.policy;
  throw new Error(checked.problems.map(({ path, message }) => `${source.whereIs(path)}: ${message}`).join('\n'));
}

export function writePolicy(policy: object): string {
  // What stands twice is written twice: people read this file.
  return stringify(policy, { aliasDuplicateObjects: false });
}
