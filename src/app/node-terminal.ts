/** What the node agent prints: a line each time something changes, for a person or a journal. */
import type { Terminal } from '../node/node.ts';

const levels = ['debug', 'info', 'warn', 'error', 'silent'];

/** Throws an Error for people when there is no such level. Names of the old system's levels are taken, whatever their case. */
export function nodeTerminal(level: string | undefined, { out, err }: { out(text: string): void; err(text: string): void }): Terminal {
  const wanted = (level || 'info').toLowerCase().replace(/^warning$/, 'warn').replace(/^critical$/, 'error');
  const least = levels.indexOf(wanted);
  if (least < 0) throw new Error(`There is no log level ${level}; there are ${levels.join(', ')}.`);
  const line = (rank: number, print: (text: string) => void) => (text: string): void => {
    if (rank >= least) print(`${new Date().toTimeString().slice(0, 8)}  ${text}`);
  };
  return { debug: line(0, out), info: line(1, out), warn: line(2, err) };
}
