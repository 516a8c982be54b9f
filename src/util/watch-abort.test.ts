import { expect, test } from 'vitest';
import { unwatchAbort, watchAbort } from './watch-abort.ts';

test('all who watch are told once, and who took it back is not', () => {
  const caller = new AbortController();
  const seen: string[] = [];
  const gone = (): void => void seen.push('gone');
  watchAbort(caller.signal, () => seen.push('a'));
  watchAbort(caller.signal, gone);
  watchAbort(caller.signal, () => seen.push('b'));
  unwatchAbort(caller.signal, gone);
  caller.abort();
  expect(seen).toEqual(['a', 'b']);
});

test('a signal that has aborted tells nobody who comes late', () => {
  const caller = new AbortController();
  const seen: string[] = [];
  caller.abort();
  watchAbort(caller.signal, () => seen.push('late'));
  expect(seen).toEqual([]);
});
