/** What must hold before a change is handed in, quickest first; stops at the first thing that does not. */
import { ensureInstalled } from './setup.mjs';
import { isFresh, build } from './build.mjs';
import { runAsMain, runScript, step } from './step.mjs';

const typescript = 'node_modules/typescript/bin/tsc';

/** The last line that says something. @param {string} output */
const lastLine = (output) => output.trim().split('\n').at(-1) ?? '';

/** Fails on warnings too; the note says how many files were read, so that a lint of nothing shows. */
function lint() {
  const output = runScript('node_modules/@biomejs/biome/bin/biome', ['lint', '--error-on-warnings', '--colors=off', '.']);
  return /Checked \d+ files/.exec(output)?.[0].toLowerCase() ?? lastLine(output);
}

await runAsMain(() => {
  ensureInstalled();
  step('generated indexes', () => void runScript('scripts/gen.mjs'));
  // A fresh dist has passed the compiler already.
  step('types of the source', () => (isFresh() ? 'unchanged since the last build' : build()));
  step('types of the tests', () => void runScript(typescript, ['--noEmit', '-p', 'tsconfig.test.json']));
  step('types of the dashboard', () => void runScript(typescript, ['--noEmit', '-p', 'ui/tsconfig.json']));
  step('lint', lint);
  step('shape', () => lastLine(runScript('scripts/shape.mjs')));
  step('generated pages of docs', () => void runScript('scripts/docs.mjs', ['--check']));
  step('unit tests', () => lastLine(runScript('scripts/test.mjs', ['unit'])));
});
