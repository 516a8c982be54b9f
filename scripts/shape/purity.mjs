/** What pure rooms may not do: reach for the system, a package, the clock or chance, themselves or through what they import. */
import { findImports, roomOf, valueGraph } from './imports.mjs';
import { lineCounter, mask } from './mask.mjs';

const pureRooms = new Set(['core', 'routing', 'signals', 'classifiers', 'checks', 'dialects']);

/** Each with what to call it. @type {readonly [RegExp, string][]} */
const impureUses = [
  [/(?<![\w$.])Date\s*\.\s*now\b/, 'Date.now'],
  [/(?<![\w$.])new\s+Date\s*(?:\(\s*\)|(?=[\s;,)]))/, 'new Date()'],
  [/(?<![\w$.])(?<!new\s+)Date\s*\(/, 'Date()'],
  [/(?<![\w$.])Math\s*\.\s*random\b/, 'Math.random'],
  [/(?<![\w$.])performance\s*[.[]/, 'performance'],
  [/(?<![\w$.])crypto\s*[.[]/, 'crypto'],
  [/(?<![\w$.])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\s*\(/, 'a timer'],
  [/(?<![\w$.])process\s*[.[]/, 'process'],
  [/(?<![\w$.])globalThis\b/, 'globalThis'],
  [/(?<![\w$.])(?<!function\s+)fetch\s*\((?![^()]*\)\s*[:{])/, 'fetch'],
];

/**
 * Every use of the clock, chance or the system in one text.
 * @param {string} text TypeScript source
 * @returns {readonly { line: number, what: string }[]}
 */
export function findImpureUses(text) {
  const code = mask(text);
  const lineOf = lineCounter(text);
  const uses = impureUses.flatMap(([pattern, what]) => [...code.matchAll(new RegExp(pattern, 'g'))].map((match) => ({ line: lineOf(match.index), what })));
  const imports = findImports(text)
    .filter((one) => !one.typeOnly && !one.specifier.startsWith('.') && one.specifier !== 'zod')
    .map((one) => ({ line: one.line, what: one.specifier }));
  return [...uses, ...imports];
}

/**
 * Rule 3: in pure rooms nothing impure, not even through a file of util.
 * @param {ReadonlyMap<string, string>} files
 * @returns {readonly import('./imports.mjs').Problem[]}
 */
export function purityProblems(files) {
  const graph = valueGraph(files, { dynamic: true });
  const own = new Map([...graph.keys()].map((path) => [path, findImpureUses(files.get(path) ?? '')]));
  return [...graph.keys()]
    .filter((path) => pureRooms.has(roomOf(path)))
    .flatMap((path) => [
      ...(own.get(path) ?? []).map(({ line, what }) => ({ path, line, message: `uses ${what}: ${roomOf(path)} is pure, take it as an argument` })),
      ...reached(path, graph)
        .filter((target) => !pureRooms.has(roomOf(target)) && (own.get(target)?.length ?? 0) > 0)
        .map((target) => ({ path, line: 1, message: `reaches ${own.get(target)?.[0].what} through ${target}: ${roomOf(path)} is pure` })),
    ]);
}

/** @param {string} start @param {ReadonlyMap<string, readonly string[]>} graph */
function reached(start, graph) {
  const seen = new Set([start]);
  for (const path of seen) for (const target of graph.get(path) ?? []) seen.add(target);
  seen.delete(start);
  return [...seen];
}
