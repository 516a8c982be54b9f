/** How these programs fail, in the words of our own catalogue. */
import { RouterError } from '../../core/errors.ts';
import type { ProgramEnd } from './media.ts';

/** A program that ended badly, with the end of what it said. */
export function programFailed(program: string, { code, words }: ProgramEnd): RouterError {
  const lines = words.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== '');
  return new RouterError('backend_failed', `${program} failed: ${lines.slice(-2).join(' | ') || `exit code ${code}`}`);
}

export function badAnswer(program: string, what: string): RouterError {
  return new RouterError('backend_protocol', `${program} ${what}.`);
}

const pngStart = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** An end without complaint is no proof of a picture. */
export function checkPng(program: string, bytes: Buffer): Buffer {
  if (!bytes.subarray(0, pngStart.length).equals(pngStart)) throw badAnswer(program, 'ended well and left no PNG');
  return bytes;
}
