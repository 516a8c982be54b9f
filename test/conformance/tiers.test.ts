/** How a run of the tests is counted and told. */
import { describe, expect, test } from 'vitest';
import { countRun, judge, summary, table } from '../../scripts/test.mjs';

const counted = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }] };
const row = { tier: 'unit', passed: 3, failed: 0, skipped: 0, seconds: '1.0', note: '', leftOut: false, owed: false };
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
