/** Keeps credentials out of the log, whoever put them into the fields. */
import { isObject } from '../util/json-object.ts';

const secretNames = new Set(['apikey', 'api_key', 'authorization', 'proxy-authorization', 'x-api-key', 'cookie', 'set-cookie', 'password', 'secret', 'token', 'keyhash', 'enroltoken', 'jointoken', 'x-oar-join-token']);
const deepest = 4;

/** The same object when it holds nothing secret, else a copy with `[redacted]` in its place, down to a few levels. */
export function withoutSecrets(fields: Readonly<Record<string, unknown>>, depth = 0): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | null = null;
  for (const name in fields) {
    const value = fields[name];
    const clean = isSecretName(name) ? '[redacted]' : isPlainObject(value) && depth < deepest ? withoutSecrets(value, depth + 1) : value;
    if (clean !== value) {
      copy ??= { ...fields };
      copy[name] = clean;
    }
  }
  return copy ?? fields;
}

/** Field names are few and come again and again. */
const verdicts = new Map<string, boolean>();
const mostVerdicts = 1000;

/** Is this what fields are called that hold a credential? */
export function isSecretName(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = secretNames.has(name.toLowerCase());
  if (verdicts.size < mostVerdicts) verdicts.set(name, verdict);
  return verdict;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !(value instanceof Error);
}
