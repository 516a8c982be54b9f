/** Turns what `oar keys create` is told into the fields of a key. Pure. */

type Options = Readonly<Record<string, unknown>>;
export type KeyFields = Readonly<Record<string, unknown>> & { readonly id: string };

export interface KeySurroundings {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly takenIds: readonly string[];
  /** A few letters and digits, different each time. */
  readonly suffix: string;
}

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 } as const;
type Unit = keyof typeof unitSeconds;

/** Throws an Error that says what to write instead. */
export function keyFields(options: Options, surroundings: KeySurroundings): KeyFields {
  const scopes = listIn(options['scopes']) ?? ['standalone'];
  const name = textIn(options['name']);
  const models = listIn(options['models']);
  const requests = textIn(options['requests']);
  const expires = textIn(options['expires']);
  const planes = scopes.filter((scope) => scope === 'standalone' || scope === 'runtimeAgent');
  return {
    id: textIn(options['id']) ?? freeId(name, surroundings),
    scopes,
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expiresAt: expiryOf(expires, surroundings.now) }),
    ...(models === undefined ? {} : { models }),
    ...(requests === undefined ? {} : { limits: Object.fromEntries(planes.map((plane) => [plane, limitOf(requests)])) }),
  };
}

/** Made of the name where there is one: people know their keys by it. */
function freeId(name: string | undefined, { takenIds, suffix }: KeySurroundings): string {
  const plain = (name ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40);
  if (plain === '') return `key-${suffix}`;
  return takenIds.includes(plain) ? `${plain}-${suffix}` : plain;
}

/** `30d`, `12h`, or a date, as ISO 8601. */
function expiryOf(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  const at = count === undefined ? date : now + Number(count) * unitSeconds[unit as Unit] * 1000;
  if (!(Math.abs(at) <= 8.64e15)) throw new Error(`--expires takes a time such as 30d, 12h or 2027-01-31, not ${text}.`);
  if (at <= now) throw new Error(`--expires is ${text}, which is past.`);
  return new Date(at).toISOString();
}

/** `100/60s`, `1000/1h`; `100` is meant for a minute. */
function limitOf(text: string): { readonly requests: number; readonly windowSeconds: number } {
  const [, requests, count = '1', unit = 's'] = /^(\d+)(?:\/(\d+)?([smhd])?)?$/.exec(text.includes('/') ? text : `${text}/1m`) ?? [];
  const windowSeconds = Number(count) * unitSeconds[unit as Unit];
  if (requests === undefined || text.endsWith('/') || Number(requests) < 1 || windowSeconds < 1) throw new Error(`--requests takes a number and a time such as 100/60s or 1000/1h, not ${text}.`);
  return { requests: Number(requests), windowSeconds };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function listIn(value: unknown): readonly string[] | undefined {
  const parts = textIn(value)?.split(',').map((part) => part.trim()).filter((part) => part !== '');
  return parts === undefined || parts.length === 0 ? undefined : parts;
}
