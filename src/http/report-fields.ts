/** Takes values out of what a machine says of itself: bounded, and never trusted. */
import { RouterError } from '../core/errors.ts';
import { isObject } from '../util/json-object.ts';

/** A name; longer ones are refused. */
export const longestText = 512;

/** Control characters, and the two that break lines in scripts. */
const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** One object of a report and where it stands. What is wrong with a name is an error that says where; a figure that cannot be is left out. */
export class ReportFields {
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>, path: string) {
    this.#values = values;
    this.path = path;
  }

  /** Null when it is no object. */
  static of(value: unknown, path: string): ReportFields | null {
    return isObject(value) ? new ReportFields(value, path) : null;
  }

  child(name: string): ReportFields | null {
    return ReportFields.of(this.#own(name), this.#at(name));
  }

  /** The objects of a list, at most so many; what else is in it is passed over. */
  children(name: string, most: number): readonly ReportFields[] {
    const value = this.#own(name);
    if (!Array.isArray(value)) return [];
    return value.slice(0, most).flatMap((item, index) => ReportFields.of(item, `${this.#at(name)}[${index}]`) ?? []);
  }

  /** The names in a list of them. */
  names(name: string, most: number): readonly string[] {
    const value = this.#own(name);
    if (!Array.isArray(value)) return [];
    return value.slice(0, most).flatMap((item, index) => (typeof item === 'string' && item !== '' ? [harmless(item, `${this.#at(name)}[${index}]`)] : []));
  }

  /** Absent when it is none, or cannot be true: negative, infinite, larger than `most`. */
  figure(name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.#own(name);
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= most ? value : undefined;
  }

  count(name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.figure(name, most);
    return value === undefined ? undefined : Math.round(value);
  }

  /** May be below zero. */
  signed(name: string, most: number): number | undefined {
    const value = this.#own(name);
    return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= most ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#own(name) === true;
  }

  isNull(name: string): boolean {
    return this.#own(name) === null;
  }

  has(name: string): boolean {
    return this.#own(name) !== undefined && this.#own(name) !== null;
  }

  /** Throws for control characters and for what is too long. */
  text(name: string): string | undefined {
    const value = this.#own(name);
    return typeof value === 'string' && value !== '' ? harmless(value, this.#at(name)) : undefined;
  }

  /** Words for people: what does not belong into a line is taken out, and the rest cut. */
  sentence(name: string): string | undefined {
    const value = this.#own(name);
    if (typeof value !== 'string') return undefined;
    return value.slice(0, longestText).replace(new RegExp(controls, 'gu'), ' ').trim() || undefined;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.#own(name);
    return choices.find((one) => one === value);
  }

  /** The figure must be there. */
  needed(name: string, most?: number): number {
    return this.figure(name, most) ?? wrong(this.#at(name), `${this.#at(name)} must be a number, 0 or more.`);
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

export function wrong(param: string, message: string): never {
  throw new RouterError('invalid_request', message, { param });
}

function harmless(text: string, path: string): string {
  if (text.length > longestText) wrong(path, `${path} is longer than ${longestText} characters.`);
  if (controls.test(text)) wrong(path, `${path} has control characters.`);
  return text;
}

type Loose<Fields> = { readonly [Key in keyof Fields]: Fields[Key] | undefined };

/** Without what is not known. */
export function known<Fields extends object>(fields: Loose<Required<Fields>>): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
