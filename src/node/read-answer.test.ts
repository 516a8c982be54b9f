import { expect, test } from 'vitest';
import { problemIn, readAnswer } from './read-answer.ts';

const read = (value: unknown) => readAnswer(JSON.stringify(value));

test('the router says whether it has let the machine in, when to come back, and what to do', () => {
  const commands = [{ type: 'restart_ollama', reason: 'it hangs', env: { OLLAMA_NUM_PARALLEL: 2, BAD: null } }, { type: 'capacity_override', mode: 'paused', until: 123 }, { type: 'capacity_override', mode: 'auto', until: null }];
  expect(read({ status: 'ok', node_status: 'online', enrolment: 'waiting', heartbeat_ms: 2000, commands })).toEqual({
    enrolment: 'waiting',
    heartbeatMs: 2000,
    commands: [{ type: 'restart_ollama', reason: 'it hangs', env: { OLLAMA_NUM_PARALLEL: '2' } }, { type: 'capacity_override', mode: 'paused', until: 123 }, { type: 'capacity_override', mode: 'auto', until: null }],
  });
});

test('an old router, which knows no enrolment, has let everybody in', () => {
  expect(read({ status: 'ok', node_status: 'online' })).toEqual({ enrolment: 'enrolled', heartbeatMs: null, commands: [] });
  expect(read({ status: 'draining', node_id: 'a' })?.enrolment).toBe('enrolled');
});

test('commands that are not understood are left out, and no pace is taken that would do harm', () => {
  expect(read({ status: 'ok', heartbeat_ms: 1, commands: [{ type: 'format_disk' }, { type: 'capacity_override', mode: 'maybe' }, 7] })).toEqual({ enrolment: 'enrolled', heartbeatMs: 500, commands: [] });
  expect(read({ status: 'ok', heartbeat_ms: 1e9 })?.heartbeatMs).toBe(60_000);
});

test.each(['', 'Hello', '<html></html>', '[]', '{}', '{"status": 3}'])('%j is no router\'s answer', (text) => {
  expect(readAnswer(text)).toBeNull();
});

test('an error says why, in either of the two shapes', () => {
  expect(problemIn('{"error": {"message": "The join token is wrong.", "code": "unauthenticated", "param": null}}')).toEqual({ why: 'The join token is wrong.' });
  expect(problemIn('{"error": {"message": "Taken.", "param": "node_id"}}')).toEqual({ why: 'Taken.', about: 'node_id' });
  expect(problemIn('{"error": "no"}')).toEqual({ why: 'no' });
  expect(problemIn('Internal Server Error')).toEqual({ why: '' });
});
