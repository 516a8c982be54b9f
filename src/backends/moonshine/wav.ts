/** Reads recordings in WAV: any rate and number of channels becomes one channel of 16,000 samples a second. Pure. */

export const sampleRate = 16_000;

interface Format {
  readonly code: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const pcm = 1;
const float = 3;
const extensible = 0xfffe;

/** Samples from -1 to 1. Null for what is not WAV; throws a RangeError that says what is wrong with one that is. */
export function readWav(file: Uint8Array): Float32Array | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') return null;
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === 'fmt ') format = readFormat(bytes.subarray(start, start + size));
    // A recorder that streams does not know the size beforehand.
    if (id === 'data') return samplesIn(bytes.subarray(start, Math.min(bytes.length, start + size)), format);
    at = start + size + (size % 2);
  }
  throw new RangeError('the WAV file has no samples in it');
}

function readFormat(chunk: Buffer): Format {
  if (chunk.length < 16) throw new RangeError('the WAV file does not say what is in it');
  const code = chunk.readUInt16LE(0);
  return { code: code === extensible && chunk.length >= 26 ? chunk.readUInt16LE(24) : code, channels: chunk.readUInt16LE(2), rate: chunk.readUInt32LE(4), bits: chunk.readUInt16LE(14) };
}

function samplesIn(data: Buffer, format: Format | null): Float32Array {
  if (format === null || format.channels < 1 || format.rate < 1000 || format.rate > 384_000) throw new RangeError('the WAV file does not say what is in it');
  const read = readers[`${format.code} ${format.bits}`];
  if (read === undefined) throw new RangeError(`the WAV file holds ${format.bits}-bit samples of format ${format.code}; 8 to 32-bit PCM and 32-bit float are understood`);
  const width = format.bits / 8;
  const frames = Math.floor(data.length / (width * format.channels));
  const mono = new Float32Array(frames);
  for (let frame = 0; frame < frames; frame += 1) {
    let sum = 0;
    for (let channel = 0; channel < format.channels; channel += 1) sum += read(data, (frame * format.channels + channel) * width);
    mono[frame] = sum / format.channels;
  }
  return resample(mono, format.rate, sampleRate);
}

const readers: Readonly<Record<string, (data: Buffer, at: number) => number>> = {
  [`${pcm} 8`]: (data, at) => (data.readUInt8(at) - 128) / 128,
  [`${pcm} 16`]: (data, at) => data.readInt16LE(at) / 32_768,
  [`${pcm} 24`]: (data, at) => data.readIntLE(at, 3) / 8_388_608,
  [`${pcm} 32`]: (data, at) => data.readInt32LE(at) / 2_147_483_648,
  [`${float} 32`]: (data, at) => data.readFloatLE(at),
};

/** Zero crossings of the filter on each side: enough that what the lower rate cannot hold does not come back as noise. */
const crossings = 16;

/** With a windowed sinc, which drops what lies above half of the lower rate. */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const cutoff = Math.min(1, to / from);
  const reach = crossings / cutoff;
  const made = new Float32Array(Math.floor((samples.length * to) / from));
  for (let index = 0; index < made.length; index += 1) {
    const center = (index * from) / to;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(samples.length - 1, Math.floor(center + reach));
    let sum = 0;
    for (let at = first; at <= last; at += 1) sum += (samples[at] ?? 0) * weightAt(at - center, cutoff, reach);
    made[index] = sum;
  }
  return made;
}

/** Hann-windowed. */
function weightAt(distance: number, cutoff: number, reach: number): number {
  if (distance === 0) return cutoff;
  const phase = Math.PI * distance;
  return (Math.sin(phase * cutoff) / phase) * (0.5 + 0.5 * Math.cos(phase / reach));
}
