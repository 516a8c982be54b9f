/** Vectors as APIs write them: lists of numbers, or base64 of little-endian 32-bit floats. */
import { RouterError } from '../core/errors.ts';

const floatBytes = 4;

/** Throws `backend_protocol` for what is no vector, and for values that are no finite numbers. */
export function readVector(value: unknown): readonly number[] {
  const vector = typeof value === 'string' ? fromBase64(value) : value;
  if (!Array.isArray(vector) || vector.length === 0) throw new RouterError('backend_protocol', 'The backend answered with something that is not a vector.');
  if (!vector.every((one) => Number.isFinite(one))) throw new RouterError('backend_protocol', 'The backend answered with a vector that has values which are no numbers.');
  return vector;
}

export function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * floatBytes);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * floatBytes);
  return bytes.toString('base64');
}

function fromBase64(text: string): readonly number[] | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % floatBytes !== 0) return null;
  return Array.from({ length: bytes.length / floatBytes }, (_, index) => bytes.readFloatLE(index * floatBytes));
}
