/** Reads an older program's file, with errors that name the place. Pure. */
import { isObject } from '../util/json-object.ts';

export type Path = readonly (string | number)[];
export type Section = Readonly<Record<string, unknown>>;

/** A parsed file, and where each thing in it stands. */
export interface ParsedFile {
  readonly tree: unknown;
  /** `file:line:column`. */
  whereIs(path: Path): string;
}

/** The top level of such a file. Each read takes null as absent, and throws an Error for people when the value is of another type. */
export class FileReader {
  readonly #file: ParsedFile;
  readonly #tree: Section;

  constructor(file: ParsedFile) {
    this.#file = file;
    this.#tree = isObject(file.tree) ? file.tree : {};
  }

  get keys(): readonly string[] {
    return Object.keys(this.#tree);
  }

  has(key: string): boolean {
    return (this.#tree[key] ?? null) !== null;
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#read(key, Array.isArray, 'a list of addresses');
    return value?.map((item: unknown, index) => (typeof item === 'string' ? item : this.wrong([key, index], 'an address, such as http://192.168.0.50:11434')));
  }

  flag(key: string): boolean | undefined {
    return this.#read(key, (value) => typeof value === 'boolean', 'true or false');
  }

  number(key: string): number | undefined {
    return this.#read(key, (value) => typeof value === 'number', 'a number');
  }

  section(key: string): Section | undefined {
    return this.#read(key, isObject, 'a section with one line for each address');
  }

  whereIs(path: Path): string {
    return this.#file.whereIs(path);
  }

  wrong(path: Path, expected: string): never {
    throw new Error(`${this.#file.whereIs(path)}: ${path.join('.')} must be ${expected}. Correct it, and migrate again.`);
  }

  #read<Value>(key: string, is: (value: unknown) => value is Value, expected: string): Value | undefined {
    const value = this.#tree[key] ?? undefined;
    return value === undefined || is(value) ? value : this.wrong([key], expected);
  }
}
