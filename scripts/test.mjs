/** Runs the tests by tier (unit, flow, ui, real, long), and says at the end what passed, what failed and what was left out and why. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesUnder } from './build.mjs';
import { findChromium } from './chromium.mjs';
import { findRealEngines } from './real-engines.mjs';
import { ensureBuilt, ensureInstalled } from './setup.mjs';
import { root, runScript, secondsSince, StepFailed } from './step.mjs';
import { afterSecondRun, countRun, faultsIn, filesAgain, judge, row, summary, table, told } from './test-report.mjs';

/** @typedef {import('./test-report.mjs').Row} Row */

/**
 * Where each tier's tests lie, whether they need dist, and after how many minutes a run of it counts as hung.
 * @type {Readonly<Record<string, { folder: string, needsBuild: boolean, limitMinutes: number }>>}
 */
const tiers = {
  unit: { folder: 'src', needsBuild: false, limitMinutes: 5 },
  flow: { folder: 'test/flow', needsBuild: true, limitMinutes: 10 },
  ui: { folder: 'test/ui', needsBuild: true, limitMinutes: 10 },
  real: { folder: 'test/e2e', needsBuild: true, limitMinutes: 20 },
  long: { folder: 'test/long', needsBuild: true, limitMinutes: 20 },
};

/** @param {string} tier @param {readonly string[]} extra @param {NodeJS.ProcessEnv} env @param {string} reportPath @returns {Promise<number | null>} */
function runVitest(tier, extra, env, reportPath) {
  const reporters = [`--reporter=${tier === 'unit' ? 'dot' : 'default'}`, '--reporter=json', `--outputFile.json=${reportPath}`];
  const args = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', tier, '--passWithNoTests', ...reporters, ...extra];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    const limit = setTimeout(() => {
      process.stderr.write(`The tier ${tier} did not end within ${tiers[tier].limitMinutes} minutes.\n`);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, tiers[tier].limitMinutes * 60_000);
    child.on('exit', (code) => {
      clearTimeout(limit);
      resolve(code);
    });
  });
}

/** @param {string} tier @param {readonly string[]} extra @param {NodeJS.ProcessEnv} env @returns {Promise<{ row: Row, exitCode: number | null }>} */
async function runOnce(tier, extra, env) {
  const folder = mkdtempSync(join(tmpdir(), 'oar-test-'));
  const startedAt = performance.now();
  try {
    const reportPath = join(folder, 'report.json');
    const exitCode = await runVitest(tier, extra, env, reportPath);
    const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : null;
    return { row: row(tier, { ...countRun(report, exitCode), faults: report === null ? [] : faultsIn(report), seconds: secondsSince(startedAt) }), exitCode };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a tier, and the files of it that failed once more by themselves: on a machine that others keep busy a test can miss its time, and what is really
 * broken fails again. Either way it is told. Unit tests wait for nothing, so there is no second run for them.
 * @param {string} tier @param {readonly string[]} extra @param {NodeJS.ProcessEnv} env @returns {Promise<Row>}
 */
async function runTier(tier, extra, env) {
  process.stdout.write(`\n── ${tier}\n`);
  const startedAt = performance.now();
  const first = await runOnce(tier, extra, env);
  const files = tier === 'unit' ? [] : filesAgain(first.row.faults, first.exitCode);
  if (files.length === 0) return first.row;
  process.stdout.write(`\n── ${tier} again: ${files.length} file(s) that failed\n`);
  const second = await runOnce(tier, [...files, '--no-file-parallelism'], env);
  return { ...afterSecondRun(first.row, second.row), seconds: secondsSince(startedAt) };
}

/** @param {string} tier */
const hasTests = (tier) => filesUnder(join(root, tiers[tier].folder)).some((path) => path.endsWith('.test.ts'));

/** Finds the engines, and runs against those that there are. @param {readonly string[]} extra @param {NodeJS.ProcessEnv} env @returns {Promise<Row>} */
async function runReal(extra, env) {
  const engines = findRealEngines(env);
  if (!engines.ollama && !engines.embedded && !engines.speech) return row('real', { leftOut: true, owed: engines.broken, note: engines.missing.join('; ') });
  const settings = {
    ...(engines.ollama && { OAR_TEST_OLLAMA_BIN: engines.ollama }),
    ...(engines.weights && { OAR_TEST_GGUF: engines.weights }),
    ...(engines.embedded && { OAR_TEST_EMBEDDED: '1' }),
    ...(engines.speech && { OAR_TEST_SPEECH: '1' }),
  };
  const result = await runTier('real', extra, { ...env, ...settings });
  const nothingRan = result.passed + result.failed === 0 && result.skipped > 0;
  return { ...result, owed: engines.broken || nothingRan, note: [result.note, ...engines.missing].filter(Boolean).join('; ') };
}

/** Finds a browser for the dashboard. @param {readonly string[]} extra @param {NodeJS.ProcessEnv} env @returns {Promise<Row>} */
async function runUi(extra, env) {
  const browser = findChromium(env);
  if (browser === null) return row('ui', { leftOut: true, note: 'there is no Chromium (set CHROMIUM_BIN, or install the package chromium)' });
  return runTier('ui', extra, { ...env, OAR_TEST_CHROMIUM: browser });
}

/**
 * @param {string} tier
 * @param {{ extra: readonly string[], built: boolean, full: boolean }} options
 * @returns {Promise<Row>}
 */
async function result(tier, { extra, built, full }) {
  if (!hasTests(tier)) return row(tier, { leftOut: true, note: 'no tests' });
  if (tiers[tier].needsBuild && !built) return row(tier, { failed: 1, note: 'not run: the build failed' });
  const env = { ...process.env, OAR_TEST_LONG: full ? 'full' : 'short' };
  if (tier === 'real') return runReal(extra, env);
  if (tier === 'ui') return runUi(extra, env);
  return runTier(tier, extra, env);
}

/**
 * Prepares what the tiers need. A failed build is told, and leaves the tiers that do without it.
 * @param {readonly string[]} wanted
 */
function prepare(wanted) {
  ensureInstalled();
  runScript('scripts/gen.mjs');
  if (!wanted.some((tier) => tiers[tier].needsBuild && hasTests(tier))) return true;
  try {
    ensureBuilt();
    return true;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.output.trimEnd()}\n${error.message}\n`);
    return false;
  }
}

/** @param {readonly string[]} args */
async function main(args) {
  const own = ['--require-all', '--full'];
  const wanted = args.filter((arg) => arg in tiers);
  const extra = args.filter((arg) => !(arg in tiers) && !own.includes(arg));
  const named = wanted.length > 0;
  /** @type {Row[]} */
  const rows = [];
  try {
    const all = named ? wanted : Object.keys(tiers);
    const built = prepare(all);
    for (const tier of all) rows.push(await result(tier, { extra, built, full: args.includes('--full') }));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.output.trimEnd()}\n${error.message}\n`);
    rows.push(row('setup', { failed: 1, note: error.message }));
  }
  const judged = judge(rows, { requireAll: args.includes('--require-all'), named });
  process.stdout.write(`\n${[told(judged, root), table(judged), summary(judged)].filter(Boolean).join('\n\n')}\n`);
  process.exitCode = judged.some((each) => each.failed > 0) ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
