import { expect, test } from 'vitest';
import { attemptOn, traceOf } from '../../test/fakes/traces.ts';
import { keptTrace } from './kept-trace.ts';

const kept = (error: string, message: string): string | undefined => keptTrace(traceOf('req_1', { attempts: [attemptOn('east', { error, message })] })).attempts[0]?.message;

test.each([
  ['backend_rejected', 'Backend east refused the request: cannot parse "my secret plan"', 'Backend east refused the request'],
  ['backend_failed', 'Backend east failed with status 500: model requires more system memory (9.2 GiB) than is available (3.1 GiB), prompt was: secret', 'Backend east failed with status 500: requires more system memory (9.2 GiB) than is available (3.1 GiB)'],
  ['backend_failed', 'secret: CUDA error: out of memory', 'CUDA error: out of memory'],
  ['backend_failed', 'a secret without a beginning of ours', ''],
  ['stream_interrupted', 'The answer broke off: secret', 'The answer broke off'],
  ['backend_protocol', 'The backend answered without any choice.', 'The backend answered without any choice.'],
  ['backend_unreachable', 'Backend east refused the connection.', 'Backend east refused the connection.'],
])('%s "%s" is kept as "%s"', (error, message, expected) => {
  expect(kept(error, message)).toBe(expected);
});

test('what a caller made up does not fill the store', () => {
  expect(keptTrace(traceOf('req_1', { requestedModel: 'x'.repeat(1_000_000), decisionReason: 'y'.repeat(1_000_000) }))).toMatchObject({ requestedModel: 'x'.repeat(300), decisionReason: 'y'.repeat(300) });
});

test('a trace without a failure is the same one', () => {
  const trace = traceOf('req_1');
  expect(keptTrace(trace)).toBe(trace);
});
