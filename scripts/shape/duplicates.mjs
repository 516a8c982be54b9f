/** Finds runs of lines that stand in two places: the same logic written twice. */
import { findImports } from './imports.mjs';
import { lineCounter, mask } from './mask.mjs';

const runLength = 6;
/** A lone word or bracket: `},`, `} else {`, `break;`, `method,`. */
const trivial = /^\W*\w*\W*$/;

/**
 * The lines that say something: no comments, imports, blank lines, lone words or brackets; white space made even.
 * @param {string} text TypeScript source
 * @returns {readonly { line: number, text: string }[]}
 */
function tellingLines(text) {
  const lineOf = lineCounter(text);
  const imported = new Set(
    findImports(text)
      .filter((one) => !one.dynamic)
      .flatMap(({ range }) => Array.from({ length: lineOf(range[1]) - lineOf(range[0]) + 1 }, (_, index) => lineOf(range[0]) + index)),
  );
  return mask(text, { keepStrings: true })
    .split('\n')
    .map((line, index) => ({ line: index + 1, text: line.trim().replace(/\s+/g, ' ') }))
    .filter((one) => !imported.has(one.line) && !trivial.test(one.text));
}

/**
 * Each run of six or more telling lines that stands twice, named once.
 * @param {ReadonlyMap<string, string>} files
 * @returns {readonly import('./imports.mjs').Problem[]}
 */
export function duplicateProblems(files) {
  const lines = new Map([...files].map(([path, text]) => [path, tellingLines(text)]));
  /** The first place of each window. @type {Map<string, { path: string, at: number }>} */
  const first = new Map();
  /** @type {import('./imports.mjs').Problem[]} */
  const problems = [];
  for (const [path, own] of lines) {
    for (let at = 0; at + runLength <= own.length; at += 1) {
      const window = windowAt(own, at);
      const earlier = first.get(window);
      if (!earlier) {
        first.set(window, { path, at });
        continue;
      }
      if (earlier.path === path && at - earlier.at < runLength) continue;
      const other = /** @type {typeof own} */ (lines.get(earlier.path));
      let length = runLength;
      while (own[at + length] && own[at + length].text === other[earlier.at + length]?.text) length += 1;
      problems.push({ path, line: own[at].line, message: `${length} lines stand in ${earlier.path}:${other[earlier.at].line} too` });
      at += length - 1;
    }
  }
  return problems;
}

/** @param {readonly { text: string }[]} lines @param {number} at */
const windowAt = (lines, at) => lines.slice(at, at + runLength).map((one) => one.text).join('\n');
