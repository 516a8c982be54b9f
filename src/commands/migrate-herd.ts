/** Turns the environment file and the pins of an ollama-herd router into a configuration of this program. Pure. */
import { Document } from 'yaml';
import type { ConfigProblem } from '../config/config.ts';
import { readEnvFile } from './env-file.ts';
import type { Migrated } from './migrate-nomyo.ts';
import type { Section } from './migrate-source.ts';
import { isObject } from '../util/json-object.ts';

/** What the configuration knows of the old names; it is loaded when there is something to read. */
export interface HerdNames {
  readAliases(env: Readonly<Record<string, string>>, isLocked: boolean): {
    readonly settings: readonly { readonly path: readonly (string | number)[]; readonly value: unknown; readonly label: string }[];
    readonly problems: readonly ConfigProblem[];
    readonly warnings: readonly string[];
  };
  readNodeAliases(env: Readonly<Record<string, string>>): { readonly problems: readonly ConfigProblem[] };
  /** Names that are known, in upper case, with those that stop a start. */
  readonly aliasNames: ReadonlyMap<string, object>;
  schemaAt(path: readonly PropertyKey[]): { readonly enum?: readonly unknown[] } | null;
}

export interface HerdFiles {
  readonly envName: string;
  readonly env: string;
  /** The text of `pinned_models.json`; null: there is none. */
  readonly pins: string | null;
}

/** Throws an Error for people, with the place, where a value is not what the old program took. */
export function migrateHerd(files: HerdFiles, names: HerdNames): Migrated {
  const { lines, unread } = readEnvFile(files.env);
  const where = (name: string): string => `${files.envName}:${lines.find((line) => line.name === name)?.line ?? 1}`;
  // A dollar and a brace would name a variable in our file.
  const readable = lines.filter(({ value }) => !value.includes('${'));
  const env = Object.fromEntries(readable.map(({ name, value }) => [name, value]));
  const aliases = names.readAliases(env, false);
  const [refused, wrong] = split([...aliases.problems, ...names.readNodeAliases(env).problems], ({ where: name }) => 'refused' in (names.aliasNames.get(name.toUpperCase()) ?? {}));
  if (wrong.length > 0) throw new Error(wrong.map((problem) => `${where(problem.where)}: ${problem.message}`).join('\n'));
  const pins = readPins(files.pins, names);
  const tree = treeOf([...aliases.settings, ...pins.settings]);
  const signals = names.schemaAt(['router', 'placement'])?.enum?.includes('signals') === true;
  const router = isObject(tree['router']) ? tree['router'] : {};
  const document = new Document({ ...tree, ...(signals ? { router: { placement: 'signals', ...router } } : {}) });
  const warnings = [
    ...unread.map((line) => `${files.envName}:${line}: this is no NAME=value, so it was left out.`),
    ...lines.filter((line) => !readable.includes(line)).map(({ name }) => `${where(name)}: ${name} has \${ in it, which would name a variable here. It was left out.`),
    ...refused.map((problem) => `${where(problem.where)}: ${problem.message}`),
    ...aliases.warnings.map((warning) => `${where(/^\w+/.exec(warning)?.[0] ?? '')}: ${warning}`),
    ...lines.filter(({ name }) => !names.aliasNames.has(name.toUpperCase()) && !aliases.warnings.some((warning) => warning.startsWith(`${name} `))).map(({ name }) => `${where(name)}: ${name} is not known here, so it was left out.`),
    ...pins.warnings,
  ];
  document.commentBefore = comment(introduction(files.envName, env, lines.map(({ name }) => name).filter((name) => 'node' in (names.aliasNames.get(name.toUpperCase()) ?? {}))));
  if (warnings.length > 0) document.comment = comment(['What has no equal here:', ...warnings.map((warning) => `- ${warning.replace(/^[^ ]*: /, '')}`)]);
  return { text: document.toString({ lineWidth: 0, flowCollectionPadding: false }), warnings };
}

function introduction(name: string, env: Readonly<Record<string, string>>, nodeNames: readonly string[]): readonly string[] {
  const open = env['FLEET_HOST'];
  return [
    `Made by \`oar migrate herd\` from ${name}. Check it with \`oar validate-config\`, start with \`oar serve\`.`,
    '',
    ...(open === undefined
      ? ['The old router listened on every address of the machine, this one listens on 127.0.0.1 until it is told otherwise:', '`oar serve --lan` listens on the network, makes the keys that this needs, and prints the line for the other machines.']
      : ['An address beyond this machine needs a key: `oar keys create`, or `oar serve --lan`, which makes all that is needed.']),
    'The old router downloaded models for anybody, and answered with another model when that one was loaded; this one does so only where it is told to.',
    ...(nodeNames.length === 0 ? [] : ['', `\`oar node\` reads these from its environment, as before: ${nodeNames.join(', ')}.`]),
  ];
}

interface Pins {
  readonly settings: readonly { readonly path: readonly string[]; readonly value: unknown }[];
  readonly warnings: readonly string[];
}

/** `{nodes: {id: [models]}}`; which machine a model was pinned to is told, since here the router chooses. */
function readPins(text: string | null, names: HerdNames): Pins {
  if (text === null) return { settings: [], warnings: [] };
  const nodes = pinnedNodes(text);
  if (nodes === null) return { settings: [], warnings: ['pinned_models.json: it cannot be read, so its pins were left out.'] };
  const models = [...new Set(nodes.flatMap(([, list]) => list))];
  if (models.length === 0) return { settings: [], warnings: [] };
  if (names.schemaAt(['preload', 'pinned']) === null) return { settings: [], warnings: [`pinned_models.json: ${models.join(', ')}: preload.pinned is not in this version yet.`] };
  const places = nodes.map(([node, list]) => `${list.join(', ')} on ${node}`).join('; ');
  return { settings: [{ path: ['preload', 'pinned'], value: models }], warnings: [`pinned_models.json: pins are for all machines here, and the router chooses where. They were: ${places}.`] };
}

function pinnedNodes(text: string): readonly (readonly [string, readonly string[]])[] | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isObject(parsed) || !isObject(parsed['nodes'])) return null;
    return Object.entries(parsed['nodes']).map(([node, list]) => [node, Array.isArray(list) ? list.filter((model): model is string => typeof model === 'string' && model !== '' && !model.includes('${')) : []]);
  } catch {
    return null;
  }
}

/** Lists that are set twice add up. */
function treeOf(settings: readonly { readonly path: readonly (string | number)[]; readonly value: unknown }[]): Section {
  return settings.reduce<Section>((tree, { path, value }) => withValue(tree, path.map(String), value), {});
}

function withValue(tree: Section, [step = '', ...rest]: readonly string[], value: unknown): Section {
  const old = tree[step];
  if (rest.length > 0) return { ...tree, [step]: withValue(isObject(old) ? old : {}, rest, value) };
  return { ...tree, [step]: Array.isArray(old) && Array.isArray(value) ? [...new Set([...(old as unknown[]), ...(value as unknown[])])] : value };
}

function split<Item>(items: readonly Item[], is: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(is), items.filter((item) => !is(item))];
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${line.replace(/\s/g, ' ')}`)).join('\n');
}
