/** Takes secrets, pictures and whatever else is not to be kept out of what was said. Pure. */
import { isSecretName } from './without-secrets.ts';

export interface Redacted<Value> {
  readonly value: Value;
  /** How many places were changed. */
  readonly count: number;
}

export interface Redactor {
  text(text: string): Redacted<string>;
  /** Any JSON, down to its last text. */
  json(value: unknown): Redacted<unknown>;
}

const secret = '[redacted]';
const dropped = '[dropped]';

/** What keys of services look like, wherever they stand in a text. */
const secretPatterns = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{12,}/g,
  /\b(?:oar|gh[pousr]|github_pat|glpat|hf|xox[abeprs]|npm|pypi)[-_][A-Za-z0-9_-]{10,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\bAIza[0-9A-Za-z_-]{30,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:Bearer|Basic)\s+[\w.+/=~-]{8,}/gi,
  // What these begin with stays.
  /(:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,200}(?=@)/g,
  /(\b(?:api[_-]?key|access[_-]?key|password|passwd|secret|auth[_-]?token|access[_-]?token|authorization)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)[^\s"'\\,;}]{4,}/gi,
] as const;

/** Bytes in a text: a data address, or so long a run of base64 that nobody wrote it by hand. */
const bytePatterns = [/data:[\w.+-]+\/[\w.+-]+(?:;[\w=.+-]+)*,[A-Za-z0-9+/=_%-]*/gi, /[A-Za-z0-9+/_-]{400,}={0,2}/g] as const;

/** Members that hold nothing else than bytes in the APIs that are spoken here. */
const byteNames = new Set(['images', 'image', 'mask', 'b64_json', 'audio']);

/** `patterns` are the operator's own, as regular expressions. */
export function createRedactor(patterns: readonly string[]): Redactor {
  const own = patterns.map((pattern) => new RegExp(pattern, 'gi'));
  const text = (written: string): Redacted<string> => {
    let count = 0;
    const by = (words: string) => (): string => {
      count += 1;
      return words;
    };
    let value = written;
    for (const pattern of bytePatterns) value = value.replace(pattern, by(dropped));
    for (const pattern of secretPatterns) value = value.replace(pattern, (_, lead: unknown) => (typeof lead === 'string' ? lead : '') + by(secret)());
    for (const pattern of own) value = value.replace(pattern, by(secret));
    return { value, count };
  };
  return {
    text,
    json(value) {
      const seen = { count: 0 };
      return { value: cleaned(value, text, seen), count: seen.count };
    },
  };
}

type Seen = { count: number };

function cleaned(value: unknown, text: Redactor['text'], seen: Seen): unknown {
  if (typeof value === 'string') {
    const found = text(value);
    seen.count += found.count;
    return found.value;
  }
  if (Array.isArray(value)) return value.map((one: unknown) => cleaned(one, text, seen));
  if (typeof value !== 'object' || value === null) return value;
  const bytes = holdsBytes(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, unknown]) => [name, memberOf(name, member, bytes, text, seen)]));
}

function memberOf(name: string, member: unknown, bytes: boolean, text: Redactor['text'], seen: Seen): unknown {
  const isText = typeof member === 'string';
  if (isSecretName(name) && (isText || typeof member === 'number')) return replaced(secret, seen);
  if (byteNames.has(name) && (isText || isTexts(member))) return isText ? replaced(dropped, seen) : member.map(() => replaced(dropped, seen));
  if (name === 'data' && isText && bytes) return replaced(dropped, seen);
  return cleaned(member, text, seen);
}

function replaced(by: string, seen: Seen): string {
  seen.count += 1;
  return by;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** A part whose `data` are the bytes of a file: `{type: base64, media_type, data}`, `{format, data}`. */
function holdsBytes(value: object): boolean {
  return 'media_type' in value || 'format' in value || 'mimeType' in value || ('type' in value && value.type === 'base64');
}
