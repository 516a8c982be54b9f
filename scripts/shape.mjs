/** Checks the shape of the source: sizes, import rules, purity, first sentences, names, and logic that stands twice. */
import { readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesUnder } from './build.mjs';
import { duplicateProblems } from './shape/duplicates.mjs';
import { findFunctions } from './shape/functions.mjs';
import { importProblems } from './shape/imports.mjs';
import { lineCounter, mask } from './shape/mask.mjs';
import { pageProblems } from './shape/pages.mjs';
import { purityProblems } from './shape/purity.mjs';
import { root, runAsMain, StepFailed } from './step.mjs';

/** @typedef {import('./shape/imports.mjs').Problem} Problem */

export const limits = { fileLines: 400, functionLines: 60, fileMedian: 120, functionMedian: 12, leastFiles: 30 };

const wordlessNames = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'engine']);

/** @param {string} text */
const countLines = (text) => (text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0));

/** @param {string} path */
const isTest = (path) => path.endsWith('.test.ts');

/** @param {string} path */
const inSource = (path) => path.startsWith('src/') && !isTest(path);

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** @param {ReadonlyMap<string, string>} files @returns {Problem[]} */
function sizeProblems(files) {
  return [...files].flatMap(([path, text]) => {
    const lines = countLines(text);
    const long = findFunctions(text).filter((one) => one.lines >= limits.functionLines);
    return [
      ...(lines >= limits.fileLines ? [{ path, line: 1, message: `has ${lines} lines, and a file stays under ${limits.fileLines}` }] : []),
      ...long.map((one) => ({ path, line: one.line, message: `${one.name || 'a function'} has ${one.lines} lines, and a function stays under ${limits.functionLines}` })),
    ];
  });
}

/** First sentences, names and the console. @param {ReadonlyMap<string, string>} files @returns {Problem[]} */
function habitProblems(files) {
  return [...files].flatMap(([path, text]) => {
    /** @type {Problem[]} */
    const problems = [];
    const name = posix.basename(path).replace(/(?:(?:\.[a-z]+)?\.test|\.gen)?\.ts$/, '');
    if (wordlessNames.has(name)) problems.push({ path, line: 1, message: `says nothing about what it holds by the name ${name}` });
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) problems.push({ path, line: 1, message: 'is not named in kebab-case' });
    if (!inSource(path)) return problems;
    if (!/^(?:#!.*\n)?\/\*\*\s*[\p{L}\d`].*?\*\//su.test(text)) problems.push({ path, line: 1, message: 'does not begin with a sentence that says what it is: /** … */' });
    const code = mask(text);
    const lineOf = lineCounter(text);
    for (const match of code.matchAll(/(?<![\w$.])console\s*[.[]/g)) problems.push({ path, line: lineOf(match.index), message: 'writes to the console' });
    return problems;
  });
}

/**
 * Everything that is wrong with the shape of these files, and the medians.
 * @param {ReadonlyMap<string, string>} files paths from the root, with `/`, to their text; `src/…`, `test/…`, `ui/src/…`
 * @param {{ packages?: readonly string[], leastFiles?: number }} [options] run-time dependencies; fewer source files than `leastFiles` is a problem
 */
export function checkShape(files, { packages = [], leastFiles = limits.leastFiles } = {}) {
  const inPage = (/** @type {string} */ path) => path.startsWith('ui/');
  const written = new Map([...files].filter(([path]) => path.endsWith('.ts') && !path.endsWith('.gen.ts') && !inPage(path)));
  const importable = new Map([...files].filter(([path]) => path.endsWith('.ts') && !inPage(path)));
  const sources = [...written].filter(([path]) => inSource(path));
  const fileMedian = median(sources.map(([, text]) => countLines(text)));
  const functions = sources.flatMap(([, text]) => findFunctions(text)).filter((one) => one.counts);
  const functionMedian = median(functions.map((one) => one.lines));
  /** @type {Problem[]} */
  const problems = [
    ...sizeProblems(written),
    ...importProblems(importable, new Set(packages)),
    ...purityProblems(importable),
    ...habitProblems(written),
    ...duplicateProblems(written),
    ...pageProblems(files),
  ];
  const whole = { path: 'src', line: 1 };
  if (sources.length < leastFiles) problems.push({ ...whole, message: `only ${sources.length} files were read: the check does not see the source` });
  if (fileMedian > limits.fileMedian) problems.push({ ...whole, message: `the median file has ${fileMedian} lines, and ${limits.fileMedian} is the bound` });
  if (functionMedian > limits.functionMedian) problems.push({ ...whole, message: `the median function has ${functionMedian} lines, and ${limits.functionMedian} is the bound` });
  return { problems, sourceFiles: sources.length, functions: functions.length, fileMedian, functionMedian };
}

/**
 * The repository's own source, tests and dashboard.
 * @returns {Map<string, string>}
 */
export function readTree() {
  const paths = ['src', 'test', 'ui/src'].flatMap((folder) => filesUnder(join(root, folder)));
  return new Map(paths.filter((path) => /\.tsx?$/.test(path)).map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')]));
}

/** The packages that may be imported at run time. */
export function runtimePackages() {
  const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.keys({ ...description.dependencies, ...description.optionalDependencies, ...description.peerDependencies });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runAsMain(() => {
    const { problems, sourceFiles, functions, fileMedian, functionMedian } = checkShape(readTree(), { packages: runtimePackages() });
    process.stdout.write(`${sourceFiles} source files, median ${fileMedian} lines; ${functions} functions, median ${functionMedian} lines\n`);
    if (problems.length === 0) return;
    throw new StepFailed(`${problems.length} problem(s) with the shape of the source`, problems.map(({ path, line, message }) => `${path}:${line} ${message}`).join('\n'));
  });
}
