/** Finds the functions of a TypeScript source and how many lines each spans, by brackets alone. */
import { bracketPairs, lineCounter, mask } from './mask.mjs';

const controlWords = new Set(['if', 'for', 'while', 'switch', 'catch', 'with']);
const typeOperators = new Set(['is', 'asserts', 'keyof', 'typeof', 'readonly', 'unique', 'infer', 'extends', 'new', 'abstract']);
/** What stands between the parentheses of a function type, and not of a type in parentheses. */
const parameterList = /^\s*($|\.\.\.|[\w$]+\s*\??\s*:)/;

/**
 * @typedef {object} FoundFunction
 * @property {string} name empty for an arrow function that is only an argument
 * @property {boolean} counts does it count for the median? Short callbacks without a name or a body do not.
 * @property {number} line where it begins, from 1
 * @property {number} lines how many it spans, its head and closing brace included
 */

/** @param {string} code @param {number} at @returns the next position that is not white space */
function skipSpace(code, at) {
  let position = at;
  while (position < code.length && /\s/.test(code[position])) position += 1;
  return position;
}

/** @param {string} code @param {number} at @returns the last position before `at` that is not white space */
function skipSpaceBack(code, at) {
  let position = at - 1;
  while (position >= 0 && /\s/.test(code[position])) position -= 1;
  return position;
}

/** The end of `<…>`, arrows within it not taken for its end. @param {string} code @param {number} start @param {Map<number, number>} pairs */
function genericEnd(code, start, pairs) {
  let depth = 0;
  for (let at = start; at < code.length; at += 1) {
    if (code[at] === '<') depth += 1;
    else if (code[at] === '>' && code[at - 1] !== '=') {
      depth -= 1;
      if (depth === 0) return at;
    } else if ('([{'.includes(code[at])) at = pairs.get(at) ?? code.length;
    else if (code[at] === ';' || ')]}'.includes(code[at])) return at;
  }
  return code.length;
}

/**
 * Reads one operand of a type: a name, an object type, a tuple, parentheses, a literal.
 * @param {string} code @param {number} at @param {Map<number, number>} pairs
 * @returns {{ next: number, parameters: boolean, more: boolean } | null} `parameters`: could be those of a function type; `more`: another operand is due; null: no operand stands here
 */
function typeOperand(code, at, pairs) {
  const word = /^[\w$.#]+/.exec(code.slice(at, at + 80))?.[0];
  if (word) return { next: at + word.length, parameters: false, more: typeOperators.has(word) };
  if (!'{([\'"`'.includes(code[at])) return null;
  const end = pairs.get(at) ?? code.indexOf(code[at], at + 1);
  return { next: end + 1, parameters: code[at] === '(' && parameterList.test(code.slice(at + 1, end)), more: false };
}

/**
 * Reads what may follow an operand of a type: type arguments, `[]`, an operator, the arrow of a function type.
 * @param {string} code @param {number} at @param {Map<number, number>} pairs @param {boolean} afterParameters
 * @returns {{ next: number, more: boolean } | null} null: the type ends here
 */
function typeContinuation(code, at, pairs, afterParameters) {
  const word = /^\w+/.exec(code.slice(at, at + 12))?.[0] ?? '';
  if (typeOperators.has(word)) return { next: at + word.length, more: true };
  if (code[at] === '[') return { next: (pairs.get(at) ?? code.length) + 1, more: false };
  if (code[at] === '<') return { next: genericEnd(code, at, pairs) + 1, more: false };
  if (code.startsWith('=>', at)) return afterParameters ? { next: at + 2, more: true } : null;
  return '|&?:'.includes(code[at]) ? { next: at + 1, more: true } : null;
}

/**
 * From just behind the colon of a return type to where the type ends: at the body's brace, at the arrow, or at what shows that it was no
 * return type at all.
 * @param {string} code @param {number} start @param {Map<number, number>} pairs
 */
function typeEnd(code, start, pairs) {
  let wantsOperand = true;
  let parameters = false;
  let at = skipSpace(code, start);
  while (at < code.length) {
    // A union may begin with its operator, and an operator may follow another (`| readonly`).
    const operand = wantsOperand ? typeOperand(code, at, pairs) : null;
    const read = operand ?? typeContinuation(code, at, pairs, parameters);
    if (!read) return at;
    parameters = operand?.parameters ?? false;
    wantsOperand = read.more;
    at = skipSpace(code, read.next);
  }
  return at;
}

/** Where the expression that an arrow returns ends. @param {string} code @param {number} start @param {Map<number, number>} pairs */
function expressionEnd(code, start, pairs) {
  for (let at = start; at < code.length; at += 1) {
    if ('([{'.includes(code[at])) at = pairs.get(at) ?? code.length;
    // A `>` without spaces closes type arguments that this is one of; a comparison has them.
    else if (',;)]}'.includes(code[at]) || (code[at] === '>' && code[at - 1] !== '=' && /\S/.test(code[at - 1]))) return skipSpaceBack(code, at);
  }
  return code.length - 1;
}

/** The word that ends just before `at`, generics skipped. @param {string} code @param {number} at @returns {{ word: string, start: number }} */
function wordBefore(code, at) {
  let end = skipSpaceBack(code, at);
  if (code[end] === '>' && code[end - 1] !== '=') {
    let depth = 0;
    for (; end >= 0; end -= 1) {
      if (code[end] === '>' && code[end - 1] !== '=') depth += 1;
      else if (code[end] === '<') depth -= 1;
      if (depth === 0) break;
    }
    end = skipSpaceBack(code, end);
  }
  let start = end + 1;
  while (start > 0 && /[\w$#]/.test(code[start - 1])) start -= 1;
  return { word: code.slice(start, end + 1), start };
}

/** What an arrow function is bound to: `const name = (…) =>`. @param {string} code @param {number} at where it begins */
function boundName(code, at) {
  const before = code.slice(Math.max(0, at - 160), at).replace(/\basync\s*$/, '');
  return /([\w$#]+)\s*(?:\??:[^=;{}()]*)?=\s*(?:<[^<>]*>\s*)?$/.exec(before)?.[1] ?? '';
}

/**
 * The function whose parameters stand at `open`, if a body follows them.
 * @param {string} code @param {number} open @param {Map<number, number>} pairs
 * @returns {{ name: string, start: number, end: number, type: [number, number] } | null} `type`: where its return type stands
 */
function functionAt(code, open, pairs) {
  const close = pairs.get(open);
  if (close === undefined) return null;
  const { word, start } = wordBefore(code, open);
  if (controlWords.has(word) || (word === 'await' && wordBefore(code, start).word === 'for')) return null;
  let at = skipSpace(code, close + 1);
  /** @type {[number, number]} */
  const type = [close, code[at] === ':' ? typeEnd(code, at + 1, pairs) : close];
  if (code[at] === ':') at = type[1];
  if (code.startsWith('=>', at)) return { name: boundName(code, open), start: open, end: arrowEnd(code, at, pairs), type };
  if (code[at] !== '{') return null;
  const name = word === 'function' ? '' : word;
  return { name, start: word === '' ? open : start, end: pairs.get(at) ?? code.length - 1, type };
}

/** @param {string} code @param {number} arrow @param {Map<number, number>} pairs */
function arrowEnd(code, arrow, pairs) {
  const body = skipSpace(code, arrow + 2);
  return code[body] === '{' ? (pairs.get(body) ?? code.length - 1) : expressionEnd(code, body, pairs);
}

/** Where interfaces and type aliases stand: what looks like a function there is a type. @param {string} code @param {Map<number, number>} pairs */
function typeRanges(code, pairs) {
  /** @type {[number, number][]} */
  const ranges = [];
  for (const match of code.matchAll(/(?<![\w$.])interface\s+[\w$]+[^{;=]*\{/g)) {
    const open = match.index + match[0].length - 1;
    ranges.push([match.index, pairs.get(open) ?? code.length]);
  }
  for (const match of code.matchAll(/(?<![\w$.])type\s+[\w$]+\s*(?:<[^=]*>)?\s*=(?!>)/g)) {
    let at = match.index + match[0].length;
    while (at < code.length && code[at] !== ';') at = ('([{'.includes(code[at]) ? (pairs.get(at) ?? code.length) : at) + 1;
    ranges.push([match.index, at]);
  }
  return ranges;
}

/** What is called with the argument at `at`: `describe.each` for `describe.each(rows)('…', at)`. @param {string} code @param {number} at @param {Map<number, number>} pairs */
function calleeOf(code, at, pairs) {
  let open = at - 1;
  while (open >= 0 && code[open] !== '(') {
    if ('[{;'.includes(code[open])) return '';
    open = (')]}'.includes(code[open]) ? (pairs.get(open) ?? 0) : open) - 1;
  }
  let end = skipSpaceBack(code, open);
  if (code[end] === ')') end = skipSpaceBack(code, pairs.get(end) ?? 0);
  return code.slice(Math.max(0, end - 60), end + 1);
}

/**
 * Every function of the text, outer ones before those they hold. Callbacks given straight to `describe` are not counted: they are a heading.
 * @param {string} text TypeScript source
 * @returns {readonly FoundFunction[]}
 */
export function findFunctions(text) {
  const code = mask(text);
  const pairs = bracketPairs(code);
  const lineOf = lineCounter(text);
  const types = typeRanges(code, pairs);
  /** @type {FoundFunction[]} */
  const found = [];
  /** @param {{ name: string, start: number, end: number }} one */
  const add = ({ name, start, end }) => {
    if (types.some(([from, to]) => start > from && start < to)) return;
    const line = lineOf(start);
    const heading = /\bdescribe(?:\.\w+)*$/.test(calleeOf(code, start, pairs));
    if (!heading) found.push({ name, line, lines: lineOf(end) - line + 1, counts: name !== '' || code[end] === '}' });
  };
  for (let at = 0; at < code.length; at += 1) {
    if (code[at] === '(') {
      const one = functionAt(code, at, pairs);
      if (!one) continue;
      add(one);
      types.push(one.type);
    } else if (code.startsWith('=>', at)) {
      const { word, start } = wordBefore(code, at);
      const bare = /^[A-Za-z_$][\w$]*$/.test(word) && /[=(,:?[{>|&;]$|^$|\b(?:return|async)$/.test(code.slice(0, start).trimEnd().slice(-8));
      if (bare && !isTypeTail(code, start)) add({ name: boundName(code, start), start, end: arrowEnd(code, at, pairs) });
    }
  }
  return found;
}

/** Is the word at `start` the return type of `(…): word =>`, which the parenthesis has found already? @param {string} code @param {number} start */
const isTypeTail = (code, start) => /\)\s*:\s*$/.test(code.slice(Math.max(0, start - 40), start)) || /[|&>]\s*$/.test(code.slice(Math.max(0, start - 4), start));
