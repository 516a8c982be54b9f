/** Typed reading of a request's JSON, with errors that name the field by its path. */
import { RouterError } from '../core/errors.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

export type Fields = JsonObject;

/** The `invalid_request` for a field that is not what it must be: `expected` completes "must be …". */
export function wrongField(path: string, expected: string): RouterError {
  return new RouterError('invalid_request', `\`${path}\` must be ${expected}.`, { param: path });
}

/** The body of a request. Throws `invalid_request` when it is not a JSON object. */
export function parseBody(text: string): FieldReader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RouterError('invalid_request', `The body is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (!isObject(value)) throw new RouterError('invalid_request', 'The body must be a JSON object.');
  return new FieldReader(value, '');
}

/** One object of a request. Every read takes null as absent and throws `invalid_request` naming the field's path. */
export class FieldReader {
  readonly fields: Fields;
  readonly #path: string;

  constructor(fields: unknown, path: string) {
    if (!isObject(fields)) throw wrongField(path, 'an object');
    this.fields = fields;
    this.#path = path;
  }

  pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  string(key: string): string | undefined {
    return this.#read(key, 'a string', (value) => typeof value === 'string');
  }

  requiredString(key: string): string {
    return this.string(key) ?? this.required(key, 'a string');
  }

  number(key: string): number | undefined {
    return this.#read(key, 'a number', (value) => typeof value === 'number');
  }

  /** A whole number, not below `least`. */
  integer(key: string, least = -Infinity): number | undefined {
    const expected = least === -Infinity ? 'a whole number' : `a whole number of at least ${least}`;
    return this.#read(key, expected, (value): value is number => Number.isInteger(value) && Number(value) >= least);
  }

  boolean(key: string): boolean | undefined {
    return this.#read(key, 'true or false', (value) => typeof value === 'boolean');
  }

  oneOf<Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
    return this.#read(key, `one of ${choices.join(', ')}`, (value): value is Choice => choices.some((choice) => choice === value));
  }

  object(key: string): FieldReader | undefined {
    const value = this.fields[key] ?? undefined;
    return value === undefined ? undefined : new FieldReader(value, this.pathOf(key));
  }

  /** `{}` is read as an empty list, since Lua clients cannot write one. */
  list(key: string): readonly unknown[] | undefined {
    const value = this.fields[key] ?? undefined;
    if (isObject(value) && Object.keys(value).length === 0) return [];
    return this.#read(key, 'an array', Array.isArray);
  }

  /** The objects of a list, each with its own path. */
  objects(key: string): readonly FieldReader[] | undefined {
    return this.list(key)?.map((item, index) => new FieldReader(item, `${this.pathOf(key)}[${index}]`));
  }

  strings(key: string): readonly string[] | undefined {
    return this.list(key)?.map((item, index) => {
      if (typeof item !== 'string') throw wrongField(`${this.pathOf(key)}[${index}]`, 'a string');
      return item;
    });
  }

  /** One string or several. */
  stringOrStrings(key: string): readonly string[] | undefined {
    const value = this.fields[key];
    return typeof value === 'string' ? [value] : this.strings(key);
  }

  /** For what may not be missing: always throws. */
  required(key: string, expected: string): never {
    throw wrongField(this.pathOf(key), expected);
  }

  /** Has it no members but these? */
  hasOnly(names: ReadonlySet<string>): boolean {
    for (const key in this.fields) {
      if (!names.has(key)) return false;
    }
    return true;
  }

  /** The members that are not in `known`; null members are left out. */
  others(known: ReadonlySet<string>): Fields {
    const others: Record<string, unknown> = Object.create(null);
    for (const key in this.fields) {
      const value = this.fields[key];
      if (value !== null && !known.has(key)) others[key] = value;
    }
    return others;
  }

  #read<Type>(key: string, expected: string, fits: (value: unknown) => value is Type): Type | undefined {
    const value = this.fields[key] ?? undefined;
    if (value === undefined) return undefined;
    if (!fits(value)) throw wrongField(this.pathOf(key), expected);
    return value;
  }
}

/** Leaves out the members that are undefined. */
export function defined<Type extends object>(members: { readonly [Key in keyof Type]: Type[Key] | undefined }): Type {
  const kept: Partial<Type> = {};
  for (const key in members) {
    if (members[key] !== undefined) kept[key] = members[key];
  }
  return kept as Type;
}
