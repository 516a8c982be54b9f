/** A configuration file as YAML, with the place of everything in it. */
import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Pair, type YAMLError } from 'yaml';
import type { ConfigProblem } from './config.ts';
import { type ConfigPath, formatPath, isSection } from './config-path.ts';

export interface YamlSource {
  /** What is written; variables are not yet replaced. */
  readonly tree: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Every text of the file, with where it stands. */
  readonly texts: readonly { readonly path: ConfigPath; readonly text: string }[];
  /** `file:line:column` of the value at a path, or of the closest thing around it. */
  whereIs(path: readonly PropertyKey[]): string;
  /** `file:line:column` of a key, rather than of its value. */
  whereIsKey(path: readonly PropertyKey[]): string;
}

export function readYaml(file: string, written: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(written, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const problems = firstOfEachLine(document.errors, lines).map((error) => ({ where: at(error.pos[0]), message: describeSyntax(error, written) }));
  const tree: unknown = problems.length > 0 ? {} : (document.toJS() ?? {});
  if (problems.length === 0 && !isSection(tree)) problems.push({ where: at(0), message: 'A configuration file is made of sections, such as `server:` with `port: 11435` below it.' });
  const texts: { path: ConfigPath; text: string }[] = [];
  if (problems.length === 0) walk(document, document.contents, [], (path, node) => texts.push({ path, text: node }), (path, offset) => problems.push({ where: at(offset), message: `${formatPath(path)} cannot be used as a key.` }));
  return {
    tree,
    problems,
    texts,
    whereIs: (path) => at(offsetOf(document, path, false)),
    whereIsKey: (path) => at(offsetOf(document, path, true)),
  };
}

/** One slip often makes several errors on its line. */
function firstOfEachLine(errors: readonly YAMLError[], lines: LineCounter): readonly YAMLError[] {
  const seen = new Set<number>();
  return errors.filter(({ pos }) => {
    const { line } = lines.linePos(pos[0]);
    return !seen.has(line) && seen.add(line);
  });
}

function describeSyntax(error: YAMLError, written: string): string {
  const line = written.slice(written.lastIndexOf('\n', Math.max(0, error.pos[0] - 1)) + 1).split('\n')[0] ?? '';
  if (error.code === 'DUPLICATE_KEY') return `The key ${/^[\w.-]+/.exec(written.slice(error.pos[0]))?.[0] ?? ''} is written twice in the same section. Keep one.`;
  if (error.code === 'TAB_AS_INDENT') return 'This line is indented with a tab. Use spaces.';
  if (error.code === 'MULTIPLE_DOCS') return 'Only one document is allowed. Remove the line with ---.';
  const hint = /[{[].*\$\{/.test(line) ? ` Inside { } and [ ] a variable needs quotes: "\${NAME}".` : '';
  return `This is not valid YAML: ${error.message.replace(/\s+/g, ' ').replace(/[.:]?$/, '.')}${hint}`;
}

/** Calls `onText` for each text and `onBadKey` for keys that would change what an object is. */
function walk(document: Document.Parsed, node: unknown, path: ConfigPath, onText: (path: ConfigPath, text: string) => void, onBadKey: (path: ConfigPath, offset: number) => void): void {
  const actual = isAlias(node) ? node.resolve(document) : node;
  if (isScalar(actual)) {
    if (typeof actual.value === 'string') onText(path, actual.value);
  } else if (isSeq(actual)) {
    for (const [index, item] of actual.items.entries()) walk(document, item, [...path, index], onText, onBadKey);
  } else if (isMap(actual)) {
    for (const pair of actual.items) {
      const inner = [...path, keyOf(pair)];
      if (keyOf(pair) === '__proto__') onBadKey(inner, startOf(pair.key) ?? 0);
      else walk(document, pair.value, inner, onText, onBadKey);
    }
  }
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const actual = isAlias(node) ? node.resolve(document) : node;
    if (!isCollection(actual)) return offset;
    const pair = isMap(actual) ? actual.items.find((one) => keyOf(one) === String(step)) : undefined;
    node = isSeq(actual) && typeof step === 'number' ? actual.items[step] : pair?.value;
    if (pair === undefined && node === undefined) return offset;
    const isLast = index === path.length - 1;
    offset = (pair !== undefined && (!isLast || key || isEmpty(pair.value)) ? startOf(pair.key) : startOf(node)) ?? startOf(pair?.key) ?? offset;
  }
  return offset;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function isEmpty(value: unknown): boolean {
  return isScalar(value) && value.value === null;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
