/** Blanks what is not code (comments, strings, regular expressions) in TypeScript source, so that plain scans see only code. */

const regexMayFollowWord = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do', 'instanceof', 'await', 'yield']);

/** Walks over the text once and writes down each piece, kept or blanked. */
class Masker {
  #text;
  #keepStrings;
  #at = 0;
  /** @type {string[]} */
  #out = [];
  #lastCode = '';
  /** How many braces are open in each `${…}` that the walk is within. @type {number[]} */
  #templates = [];

  /** @param {string} text @param {boolean} keepStrings */
  constructor(text, keepStrings) {
    this.#text = text;
    this.#keepStrings = keepStrings;
  }

  run() {
    while (this.#at < this.#text.length) if (!this.#comment() && !this.#literal()) this.#code();
    return this.#out.join('');
  }

  /** @param {number} end @param {boolean} keep */
  #take(end, keep) {
    const stop = Math.max(this.#at, Math.min(end, this.#text.length));
    const piece = this.#text.slice(this.#at, stop);
    this.#out.push(keep ? piece : piece.replace(/[^\n]/g, ' '));
    this.#at = stop;
  }

  #comment() {
    const at = this.#at;
    const text = this.#text;
    const toLineEnd = text.startsWith('//', at) || (at === 0 && text.startsWith('#!'));
    if (!toLineEnd && !text.startsWith('/*', at)) return false;
    const end = toLineEnd ? text.indexOf('\n', at) : text.indexOf('*/', at + 2);
    this.#take(end < 0 ? text.length : toLineEnd ? end : end + 2, false);
    return true;
  }

  #literal() {
    const char = this.#text[this.#at];
    if (char === "'" || char === '"') this.#quoted(stringEnd(this.#text, this.#at));
    else if (char === '/' && startsRegex(this.#lastCode, this.#out)) this.#quoted(regexEnd(this.#text, this.#at));
    else if (char === '`') this.#templateText();
    else if (char === '}' && this.#templates.at(-1) === 0) {
      this.#templates.pop();
      this.#templateText();
    } else return false;
    return true;
  }

  /** @param {number} end where the closing character stands */
  #quoted(end) {
    this.#take(this.#at + 1, true);
    this.#take(end, this.#keepStrings);
    this.#take(this.#at + 1, true);
    this.#lastCode = '"';
  }

  /** From a backtick, or from the brace that ends `${…}`, to the next of either. */
  #templateText() {
    const end = templateTextEnd(this.#text, this.#at + 1);
    const opens = this.#text[end] === '$';
    this.#take(this.#at + 1, true);
    this.#take(end, this.#keepStrings);
    this.#take(this.#at + (opens ? 2 : 1), true);
    if (opens) this.#templates.push(0);
    this.#lastCode = opens ? '{' : '"';
  }

  #code() {
    const char = this.#text[this.#at];
    const within = this.#templates.length - 1;
    if (within >= 0 && char === '{') this.#templates[within] += 1;
    if (within >= 0 && char === '}') this.#templates[within] -= 1;
    if (char.trim()) this.#lastCode = char;
    this.#take(this.#at + 1, true);
  }
}

/**
 * The same text, same length and lines, with comments blanked and, unless `keepStrings`, the insides of strings, templates and regular
 * expressions blanked too. Quotes stay, and so does the code within `${…}`.
 * @param {string} text
 * @param {{ keepStrings?: boolean }} [options]
 */
export const mask = (text, { keepStrings = false } = {}) => new Masker(text, keepStrings).run();

/** @param {string} text @param {number} start at the opening quote */
function stringEnd(text, start) {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start] || text[at] === '\n') return at;
  }
  return text.length;
}

/** Where a template's text stops: at its closing backtick or at the dollar sign of `${`. @param {string} text @param {number} start */
function templateTextEnd(text, start) {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`' || (text[at] === '$' && text[at + 1] === '{')) return at;
  }
  return text.length;
}

/** @param {string} text @param {number} start at the opening slash */
function regexEnd(text, start) {
  let inClass = false;
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if ((text[at] === '/' && !inClass) || text[at] === '\n') return at;
  }
  return text.length;
}

/** A slash begins a regular expression where a value may begin; after a value it divides. @param {string} lastCode @param {readonly string[]} out */
function startsRegex(lastCode, out) {
  if (lastCode === '' || '(,=:[!&|?{};+-*%~^<>'.includes(lastCode)) return true;
  if (!/[\w$]/.test(lastCode)) return false;
  const word = /([\w$]+)\s*$/.exec(out.slice(-24).join(''))?.[1] ?? '';
  return regexMayFollowWord.has(word);
}

/**
 * For each bracket of masked code, where its partner stands.
 * @param {string} code masked
 * @returns {Map<number, number>} both directions
 */
export function bracketPairs(code) {
  const pairs = new Map();
  /** @type {number[]} */
  const open = [];
  for (let at = 0; at < code.length; at += 1) {
    if ('([{'.includes(code[at])) open.push(at);
    else if (')]}'.includes(code[at])) {
      const partner = open.pop();
      if (partner === undefined) continue;
      pairs.set(partner, at);
      pairs.set(at, partner);
    }
  }
  return pairs;
}

/**
 * A function from a position to its line, counted from 1.
 * @param {string} text
 * @returns {(position: number) => number}
 */
export function lineCounter(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (position) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
