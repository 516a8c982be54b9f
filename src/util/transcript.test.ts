import { describe, expect, test } from 'vitest';
import { writeTranscript } from './transcript.ts';

const heard = { text: 'Ever tried, ever failed.', language: 'english', segments: [
  { start: 0, end: 17.5, text: 'Ever tried,' },
  { start: 17.5, end: 3725.004, text: 'ever failed.' },
] };

describe('a transcript', () => {
  test.each([
    ['', 'application/json; charset=utf-8', '{"text":"Ever tried, ever failed."}'],
    ['json', 'application/json; charset=utf-8', '{"text":"Ever tried, ever failed."}'],
    ['text', 'text/plain; charset=utf-8', 'Ever tried, ever failed.\n'],
    ['srt', 'text/plain; charset=utf-8', '1\n00:00:00,000 --> 00:00:17,500\nEver tried,\n\n2\n00:00:17,500 --> 01:02:05,004\never failed.\n\n'],
    ['vtt', 'text/vtt; charset=utf-8', 'WEBVTT\n\n00:00:00.000 --> 00:00:17.500\nEver tried,\n\n00:00:17.500 --> 01:02:05.004\never failed.\n\n'],
  ])('as %s', (format, contentType, body) => {
    expect(writeTranscript(heard, format, 20)).toEqual({ contentType, body });
  });

  test('with times says how long the recording is', () => {
    expect(JSON.parse(writeTranscript(heard, 'verbose_json', 20)?.body ?? '')).toMatchObject({ language: 'english', duration: 20, text: 'Ever tried, ever failed.', segments: [{ id: 0, start: 0, end: 17.5 }, { id: 1 }] });
  });

  test('whose length nobody told lasts as long as somebody speaks', () => {
    expect(JSON.parse(writeTranscript(heard, 'verbose_json')?.body ?? '')).toMatchObject({ duration: 3725.004 });
  });

  test('in no other format', () => {
    expect(writeTranscript(heard, 'docx', 1)).toBeNull();
  });
});
