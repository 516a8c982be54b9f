/** Settings from the environment names of other programs; they stand below the file and above the defaults (ruling 18). Pure. */
import { type AliasName, aliasNames, type NodeAliases } from './alias-names.ts';
import { editDistance } from './closest-name.ts';
import type { ConfigProblem } from './config.ts';
import { formatPath } from './config-path.ts';
import type { Setting } from './environment.ts';
import { schemaAt } from './schema.ts';
import type { Environment } from './variables.ts';

export interface AliasSettings {
  readonly settings: readonly Setting[];
  readonly problems: readonly ConfigProblem[];
  /** Whole sentences, one for all names with the same answer. */
  readonly warnings: readonly string[];
}

/** What the names of the other programs say. A name that nobody knows is another program's, and no mistake. `isLocked`: the configuration has keys of its own. */
export function readAliases(env: Environment, isLocked: boolean): AliasSettings {
  const settings: Setting[] = [];
  const problems: ConfigProblem[] = [];
  const idle = new Map<string, string[]>();
  const ignore = (name: string, why: string): void => void idle.set(why, [...(idle.get(why) ?? []), name]);
  for (const { name, text, meaning } of named(env)) {
    if ('refused' in meaning) {
      if (meaning.unless?.(text) === true) continue;
      if (meaning.lock === true && isLocked) ignore(name, 'the keys of `access` hold');
      else problems.push({ where: name, message: `${name} ${meaning.refused}` });
    } else if ('why' in meaning) {
      if (meaning.unless?.(text) !== true) ignore(name, meaning.why);
    } else if ('path' in meaning) {
      const read = meaning.read(text);
      if ('expected' in read) problems.push({ where: name, message: describeWrong(name, text, read.expected) });
      else if (schemaAt(meaning.path) !== null) settings.push(...settingsOf(name, text, meaning, read.value));
      else if (read.value !== false && read.value !== 'never') ignore(name, `${formatPath(meaning.path)} is not in this version yet`);
    }
  }
  return { settings, problems, warnings: [...misspelt(env), ...[...idle].map(([why, names]) => `${names.join(', ')} ${names.length === 1 ? 'sets' : 'set'} nothing here: ${why}.`)] };
}

/** What they say to `oar node`. */
export function readNodeAliases(env: Environment): { readonly aliases: NodeAliases; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const found = named(env).flatMap(({ name, text, meaning }) => {
    if (!('node' in meaning)) return [];
    const read = meaning.read(text);
    if ('value' in read) return [[meaning.node, read.value]];
    problems.push({ where: name, message: describeWrong(name, text, read.expected) });
    return [];
  });
  return { aliases: Object.fromEntries(found) as NodeAliases, problems };
}

interface Named {
  readonly name: string;
  readonly text: string;
  readonly meaning: AliasName;
}

function named(env: Environment): readonly Named[] {
  return Object.entries(env)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, written = '']) => {
      const [text, meaning] = [written.trim(), aliasNames.get(name.toUpperCase())];
      // An empty variable is how compose files say "not set"; Kubernetes sets FLEET_PORT for a service of that name.
      return meaning === undefined || text === '' || /^(tcp|udp):\/\//.test(text) ? [] : [{ name, text, meaning }];
    });
}

function settingsOf(name: string, text: string, meaning: Extract<AliasName, { readonly path: unknown }>, value: unknown): readonly Setting[] {
  if (meaning.spread !== true) return [{ path: meaning.path, value, text, label: name }];
  return Object.entries(value as object).map(([key, one]) => ({ path: [...meaning.path, key], value: one, text: String(one), label: name }));
}

function describeWrong(name: string, text: string, expected: string): string {
  // A value of some length may hold a secret.
  return `${name} must be ${expected}${text.length <= 20 ? `, not ${text}` : ''}.`;
}

/** One slip in a name of ours; other names with these beginnings are other programs'. */
function misspelt(env: Environment): readonly string[] {
  return Object.keys(env).flatMap((name) => {
    const wanted = name.toUpperCase();
    if (!/^(FLEET|NOMYO_ROUTER)_\w{8,}$/.test(wanted) || aliasNames.has(wanted) || (env[name] ?? '') === '') return [];
    const near = [...aliasNames.keys()].find((known) => Math.abs(known.length - wanted.length) < 2 && editDistance(wanted, known) < 2);
    return near === undefined ? [] : [`${name} is not known. Did you mean ${near}?`];
  });
}
