/** How the values of other programs' variables are read: seconds, lists with commas, strict booleans. Pure. */
import { parseObject } from '../util/json-object.ts';

/** The value in our terms, or what belongs there instead. */
export type ReadValue = { readonly value: unknown } | { readonly expected: string };
export type AliasReader = (text: string) => ReadValue;

export const asText: AliasReader = (text) => ({ value: text });

/** As the old programs took them; anything else is an error, never false. */
export const asFlag: AliasReader = (text) => {
  if (/^(true|1|yes|on|t|y)$/i.test(text)) return { value: true };
  return /^(false|0|no|off|f|n)$/i.test(text) ? { value: false } : { expected: 'true or false' };
};

export const asNumber: AliasReader = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? { value: Number(text) } : { expected: 'a number' });

/** Seconds, as milliseconds. */
export const asSeconds: AliasReader = (text) => (/^\d+(\.\d+)?$/.test(text) ? { value: Math.round(Number(text) * 1000) } : { expected: 'a number of seconds, such as 5 or 2.5' });

/** Words with commas between them. */
export const asList: AliasReader = (text) => ({ value: text.split(',').map((word) => word.trim()).filter((word) => word !== '') });

/** One word for another; case does not matter. */
export function asWord(words: Readonly<Record<string, unknown>>): AliasReader {
  return (text) => {
    const word = Object.keys(words).find((name) => name.toLowerCase() === text.toLowerCase());
    return word === undefined ? { expected: `one of ${Object.keys(words).join(', ')}` } : { value: words[word] };
  };
}

/** A flag that stands for other values. */
export function asFlagFor(whenTrue: unknown, whenFalse: unknown): AliasReader {
  return (text) => {
    const read = asFlag(text);
    return 'expected' in read ? read : { value: read.value === true ? whenTrue : whenFalse };
  };
}

/** `{"default": "qwen3:32b", "claude-x": "m"}` as aliases: the default stands for every other Claude. */
export const asModelMap: AliasReader = (text) => {
  const map = parseObject(text);
  if (map === null || !Object.values(map).every((model) => typeof model === 'string' && model !== '')) return { expected: 'JSON such as {"default":"qwen3:32b","claude-haiku-4-5":"qwen3:14b"}' };
  return { value: Object.fromEntries(Object.entries(map).map(([name, model]) => [name === 'default' ? 'claude-*' : name, model])) };
};

/** `{"qwen3:32b": 16384}`; the numbers are checked with the rest of the configuration. */
export const asContexts: AliasReader = (text) => {
  const map = parseObject(text);
  return map === null ? { expected: 'JSON such as {"qwen3:32b":16384}' } : { value: map };
};
