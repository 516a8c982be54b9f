/** A transcript in the formats of OpenAI's transcription API. Pure. */

export interface Segment {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What was heard. */
export interface Transcript {
  readonly text: string;
  readonly language?: string;
  readonly segments: readonly Segment[];
}

export interface WrittenTranscript {
  readonly contentType: string;
  readonly body: string;
}

const json = 'application/json; charset=utf-8';
const plain = 'text/plain; charset=utf-8';

/** Null for a format that is not known. `seconds`: how long the recording is; absent: as far as something was said. */
export function writeTranscript({ text, language, segments }: Transcript, format: string, seconds?: number): WrittenTranscript | null {
  switch (format) {
    case '':
    case 'json':
      return { contentType: json, body: JSON.stringify({ text }) };
    case 'verbose_json':
      return { contentType: json, body: JSON.stringify({ task: 'transcribe', ...(language === undefined ? {} : { language }), duration: seconds ?? segments.at(-1)?.end ?? 0, text, segments: segments.map((segment, id) => ({ id, ...segment })) }) };
    case 'text':
      return { contentType: plain, body: `${text}\n` };
    case 'srt':
      return { contentType: plain, body: segments.map((one, index) => `${index + 1}\n${clock(one.start, ',')} --> ${clock(one.end, ',')}\n${one.text}\n\n`).join('') };
    case 'vtt':
      return { contentType: 'text/vtt; charset=utf-8', body: `WEBVTT\n\n${segments.map((one) => `${clock(one.start, '.')} --> ${clock(one.end, '.')}\n${one.text}\n\n`).join('')}` };
    default:
      return null;
  }
}

function clock(seconds: number, point: string): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${point}${String(ms % 1000).padStart(3, '0')}`;
}
