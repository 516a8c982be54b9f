/** From the text of a file, the environment and the flags to a checked configuration. Pure. */
import type { z } from 'zod';
import { readAliases } from './alias-environment.ts';
import type { Config, ConfigProblem } from './config.ts';
import { type ConfigPath, formatPath, isSet, valueAt, withoutNulls, withoutValue, withValue } from './config-path.ts';
import { contradictions, notices } from './cross-checks.ts';
import { describeIssues } from './describe-errors.ts';
import { readEnvironment, readOverrides, type Setting } from './environment.ts';
import { laterUses } from './later-keys.ts';
import { readLegacyKeys } from './legacy-keys.ts';
import { configSchema } from './schema.ts';
import { type Environment, replaceVariables } from './variables.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

export interface Interpreted {
  /** Null when there are problems. */
  readonly config: Config | null;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** Was this key set by the file, the environment or a flag? */
  isSet(path: ConfigPath): boolean;
  /** Where it was set. */
  whereIs(path: readonly PropertyKey[]): string;
}

export interface ConfigSources {
  /** For the places in messages. */
  readonly file: string;
  readonly written: string;
  readonly env: Environment;
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** The tree on its way, with where its values came from. */
interface Draft {
  tree: unknown;
  /** What stands above the file, by formatted path. */
  readonly labels: Map<string, string>;
  /** Values that came as text from the environment or a flag, by formatted path. */
  readonly fromText: Map<string, string>;
  moves: readonly { readonly from: ConfigPath; readonly to: ConfigPath }[];
  /** Places that have a problem already, by formatted path: one is enough. */
  readonly settled: Set<string>;
  readonly problems: ConfigProblem[];
  readonly warnings: string[];
}

export function interpret(sources: ConfigSources): Interpreted {
  const source = readYaml(sources.file, sources.written);
  const draft: Draft = { tree: source.tree, labels: new Map(), fromText: new Map(), moves: [], settled: new Set(), problems: [...source.problems], warnings: [] };
  const whereIs = (path: readonly PropertyKey[], key = false): string => locate(draft, source, path, key);
  if (draft.problems.length === 0) {
    replaceAllVariables(draft, source, sources.env);
    noticeEmptyAccess(draft, whereIs);
    draft.tree = withoutNulls(draft.tree);
    applySettings(draft, sources);
    applyAliases(draft, sources.env);
    applyLegacyKeys(draft, whereIs);
    removeLaterKeys(draft, whereIs);
  }
  const config = source.problems.length === 0 ? check(draft, whereIs) : null;
  const wasSet = (path: ConfigPath): boolean => isSet(draft.tree, path);
  if (config !== null) for (const { path, message } of notices(config, wasSet)) draft.warnings.push(`${whereIs(path)}: ${message}`);
  return { config: draft.problems.length === 0 ? config : null, problems: inOrder(draft.problems), warnings: draft.warnings, isSet: wasSet, whereIs };
}

function replaceAllVariables(draft: Draft, source: YamlSource, env: Environment): void {
  for (const { path, text } of source.texts) {
    const replaced = replaceVariables(text, env);
    if (replaced === null) continue;
    if (replaced.missing.length > 0) draft.settled.add(formatPath(path));
    for (const name of replaced.missing) draft.problems.push({ where: source.whereIs(path), message: `${formatPath(path)} uses the environment variable ${name}, which is not set. Set it, or write \${${name}:-default}.` });
    // A variable that is set to nothing is a key without a value; while one is missing the key says nothing either.
    draft.tree = withValue(draft.tree, path, replaced.text === '' || replaced.missing.length > 0 ? null : replaced.text);
    draft.fromText.set(formatPath(path), replaced.text);
  }
}

/** Whoever writes the section means to lock something. */
function noticeEmptyAccess(draft: Draft, whereIs: (path: ConfigPath) => string): void {
  if (valueAt(draft.tree, ['access']) === null) draft.warnings.push(`${whereIs(['access'])}: access is empty, so everything is open. Fill it, or remove it.`);
}

function applySettings(draft: Draft, { env, overrides }: ConfigSources): void {
  for (const { settings, problems } of [readEnvironment(env, draft.tree), readOverrides(overrides)]) {
    draft.problems.push(...problems);
    for (const setting of settings) applySetting(draft, setting);
  }
}

/** Names of other programs stand below all that, and count only where nothing else is set. */
function applyAliases(draft: Draft, env: Environment): void {
  const { settings, problems, warnings } = readAliases(env, isSet(draft.tree, ['access']));
  draft.problems.push(...problems);
  draft.warnings.push(...warnings);
  for (const setting of settings.filter(({ path }) => !isSet(draft.tree, path))) applySetting(draft, setting);
}

function applySetting(draft: Draft, { path, value, text, label }: Setting): void {
  const list = valueAt(draft.tree, path.slice(0, -1));
  const index = path.at(-1);
  if (typeof index === 'number' && !(Array.isArray(list) && index <= list.length)) {
    draft.problems.push({ where: label, message: `${formatPath(path)} does not follow on the list. Set ${formatPath(path.slice(0, -1))} as a whole, as JSON.` });
    return;
  }
  draft.tree = withValue(draft.tree, path, withoutNulls(value));
  draft.labels.set(formatPath(path), label);
  draft.fromText.set(formatPath(path), text);
}

function applyLegacyKeys(draft: Draft, whereIs: (path: ConfigPath, key: boolean) => string): void {
  const { tree, warnings, moves } = readLegacyKeys(draft.tree);
  for (const { path, message } of warnings) draft.warnings.push(`${whereIs(path, true)}: ${message}`);
  draft.tree = tree;
  draft.moves = moves;
}

function removeLaterKeys(draft: Draft, whereIs: (path: ConfigPath, key: boolean) => string): void {
  for (const { path, message, standIn } of laterUses(draft.tree)) {
    draft.problems.push({ where: whereIs(path, true), message });
    draft.tree = standIn === undefined ? withoutValue(draft.tree, path) : withValue(draft.tree, path, standIn);
  }
}

/** Null when the shape is wrong. Contradictions are looked for in what is right, so that all problems are told at once. */
function check(draft: Draft, whereIs: (path: readonly PropertyKey[], key: boolean) => string): Config | null {
  draft.tree = withTextsAsMeant(draft);
  const parsed = configSchema.safeParse(draft.tree);
  const issues = parsed.success ? [] : parsed.error.issues;
  // What a ${NAME} stood for may be a secret.
  const isHidden = (path: readonly PropertyKey[]): boolean => draft.fromText.has(formatPath(path)) && !draft.labels.has(formatPath(path));
  const tell = (path: readonly PropertyKey[], key: boolean, message: string): void => {
    if (!draft.settled.has(formatPath(path))) draft.problems.push({ where: whereIs(path, key), message });
  };
  for (const { path, key, message } of describeIssues(issues, draft.tree, isHidden)) tell(path, key, message);
  for (const { path } of issues) draft.settled.add(formatPath(path));
  const sound = parsed.success ? parsed : configSchema.safeParse(withoutIssues(draft.tree, issues));
  if (!sound.success) return null;
  for (const { path, message } of contradictions(sound.data)) tell(path, false, message);
  return parsed.success ? parsed.data : null;
}

/** Text from the environment has no type of its own: it becomes what the schema asks for, where it can. */
function withTextsAsMeant(draft: Draft): unknown {
  const parsed = configSchema.safeParse(draft.tree);
  if (parsed.success) return draft.tree;
  let tree = draft.tree;
  for (const issue of parsed.error.issues) {
    const text = draft.fromText.get(formatPath(issue.path));
    if (text === undefined || issue.code !== 'invalid_type') continue;
    const meant = asMeant(text.trim(), issue.expected);
    if (meant !== undefined) tree = withValue(tree, issue.path as ConfigPath, meant);
  }
  return tree;
}

function asMeant(text: string, expected: string): string | number | boolean | undefined {
  switch (expected) {
    case 'string':
      return text;
    case 'number':
    case 'int':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    default:
      return undefined;
  }
}

function withoutIssues(tree: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const paths = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]));
  // From the back, so that removing one item of a list leaves the places of those before it.
  return paths.reverse().reduce<unknown>(withoutValue, tree);
}

/** Flags and variables first, then the file from top to bottom. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const place = ({ where }: ConfigProblem): readonly [number, number] => {
    const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? [];
    return [Number(line ?? 0), Number(column ?? 0)];
  };
  return [...problems].sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
}

function locate(draft: Draft, source: YamlSource, path: readonly PropertyKey[], key: boolean): string {
  for (let length = path.length; length > 0; length -= 1) {
    const label = draft.labels.get(formatPath(path.slice(0, length)));
    if (label !== undefined) return label;
  }
  const move = draft.moves.find(({ to }) => to.length <= path.length && to.every((step, index) => step === path[index]));
  const written = move === undefined ? path : [...move.from, ...path.slice(move.to.length)];
  return key ? source.whereIsKey(written) : source.whereIs(written);
}
