import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SseReader, type SseEvent } from './sse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function readAll(text: string, cuts: readonly number[] = []): SseEvent[] {
  const reader = new SseReader();
  const whole = bytes(text);
  const ends = [...cuts, whole.length];
  let from = 0;
  const events = ends.flatMap((end) => {
    const piece = whole.subarray(from, end);
    from = end;
    return reader.push(piece);
  });
  return [...events, ...reader.end()];
}

test('comments, CRLF, a missing space and several data lines are read as the standard says', () => {
  const text = ': hello\r\n\r\ndata:one\r\n\r\nevent: error\ndata: a\ndata:  b\nid: 7\nretry: 1\n\ndata\n\n';
  expect(readAll(text)).toEqual([
    { event: 'message', data: 'one' },
    { event: 'error', data: 'a\n b' },
    { event: 'message', data: '' },
  ]);
});

test('an event whose closing blank line never came is given at the end', () => {
  expect(readAll('data: [DONE]')).toEqual([{ event: 'message', data: '[DONE]' }]);
  expect(readAll('event: x\n\n')).toEqual([]);
});

test('cuts anywhere, within a character too, change nothing', () => {
  const text = 'data: {"a":"żółw 🐢"}\r\n\r\n: c\n\nevent: e\ndata: x\ndata: 🐢\n\n';
  const whole = readAll(text);
  const length = bytes(text).length;
  fc.assert(fc.property(fc.array(fc.nat(length), { maxLength: 10 }), (cuts) => {
    expect(readAll(text, cuts.sort((a, b) => a - b))).toEqual(whole);
  }));
});
