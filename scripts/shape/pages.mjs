/** What holds for the source of the dashboard: it stands alone, stays small in its parts, and never makes markup out of data. */
import { posix } from 'node:path';
import { findImports } from './imports.mjs';
import { lineCounter } from './mask.mjs';

/** @typedef {import('./imports.mjs').Problem} Problem */

const packages = new Set(['preact', '@preact/signals', 'uplot', 'vite']);

/** Ways by which a name with markup in it would become part of the page, or code. */
const dangers = [
  [/\b(?:inner|outer)HTML\b|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write/g, 'makes markup of text'],
  [/\beval\(|new Function\(|\bjavascript:/g, 'makes code of text'],
  [/\bhttps?:\/\/(?!www\.w3\.org\/2000\/svg)/g, 'names another site'],
];

/**
 * @param {ReadonlyMap<string, string>} files paths from the root, with `/`, to their text
 * @returns {Problem[]}
 */
export function pageProblems(files) {
  return [...files].filter(([path]) => path.startsWith('ui/src/')).flatMap(([path, text]) => [...importsOf(path, text), ...habitsOf(path, text)]);
}

/** @param {string} path @param {string} text @returns {Problem[]} */
function importsOf(path, text) {
  return findImports(text).flatMap(({ specifier, line }) => {
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(path), specifier);
      return target.startsWith('ui/src/') ? [] : [{ path, line, message: `imports ${specifier}, which is outside ui/src` }];
    }
    const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
    return packages.has(name) || (path.endsWith('.test.ts') && name === 'vitest') ? [] : [{ path, line, message: `imports ${specifier}: the dashboard takes ${[...packages].join(', ')}` }];
  });
}

/** @param {string} path @param {string} text @returns {Problem[]} */
function habitsOf(path, text) {
  /** @type {Problem[]} */
  const problems = [];
  const lineOf = lineCounter(text);
  const name = posix.basename(path).replace(/(?:\.test|\.d)?\.tsx?$/, '');
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) problems.push({ path, line: 1, message: 'is not named in kebab-case' });
  if (!/^\/\*\*\s*[\p{L}\d`]/u.test(text)) problems.push({ path, line: 1, message: 'does not begin with a sentence that says what it is: /** … */' });
  if (text.split('\n').length > 400) problems.push({ path, line: 1, message: 'has more than 400 lines' });
  for (const [pattern, what] of dangers) {
    for (const match of text.matchAll(/** @type {RegExp} */ (pattern))) problems.push({ path, line: lineOf(match.index), message: `${what}: ${match[0]}` });
  }
  return problems;
}
