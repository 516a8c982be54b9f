/** What became of a run of the tests: counted from Vitest's report, judged, and told. */

/**
 * A test that failed, or a file that could not be loaded. `unsteady`: it passed when its file was run again alone.
 * @typedef {{ file: string, name: string, message: string, unsteady: boolean }} Fault
 *
 * Vitest's JSON report, as far as it is read here.
 * @typedef {{ status: string, fullName?: string, failureMessages?: readonly string[] }} TestResult
 * @typedef {{ status: string, name?: string, message?: string, assertionResults: readonly TestResult[] }} FileResult
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: readonly FileResult[] }} Report
 */

/**
 * What became of one tier. `leftOut` says why it did not run; `owed` that it could have.
 * @typedef {{ tier: string, passed: number, failed: number, skipped: number, seconds: string, note: string, leftOut: boolean, owed: boolean, faults: readonly Fault[] }} Row
 */

/** @param {string} tier @param {Partial<Row>} [values] @returns {Row} */
export const row = (tier, values) => ({ tier, passed: 0, failed: 0, skipped: 0, seconds: '', note: '', leftOut: false, owed: false, faults: [], ...values });

/**
 * Counts a run from Vitest's JSON report. A file that could not be loaded, or a run that ended badly although no test failed, is one failure.
 * @param {Report | null} report
 * @param {number | null} exitCode null: ended by a signal
 */
export function countRun(report, exitCode) {
  if (!report) return { passed: 0, failed: 1, skipped: 0, note: 'the run left no report' };
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')).length;
  const counts = { passed: report.numPassedTests, failed: report.numFailedTests + unloaded, skipped: report.numPendingTests + report.numTodoTests };
  if (exitCode !== 0 && counts.failed === 0) return { ...counts, failed: 1, note: `the run itself ended with ${exitCode ?? 'a signal'}` };
  const total = counts.passed + counts.failed + counts.skipped;
  return { ...counts, note: total === 0 ? 'no tests' : unloaded > 0 ? `${unloaded} file(s) could not be loaded` : '' };
}

/** @param {Report} report @returns {readonly Fault[]} */
export function faultsIn(report) {
  return report.testResults.filter(({ status }) => status === 'failed').flatMap(({ name: file = '', message = '', assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return [{ file, name: 'the file could not be loaded', message, unsteady: false }];
    return failed.map(({ fullName = '', failureMessages = [] }) => ({ file, name: fullName, message: failureMessages.join('\n'), unsteady: false }));
  });
}

/** So many files that fail are no accident of a busy machine. */
const mostFilesAgain = 5;

/**
 * Whose tests are to be run once more: the files of a run that came to its end and failed in few of them.
 * @param {readonly Fault[]} faults
 * @param {number | null} exitCode
 */
export function filesAgain(faults, exitCode) {
  const files = [...new Set(faults.map(({ file }) => file))];
  return exitCode === null || files.length > mostFilesAgain ? [] : files;
}

/**
 * The result of a tier after its failed files ran a second time. What passes then counts as passed, and stays among the faults as unsteady.
 * @param {Row} first
 * @param {Row} second
 * @returns {Row}
 */
export function afterSecondRun(first, second) {
  if (second.failed > 0 && second.faults.length === 0) return { ...first, note: [first.note, `the second run: ${second.note}`].filter(Boolean).join('; ') };
  const fails = new Set(second.faults.map(({ file, name }) => `${file} ${name}`));
  const steady = first.faults.filter(({ file, name }) => !fails.has(`${file} ${name}`)).map((fault) => ({ ...fault, unsteady: true }));
  const note = [steady.length > 0 ? `${steady.length} unsteady` : '', second.note].filter(Boolean).join('; ');
  return { ...first, passed: first.passed + first.failed - second.failed, failed: second.failed, note, faults: [...second.faults, ...steady] };
}

const longestMessage = 1500;
const mostTold = 20;

/** Without the test runner's own frames. @param {string} message */
function shortened(message) {
  const lines = message.split('\n').filter((line) => !/^\s+at .*(node_modules|new Promise \()/.test(line));
  return lines.join('\n').slice(0, longestMessage).trimEnd();
}

/**
 * What failed, once more at the end, where whoever reads the last lines of a log finds it. Empty: nothing did.
 * @param {readonly Row[]} rows
 * @param {string} root what the names of files begin with
 */
export function told(rows, root) {
  const all = rows.flatMap(({ tier, faults }) => faults.map((fault) => ({ tier, ...fault }))).sort((a, b) => Number(a.unsteady) - Number(b.unsteady));
  const lines = all.slice(0, mostTold).map(({ tier, file, name, message, unsteady }) => {
    const verdict = unsteady ? 'UNSTEADY (failed, and passed when it was run again alone)' : 'FAILED';
    return `${verdict} ${tier} ${file.replace(`${root}/`, '')} > ${name}\n${shortened(message).replace(/^/gm, '    ')}`;
  });
  return [...lines, ...(all.length > mostTold ? [`and ${all.length - mostTold} more`] : [])].join('\n');
}

/** @param {readonly Row[]} rows */
export function table(rows) {
  const cells = rows.map(({ tier, passed, failed, skipped, seconds, note, leftOut }) =>
    leftOut ? [tier, '-', '-', '-', '-', `left out: ${note}`] : [tier, `${passed}`, `${failed}`, `${skipped}`, seconds, note],
  );
  const all = [['tier', 'passed', 'failed', 'skipped', 'seconds', ''], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((line) => line[column].length)));
  return all.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : column < 5 ? cell.padStart(widths[column]) : cell)).join('  ').trimEnd()).join('\n');
}

/**
 * The last line, alone: `12 passed, 0 failed`, and `, 1 skipped` where some were.
 * @param {readonly Row[]} rows
 */
export function summary(rows) {
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) => rows.reduce((total, each) => total + each[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * A tier that could have run and did not is a failure where all are required, or where it was asked for by name.
 * @param {readonly Row[]} rows
 * @param {{ requireAll: boolean, named: boolean }} options
 * @returns {readonly Row[]}
 */
export function judge(rows, { requireAll, named }) {
  return rows.map((each) => {
    const cannot = each.leftOut && each.note !== 'no tests';
    return (requireAll && each.owed) || (named && cannot) ? { ...each, failed: each.failed + 1, leftOut: false, note: `not run as it should: ${each.note}` } : each;
  });
}
