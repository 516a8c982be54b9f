/** Reads and writes the access policy that may change while the router runs: the managed file, and what the admin API is given. Pure. */
import { stringify } from 'yaml';
import type { z } from 'zod';
import { describeIssues } from './describe-errors.ts';
import { isPlaceholderHash, wholeManaged } from './sections/access.ts';
import { readYaml } from './yaml-source.ts';

type Whole = z.output<typeof wholeManaged>;
type DeepReadonly<T> = T extends readonly (infer Item)[] ? readonly DeepReadonly<Item>[] : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** With its version in place. */
export type WholePolicy = DeepReadonly<Omit<Whole, 'version'>> & { readonly version: number };

export interface PolicyProblem {
  readonly path: readonly PropertyKey[];
  /** Names the place as it stands in the policy: `planes.standalone.auth`. */
  readonly message: string;
}

const prefix = ['access', 'managed'];

/** The policy, or everything that is wrong with it: nothing that is missing is made up, since defaults would be open (AR-D14). */
export function checkPolicy(tree: unknown): { readonly policy: WholePolicy } | { readonly problems: readonly PolicyProblem[] } {
  const parsed = wholeManaged.safeParse(tree);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [...prefix, ...issue.path] }));
    const described = describeIssues(issues, { access: { managed: tree } }, () => false);
    return { problems: described.map(({ path, message }) => ({ path: path.slice(prefix.length), message: message.replaceAll('access.managed.', '').replaceAll('access.managed', 'The policy') })) };
  }
  const problems = duplicates(parsed.data.apiKeys);
  return problems.length > 0 ? { problems } : { policy: { ...parsed.data, version: parsed.data.version ?? 1 } };
}

function duplicates(keys: Whole['apiKeys']): readonly PolicyProblem[] {
  return keys.flatMap(({ id, keyHash }, index) => {
    const found: PolicyProblem[] = [];
    if (keys.findIndex((other) => other.id === id) < index) found.push({ path: ['apiKeys', index, 'id'], message: `apiKeys[${index}].id repeats ${id}. Give each key its own id.` });
    const same = keys.findIndex((other) => other.keyHash.toLowerCase() === keyHash.toLowerCase());
    if (same < index && !isPlaceholderHash(keyHash)) found.push({ path: ['apiKeys', index, 'keyHash'], message: `apiKeys[${index}] has the same key as ${keys[same]?.id}. Give each its own key.` });
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

export function writePolicy(policy: WholePolicy): string {
  return stringify(policy);
}
