/** The kinds of values that several sections use; `expects` is how an error names them. */
import { z } from 'zod';

export const flag = z.boolean();
export const text = z.string().min(1).meta({ expects: 'a text that is not empty' });
export const textList = z.array(text);
/** Whole numbers from 0 and from 1. */
export const count = z.int().min(0);
export const positiveCount = z.int().min(1);
export const milliseconds = count;
export const positiveMilliseconds = positiveCount;
export const filePath = text.meta({ expects: 'a path' });

const unitBytes = { '': 1, b: 1, k: 1024, kb: 1024, m: 1024 ** 2, mb: 1024 ** 2, g: 1024 ** 3, gb: 1024 ** 3, t: 1024 ** 4, tb: 1024 ** 4 } as const;

/** `8mb`, `512kb`, `1.5 GB` or a number, as bytes; null when it is neither. Units are powers of 1024. */
export function parseSize(written: string | number): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?b?)\s*$/i.exec(String(written));
  if (match === null) return null;
  const bytes = Math.floor(Number(match[1]) * unitBytes[(match[2] ?? '').toLowerCase() as keyof typeof unitBytes]);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** Becomes bytes. */
export const size = z
  .union([z.string(), z.number()])
  .transform((written, context) => {
    const bytes = parseSize(written);
    if (bytes !== null) return bytes;
    context.addIssue({ code: 'invalid_value', values: [], input: written });
    return z.NEVER;
  })
  .meta({ expects: 'a size such as 8mb, 512kb or 1gb, or a number of bytes above 0' });

function isHttpUrl(written: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(written).protocol);
  } catch {
    return false;
  }
}

/** May carry a path, which is kept. */
export const httpUrl = z.string().refine(isHttpUrl).meta({ expects: 'an address that begins with http:// or https://, such as http://127.0.0.1:11434' });

/** `/` or `/prefix`, however it was written. */
export const basePath = z
  .string()
  .refine((written) => /^[^\s?#\\]+$/.test(written.trim()))
  .transform((written) => `/${written.trim().split('/').filter((part) => part !== '').join('/')}`)
  .meta({ expects: 'a path such as / or /ollama-router' });

/** How long Ollama keeps a model: a duration, or seconds; negative means for ever. */
export const keepAlive = z
  .union([z.string(), z.number()])
  .transform((written, context) => {
    if (typeof written === 'number') return written;
    const plain = written.trim();
    if (/^-?\d+$/.test(plain)) return Number(plain);
    if (/^-?(\d+(\.\d+)?(ms|s|m|h))+$/.test(plain)) return plain;
    context.addIssue({ code: 'invalid_value', values: [], input: written });
    return z.NEVER;
  })
  .meta({ expects: 'a duration such as 5m or 1h30m, a number of seconds, or -1 for ever' });
