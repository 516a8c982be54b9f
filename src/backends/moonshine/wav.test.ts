import { describe, expect, test } from 'vitest';
import { readWav, resample, sampleRate } from './wav.ts';

interface Recorded {
  readonly code?: number;
  readonly bits?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly data: Buffer;
  /** Chunks before the samples. */
  readonly before?: Buffer;
  /** What the header says of the samples' size. */
  readonly declared?: number;
}

function wavOf({ code = 1, bits = 16, channels = 1, rate = sampleRate, data, before = Buffer.alloc(0), declared = data.length }: Recorded): Buffer {
  const format = Buffer.alloc(24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(code, 8);
  format.writeUInt16LE(channels, 10);
  format.writeUInt32LE(rate, 12);
  format.writeUInt16LE(bits, 22);
  const head = Buffer.alloc(8);
  head.write('data', 0, 'latin1');
  head.writeUInt32LE(declared >>> 0, 4);
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), format, before, head, data]);
}

function int16(...values: number[]): Buffer {
  const data = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) data.writeInt16LE(value, index * 2);
  return data;
}

const listOf = (samples: Float32Array | null): number[] => [...(samples ?? [])];

describe('samples of', () => {
  test('16-bit PCM', () => {
    expect(listOf(readWav(wavOf({ data: int16(0, 16_384, -32_768) })))).toEqual([0, 0.5, -1]);
  });

  test('two channels become one', () => {
    expect(listOf(readWav(wavOf({ channels: 2, data: int16(16_384, 0, -16_384, -16_384) })))).toEqual([0.25, -0.5]);
  });

  test.each<[string, Recorded, number[]]>([
    ['8-bit', { bits: 8, data: Buffer.from([128, 192, 0]) }, [0, 0.5, -1]],
    ['24-bit', { bits: 24, data: Buffer.from([0, 0, 0x40, 0, 0, 0x80]) }, [0.5, -1]],
    ['32-bit', { bits: 32, data: Buffer.from([0, 0, 0, 0x40]) }, [0.5]],
    ['float', { code: 3, bits: 32, data: Buffer.from(new Float32Array([0.25, -1]).buffer) }, [0.25, -1]],
  ])('%s', (_name, recorded, expected) => {
    expect(listOf(readWav(wavOf(recorded)))).toEqual(expected);
  });

  test('a file with notes in it, of odd length, before the samples', () => {
    const notes = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
    expect(listOf(readWav(wavOf({ before: notes, data: int16(16_384) })))).toEqual([0.5]);
  });

  test('a recorder that did not know how long it would run', () => {
    expect(listOf(readWav(wavOf({ data: int16(16_384, 16_384), declared: 0xffffffff })))).toEqual([0.5, 0.5]);
  });

  test('an extensible header, whose format stands further on', () => {
    const plain = wavOf({ data: int16(16_384) });
    const format = Buffer.alloc(48);
    format.write('fmt ', 0, 'latin1');
    format.writeUInt32LE(40, 4);
    format.writeUInt16LE(0xfffe, 8);
    format.writeUInt16LE(1, 10);
    format.writeUInt32LE(sampleRate, 12);
    format.writeUInt16LE(16, 22);
    format.writeUInt16LE(1, 32);
    expect(listOf(readWav(Buffer.concat([plain.subarray(0, 12), format, plain.subarray(36)])))).toEqual([0.5]);
  });
});

test('other formats are none, and broken files say why', () => {
  expect(readWav(Buffer.from('ID3 something else entirely'))).toBeNull();
  expect(readWav(Buffer.alloc(3))).toBeNull();
  expect(() => readWav(wavOf({ data: Buffer.alloc(0) }).subarray(0, 36))).toThrow(/no samples/);
  expect(() => readWav(wavOf({ code: 2, bits: 4, data: Buffer.alloc(8) }))).toThrow(/4-bit samples of format 2/);
});

describe('another rate', () => {
  const tone = (hertz: number, rate: number, seconds = 0.5): Float32Array => Float32Array.from({ length: rate * seconds }, (_, index) => Math.sin((2 * Math.PI * hertz * index) / rate));
  const loudness = (samples: Float32Array): number => Math.sqrt(samples.slice(1000, -1000).reduce((sum, value) => sum + value * value, 0) / (samples.length - 2000));

  test.each([8000, 44_100, 48_000])('a tone of 1 kHz at %i stays that tone', (rate) => {
    const made = resample(tone(1000, rate), rate, sampleRate);
    expect(made.length).toBe(sampleRate / 2);
    const wanted = tone(1000, sampleRate);
    const worst = made.slice(500, -500).reduce((most, value, index) => Math.max(most, Math.abs(value - (wanted[index + 500] ?? 0))), 0);
    expect(worst).toBeLessThan(0.02);
  });

  test('a tone that the lower rate cannot hold is gone, and does not come back as another', () => {
    expect(loudness(resample(tone(12_000, 48_000), 48_000, sampleRate))).toBeLessThan(0.01);
  });
});
