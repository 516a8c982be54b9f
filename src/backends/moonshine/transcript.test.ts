import { describe, expect, test } from 'vitest';
import { readPieces, textOf } from './tokenizer.ts';
import { writeTranscript } from './transcript.ts';

const segments = [
  { start: 0, end: 17.5, text: 'Ever tried,' },
  { start: 17.5, end: 3725.004, text: 'ever failed.' },
];

describe('a transcript', () => {
  test.each([
    ['', 'application/json; charset=utf-8', '{"text":"Ever tried, ever failed."}'],
    ['json', 'application/json; charset=utf-8', '{"text":"Ever tried, ever failed."}'],
    ['text', 'text/plain; charset=utf-8', 'Ever tried, ever failed.\n'],
    ['srt', 'text/plain; charset=utf-8', '1\n00:00:00,000 --> 00:00:17,500\nEver tried,\n\n2\n00:00:17,500 --> 01:02:05,004\never failed.\n\n'],
    ['vtt', 'text/vtt; charset=utf-8', 'WEBVTT\n\n00:00:00.000 --> 00:00:17.500\nEver tried,\n\n00:00:17.500 --> 01:02:05.004\never failed.\n\n'],
  ])('as %s', (format, contentType, body) => {
    expect(writeTranscript(segments, format, 20)).toEqual({ contentType, body });
  });

  test('with times says how long the recording is', () => {
    expect(JSON.parse(writeTranscript(segments, 'verbose_json', 20)?.body ?? '')).toMatchObject({ language: 'english', duration: 20, text: 'Ever tried, ever failed.', segments: [{ id: 0, start: 0, end: 17.5 }, { id: 1 }] });
  });

  test('in no other format', () => {
    expect(writeTranscript(segments, 'docx', 1)).toBeNull();
  });
});

describe('tokens', () => {
  const long = 'x'.repeat(200);
  const file = Buffer.concat([...['<unk>', '<s>', '</s>', '\u2581Ever', 'żó'].map((piece) => Buffer.concat([Buffer.from([Buffer.byteLength(piece)]), Buffer.from(piece)])), Buffer.from([200 - 128 + 128, 1]), Buffer.from(long), Buffer.from([1, 0xc5]), Buffer.from([1, 0x82])]);

  test('become words; those that mark begin and end are none', () => {
    const pieces = readPieces(file);
    expect(pieces.map((piece) => piece.length)).toEqual([5, 3, 4, 7, 4, 200, 1, 1]);
    expect(textOf([1, 3, 4, 3, 6, 7, 2], pieces)).toBe('Everżó Everł');
    expect(textOf([99], pieces)).toBe('');
  });

  test('of a file that is cut off are not taken', () => {
    expect(() => readPieces(file.subarray(0, 40))).toThrow(/cut off/);
  });
});
