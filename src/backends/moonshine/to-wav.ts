/** Makes WAV of any recording that ffmpeg reads, where there is an ffmpeg. */
import { spawn } from 'node:child_process';
import { Refusal } from '../embedded/chat-job.ts';
import { lastLines } from '../embedded/run-program.ts';
import { readWav, sampleRate } from './wav.ts';

const largestWav = 2 ** 30;
const longestMs = 120_000;

/** Rejects with a Refusal that says what to send instead, or the signal's reason. */
export async function samplesOf(recording: Buffer, signal: AbortSignal, ffmpeg = 'ffmpeg'): Promise<Float32Array> {
  const samples = read(recording) ?? read(await convert(recording, signal, ffmpeg));
  if (samples === null) throw new Refusal(415, 'invalid_request_error', 'The recording could not be read. Send WAV.', { param: 'file' });
  return samples;
}

function read(recording: Buffer): Float32Array | null {
  try {
    return readWav(recording);
  } catch (thrown) {
    throw new Refusal(400, 'invalid_request_error', `The recording cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}.`, { param: 'file' });
  }
}

/** Over pipes: nothing of a recording is written to disk. */
function convert(recording: Buffer, signal: AbortSignal, ffmpeg: string): Promise<Buffer> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    // No network, no other files: the recording is all that ffmpeg may read.
    const child = spawn(ffmpeg, ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'pipe', '-i', 'pipe:0', '-ac', '1', '-ar', String(sampleRate), '-f', 'wav', 'pipe:1'], { signal, killSignal: 'SIGKILL', timeout: longestMs, windowsHide: true });
    const chunks: Buffer[] = [];
    let size = 0;
    let words = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > largestWav) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4096)));
    // It may have read enough before it was told everything.
    child.stdin.on('error', () => {}).end(recording);
    child.once('error', (cause: NodeJS.ErrnoException) => reject(signal.aborted ? signal.reason : cause.code === 'ENOENT' ? noFfmpeg() : cause));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Refusal(400, 'invalid_request_error', `ffmpeg cannot read the recording: ${lastLines(words, 2) || 'it gave no reason'}.`, { param: 'file' }));
    });
  });
}

function noFfmpeg(): Refusal {
  return new Refusal(415, 'invalid_request_error', 'Only WAV is understood on this machine. Send WAV, or install ffmpeg there for everything else.', { param: 'file' });
}
