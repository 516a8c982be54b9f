/** The import rules: who may use whom, at run time and for types, and no cycles. */
import { posix } from 'node:path';
import { lineCounter, mask } from './mask.mjs';

/** Every room with its contract files: the only ones of it that another room may name in `import type`. */
const rooms = new Map([
  ['core', []],
  ['dialects', ['dialect.ts']],
  ['backends', ['backend.ts']],
  ['signals', ['signal.ts']],
  ['classifiers', ['classifier.ts']],
  ['checks', ['check.ts']],
  ['commands', ['command.ts']],
  ['routing', ['routing.ts']],
  ['fleet', ['fleet.ts']],
  ['pipeline', ['pipeline.ts']],
  ['jobs', ['jobs.ts']],
  ['access', ['access.ts']],
  ['store', ['store.ts']],
  ['telemetry', ['telemetry.ts']],
  ['http', ['http.ts']],
  ['node', ['node.ts', 'collectors/collector.ts']],
  ['bench', ['bench.ts']],
  ['cache', ['cache.ts']],
  ['ensemble', ['ensemble.ts']],
  ['config', ['config.ts']],
  ['util', []],
  ['app', []],
]);

/** The only places where rooms meet. */
const meetingPlaces = new Set(['app', 'main']);
const openToAll = new Set(['core', 'util']);

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {number} line
 * @property {boolean} typeOnly
 * @property {boolean} dynamic
 * @property {[number, number]} range where the statement stands
 *
 * @typedef {{ path: string, line: number, message: string }} Problem
 */

const clause = String.raw`\*(?:\s+as\s+[\w$]+)?|[\w$]+(?:\s*,\s*(?:\{[^{}]*\}|\*\s+as\s+[\w$]+))?|\{[^{}]*\}`;
const fromStatement = new RegExp(String.raw`(?<![\w$.])(?:import|export)\s*(type\s+(?!from\b))?(?:${clause})\s*from\s*(['"])`, 'g');
const bareStatement = /(?<![\w$.])import\s*()(['"])/g;
const dynamicCall = /(?<![\w$.])import\s*\(\s*()(['"`])/g;

/**
 * Every import, re-export and `import()` with a fixed specifier, in the order of the text.
 * @param {string} text TypeScript source
 * @returns {readonly Import[]}
 */
export function findImports(text) {
  const code = mask(text);
  const lineOf = lineCounter(text);
  return [fromStatement, bareStatement, dynamicCall]
    .flatMap((pattern) =>
      [...code.matchAll(pattern)].map((match) => {
        const start = match.index + match[0].length;
        const end = code.indexOf(match[2], start);
        return {
          specifier: text.slice(start, end),
          line: lineOf(match.index),
          typeOnly: Boolean(match[1]),
          dynamic: pattern === dynamicCall,
          range: /** @type {[number, number]} */ ([match.index, end + 1]),
        };
      }),
    )
    .sort((a, b) => a.range[0] - b.range[0]);
}

/** `src/routing/place.ts` is in `routing`, `src/main.ts` in `main`. @param {string} path */
export const roomOf = (path) => (path.split('/').length > 2 ? path.split('/')[1] : posix.basename(path, '.ts'));

/** @param {string} path @param {string} specifier */
const resolve = (path, specifier) => posix.join(posix.dirname(path), specifier);

/** @param {string} path */
const isTest = (path) => path.endsWith('.test.ts');

/** @param {string} specifier */
const packageOf = (specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/**
 * What is wrong with one import of one file, or null.
 * @param {string} path @param {Import} one @param {ReadonlySet<string>} packages
 */
function judgeImport(path, one, packages) {
  const room = roomOf(path);
  if (!one.specifier.startsWith('.')) return judgeForeign(room, one, packages);
  const target = resolve(path, one.specifier);
  if (!target.startsWith('src/')) return one.typeOnly ? null : `imports ${one.specifier}, which is outside src`;
  const targetRoom = roomOf(target);
  if (targetRoom === room || meetingPlaces.has(room)) return null;
  if (room === 'core') return `imports ${targetRoom}: core imports nothing`;
  if (openToAll.has(targetRoom)) return null;
  if (one.dynamic) return room === 'commands' ? null : `loads ${one.specifier}: only commands and app load other rooms`;
  if (!one.typeOnly) return `imports ${one.specifier} at run time: a room imports only itself, core and util`;
  const contracts = rooms.get(targetRoom)?.map((file) => `src/${targetRoom}/${file}`) ?? [];
  return contracts.includes(target) ? null : `takes a type from ${one.specifier}: of another room only the contract (${contracts.join(', ') || 'it has none'})`;
}

/** @param {string} room @param {Import} one @param {ReadonlySet<string>} packages */
function judgeForeign(room, one, packages) {
  if (room === 'core') return `imports ${one.specifier}: core imports nothing`;
  if (one.specifier.startsWith('node:') || one.typeOnly) return null;
  const name = packageOf(one.specifier);
  if (room === 'util') return `imports the package ${name}: util stands alone`;
  return packages.has(name) ? null : `imports ${name}, which is no run-time dependency of package.json (built-in modules begin with node:)`;
}

/**
 * Rules 1, 2, 4 and 5 of the dependency rule over every file that is not a test.
 * @param {ReadonlyMap<string, string>} files paths from the root, with `/`, to their text
 * @param {ReadonlySet<string>} packages the run-time dependencies
 * @returns {readonly Problem[]}
 */
export function importProblems(files, packages) {
  /** @type {Problem[]} */
  const problems = [];
  for (const [path, text] of sourceFiles(files)) {
    if (!rooms.has(roomOf(path)) && roomOf(path) !== 'main') problems.push({ path, line: 1, message: `src/${roomOf(path)} is no room; the list is in scripts/shape/imports.mjs` });
    for (const one of findImports(text)) {
      const message = judgeImport(path, one, packages);
      if (message) problems.push({ path, line: one.line, message });
    }
  }
  return [...problems, ...cycleProblems(files)];
}

/** @param {ReadonlyMap<string, string>} files */
const sourceFiles = (files) => [...files].filter(([path]) => path.startsWith('src/') && !isTest(path));

/**
 * For each source file, those it imports at run time.
 * @param {ReadonlyMap<string, string>} files
 * @param {{ dynamic: boolean }} options does `import()` count?
 * @returns {Map<string, readonly string[]>}
 */
export function valueGraph(files, { dynamic }) {
  return new Map(
    sourceFiles(files).map(([path, text]) => [
      path,
      findImports(text)
        .filter((one) => one.specifier.startsWith('.') && !one.typeOnly && (dynamic || !one.dynamic))
        .map((one) => resolve(path, one.specifier))
        .filter((target) => files.has(target)),
    ]),
  );
}

/** One problem for each cycle that a walk in depth meets. @param {ReadonlyMap<string, string>} files @returns {readonly Problem[]} */
function cycleProblems(files) {
  const graph = valueGraph(files, { dynamic: true });
  /** @type {Problem[]} */
  const problems = [];
  const done = new Set();
  /** @param {string} path @param {readonly string[]} trail */
  const walk = (path, trail) => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      problems.push({ path, line: 1, message: `imports itself in a circle: ${[...trail.slice(seenAt), path].join(' → ')}` });
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return problems;
}
