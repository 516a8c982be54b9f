/** What a key may use in a while: as people read it, and as it is typed. Pure. */
import { count, duration } from './format.ts';
import type { AccessKey, KeyLimit } from './key-shapes.ts';

/** Planes that a key may have limits for; as its scopes name them. */
export const planes = ['standalone', 'runtimeAgent'] as const;

/** Of these the router counts the first two together, and the others beside them. */
export const limitFields = ['requests', 'windowSeconds', 'tokens', 'concurrent'] as const;

export type Limits = NonNullable<AccessKey['limits']>;

/** Those that the key may use, and those that it has a limit for still. */
export function planesOf(scopes: readonly string[], limits: Limits = {}): readonly string[] {
  return planes.filter((plane) => scopes.includes(plane) || limits[plane] !== undefined);
}

/** 60 requests a minute, 2 at once; with the name of the plane where that is not plain. */
export function limitWords({ limits = {}, scopes = [] }: Pick<AccessKey, 'limits' | 'scopes'>): string {
  const named = planesOf(scopes, limits).length > 1;
  const told = planes.flatMap((plane) => (limits[plane] === undefined ? [] : [`${named ? `${plane}: ` : ''}${sentence(limits[plane])}`]));
  return told.join('; ') || 'none';
}

const whiles: Readonly<Record<number, string>> = { 1: 'a second', 60: 'a minute', 3600: 'an hour', 86400: 'a day', 604800: 'a week' };

function sentence({ requests, windowSeconds, tokens, concurrent }: KeyLimit): string {
  const counted = [several(requests, 'request'), ...(tokens === undefined ? [] : [several(tokens, 'token')])].join(' and ');
  const atOnce = concurrent === undefined ? '' : `, ${count(concurrent)} at once`;
  return `${counted} ${whiles[windowSeconds] ?? `in ${duration(windowSeconds * 1000)}`}${atOnce}`;
}

const several = (amount: number, name: string): string => `${count(amount)} ${name}${amount === 1 ? '' : 's'}`;

/** The name of a field; the router names it so too when it is wrong. */
export const fieldName = (plane: string, field: string): string => `limits.${plane}.${field}`;

/**
 * Limits as they were typed. A plane with a window alone has none, for what would it count? What is no number goes as it is: the
 * router says what is wrong with it.
 */
export function limitsIn(form: FormData): Readonly<Record<string, unknown>> {
  return Object.fromEntries(planes.flatMap((plane) => {
    const typed = limitFields.flatMap((field) => {
      const text = String(form.get(fieldName(plane, field)) ?? '').trim();
      return text === '' ? [] : [[field, /^\d+$/.test(text) ? Number(text) : text] as const];
    });
    return typed.some(([field]) => field !== 'windowSeconds') ? [[plane, Object.fromEntries(typed)]] : [];
  }));
}
