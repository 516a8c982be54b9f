/** Sees what kinds of text a message holds: code, a diff, an error report, data without words. */

export interface TextStructure {
  readonly code: boolean;
  readonly diff: boolean;
  /** A stack trace, a compiler's or a test's complaint. */
  readonly failure: boolean;
  /** Hashes, brackets, single tokens: nothing that asks for anything. */
  readonly noise: boolean;
}

const diffMark = /^(?:diff --git |@@ -\d|index [0-9a-f]{7,}\.\.|\+\+\+ |--- a\/)/m;
const changedLine = /^[+-](?![+-])\s*\S/;
const codeLine = /(?:[;{}]|=>|\):|\bdef \w+\(|^\s*(?:import|from|#include|package|using|fn|func|class|return|const|let|var|public|private|end|elif|else)\b.*|\w\(.*\)|^\s*[@#]\w+|\w+\s*[+*/-]?=\s*\S+)\s*$/;
const failureMark =
  /^Traceback \(most recent|^[ \t]+at .+:\d+(?::\d+)?\)?$|^[ \t]+File ".+", line \d+|^\w*(?:Error|Exception)\b.*:|^(?:FAILED|FAIL|E {3}|panic:|npm ERR!|error\[\w+\]|error:|fatal:)|\b\w+(?:Error|Exception): |\bexit (?:code|status) [1-9]|\bsegmentation fault\b|Expected .{1,80}(?:received|but got|got)\b/im;
const longestLine = 200;
const longToken = /^[\w+/=:.-]{20,}$/;

export function structureOf(text: string, words: readonly string[]): TextStructure {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const changed = lines.filter((line) => changedLine.test(line)).length;
  const codeLines = lines.filter(isCodeLine).length;
  const diff = diffMark.test(text) || (changed >= 3 && changed * 4 >= lines.length && codeLines >= 2);
  return {
    code: diff || text.includes('```') || codeLines >= 3 || (codeLines >= 1 && /[;{}]\s*$|\w\(\w*\)|\bdef \w+\(/m.test(text)),
    diff,
    failure: failureMark.test(text),
    noise: isNoise(text.trim(), words),
  };
}

/** The text without its code, changed lines and error output: what is left is what the person says. */
export function proseOf(text: string): string {
  const open = text.replace(/```[\s\S]*?(?:```|$)/g, '\n');
  const mark = open.search(diffMark);
  const beforeDiff = mark < 0 ? open : open.slice(0, mark);
  return beforeDiff
    .split('\n')
    .filter((line) => !changedCode(line) && !isCodeLine(line) && !/^\s{4,}\S/.test(line))
    .join('\n');
}

/** Of a long line only the end is looked at, which bounds the time whatever a caller sends. */
function isCodeLine(line: string): boolean {
  return codeLine.test(line.length <= longestLine ? line : line.slice(-longestLine));
}

/** A changed line, not an item of a list. */
function changedCode(line: string): boolean {
  return changedLine.test(line) && isCodeLine(line);
}

function isNoise(text: string, words: readonly string[]): boolean {
  const letters = words.filter((word) => /\p{L}{2}|\p{Script=Han}/u.test(word));
  if (letters.length === 0) return true;
  if (/^\S+$/.test(text) && longToken.test(text) && /\d/.test(text)) return true;
  return /^[[{("'<]/.test(text) && letters.length <= 2 && text.length < 40;
}
