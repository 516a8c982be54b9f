import { expect, test } from 'vitest';
import { createLog } from './log.ts';

test('an event is one JSON line with its level, time, message and fields', () => {
  let text = '';
  const log = createLog('info', (more) => {
    text += more;
  });
  log.info({ id: 'req_1', totalMs: 12 }, 'request');
  log.debug({ id: 'req_2' }, 'below the level');
  log.close();
  expect(text.endsWith('\n')).toBe(true);
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 'info', msg: 'request', id: 'req_1', totalMs: 12 });
  expect(Number.isNaN(Date.parse(String(lines[0]?.time)))).toBe(false);
});

test('warnings are written at once, other lines in batches', () => {
  const writes: string[] = [];
  const log = createLog('info', (more) => writes.push(more));
  log.info({}, 'waits');
  expect(writes).toHaveLength(0);
  log.warn({ apiKey: 'marked' }, 'at once');
  expect(writes).toHaveLength(1);
  expect(writes.join('')).not.toContain('marked');
  log.close();
});
