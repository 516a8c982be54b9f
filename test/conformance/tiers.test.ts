/** How a run of the tests is counted and told. */
import { describe, expect, test } from 'vitest';
import { afterSecondRun, countRun, faultsIn, filesAgain, judge, row as rowOf, summary, table, told } from '../../scripts/test-report.mjs';

const counted = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }] };
const row = rowOf('unit', { passed: 3, seconds: '1.0' });
const leftOut = { ...row, tier: 'real', passed: 0, seconds: '', note: 'no Ollama', leftOut: true };

describe('a run is counted', () => {
  test('with what was skipped or is still to be written', () => {
    expect(countRun(counted, 0)).toEqual({ passed: 3, failed: 0, skipped: 2, note: '' });
  });

  test('as failed when a file could not be loaded, though no test in it failed', () => {
    expect(countRun({ ...counted, testResults: [{ status: 'failed', assertionResults: [] }] }, 1)).toMatchObject({ passed: 3, failed: 1 });
  });

  test('as failed when it ended badly although every test passed, or without a report', () => {
    expect(countRun(counted, 1)).toMatchObject({ passed: 3, failed: 1 });
    expect(countRun(counted, null)).toMatchObject({ passed: 3, failed: 1 });
    expect(countRun(null, 0)).toMatchObject({ passed: 0, failed: 1 });
  });

  test('once for a failed test, not again for its file', () => {
    expect(countRun({ ...counted, numFailedTests: 1, testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }] }, 1)).toMatchObject({ failed: 1 });
  });

  test('as empty when there is no test', () => {
    expect(countRun({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }, 0)).toEqual({ passed: 0, failed: 0, skipped: 0, note: 'no tests' });
  });
});

describe('a tier that did not run', () => {
  test('is no failure where it cannot', () => {
    expect(judge([row, leftOut], { requireAll: true, named: false })).toEqual([row, leftOut]);
  });

  test('is a failure where it could have and all are required, and only there', () => {
    const owed = { ...leftOut, owed: true };
    expect(judge([owed], { requireAll: true, named: false })).toMatchObject([{ failed: 1, leftOut: false }]);
    expect(judge([owed], { requireAll: false, named: false })).toEqual([owed]);
  });

  test('is a failure where it was asked for by name, unless there is nothing to test', () => {
    const nothing = { ...leftOut, note: 'no tests' };
    expect(judge([leftOut, nothing], { requireAll: false, named: true })).toMatchObject([{ failed: 1 }, { failed: 0, leftOut: true }]);
  });
});

test('the last line sums all tiers, and names what was skipped only where something was', () => {
  expect(summary([row, { ...row, passed: 2, failed: 1 }, leftOut])).toBe('5 passed, 1 failed');
  expect(summary([{ ...row, skipped: 2 }])).toBe('3 passed, 0 failed, 2 skipped');
  expect(summary([])).toBe('0 passed, 0 failed');
});

test('the table gives every tier one line, with the reason for those left out', () => {
  expect(table([row, leftOut]).split('\n')).toEqual([
    'tier  passed  failed  skipped  seconds',
    'unit       3       0        0      1.0',
    'real       -       -        -        -  left out: no Ollama',
  ]);
});

describe('what failed', () => {
  const failed = (fullName: string) => ({ status: 'failed', fullName, failureMessages: [`${fullName} is wrong\n    at line 3\n    at run (/repo/node_modules/runner.js:1:2)\n    at new Promise (<anonymous>)`] });
  const report = { ...counted, numFailedTests: 2, testResults: [{ status: 'failed', name: '/repo/test/a.test.ts', assertionResults: [failed('one'), failed('two'), { status: 'passed' }] }, { status: 'failed', name: '/repo/test/b.test.ts', message: 'no such file', assertionResults: [] }, { status: 'passed', name: '/repo/test/c.test.ts', assertionResults: [] }] };
  const faults = faultsIn(report);
  const first = rowOf('flow', { passed: 10, failed: 3, faults });

  test('is told again at the end, each test and each file that could not be loaded, without the folder of the project', () => {
    const text = told([row, first], '/repo');
    expect(text.split('\n')).toEqual(['FAILED flow test/a.test.ts > one', '    one is wrong', '        at line 3', 'FAILED flow test/a.test.ts > two', '    two is wrong', '        at line 3', 'FAILED flow test/b.test.ts > the file could not be loaded', '    no such file']);
    expect(told([row], '/repo')).toBe('');
    expect(told([rowOf('flow', { faults: Array.from({ length: 30 }, () => ({ file: 'f', name: 'n', message: 'x'.repeat(9000), unsteady: false })) })], '/').length).toBeLessThan(40_000);
  });

  test('is run again where it is little, and not where much is broken or the run was ended', () => {
    expect(filesAgain(faults, 1)).toEqual(['/repo/test/a.test.ts', '/repo/test/b.test.ts']);
    expect(filesAgain(faults, null)).toEqual([]);
    expect(filesAgain(Array.from({ length: 6 }, (_, index) => ({ file: `${index}`, name: '', message: '', unsteady: false })), 1)).toEqual([]);
  });

  test('and passes then counts as passed and is told as unsteady; what fails again is a failure', () => {
    const second = rowOf('flow', { passed: 2, failed: 1, faults: faults.slice(1, 2) });
    const both = afterSecondRun(first, second);
    expect(both).toMatchObject({ passed: 12, failed: 1, note: '2 unsteady' });
    expect(both.faults.map(({ name, unsteady }) => [name, unsteady])).toEqual([['two', false], ['one', true], ['the file could not be loaded', true]]);
    expect(told([both], '/repo')).toMatch(/^FAILED flow test\/a\.test\.ts > two\n[\s\S]*UNSTEADY \(failed, and passed when it was run again alone\) flow test\/a\.test\.ts > one/);
  });

  test('and another test that fails only the second time is a failure too', () => {
    const other = [{ file: '/repo/test/a.test.ts', name: 'three', message: 'late', unsteady: false }];
    expect(afterSecondRun(rowOf('flow', { passed: 8, failed: 1, faults: faults.slice(0, 1) }), rowOf('flow', { failed: 2, faults: [...faults.slice(0, 1), ...other] }))).toMatchObject({ passed: 7, failed: 2 });
    expect(afterSecondRun(first, rowOf('flow', { failed: 1, faults: other }))).toMatchObject({ failed: 1, faults: [{ name: 'three', unsteady: false }, { name: 'one', unsteady: true }, { name: 'two', unsteady: true }, { unsteady: true }] });
  });

  test('and leaves no report the second time stays as it was', () => {
    expect(afterSecondRun(first, rowOf('flow', { failed: 1, note: 'the run left no report' }))).toMatchObject({ failed: 3, faults, note: 'the second run: the run left no report' });
  });
});
