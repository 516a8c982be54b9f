/** The whole configuration as rows, each with its key and where its value came from; without credentials, and without where things lie on the disk. Pure. */
import { basename, isAbsolute } from 'node:path';
import type { Config, LoadedConfig } from '../config/config.ts';
import { isSecretName } from '../telemetry/without-secrets.ts';
import { isObject } from '../util/json-object.ts';

export interface ConfigurationRow {
  /** As a file would write it, such as `backends[0].url`. */
  readonly key: string;
  readonly value: unknown;
  /** `default`, `file:line`, or the name of the variable or flag. */
  readonly source: string;
}

type Path = readonly (string | number)[];

/** Optional keys that nobody has set are left out. */
export function configurationRows(config: Config, whereFrom: LoadedConfig['whereFrom'] | undefined): readonly ConfigurationRow[] {
  return leavesOf(config, []).map(([path, value]) => ({ key: keyOf(path), value: harmless(value, path), source: whereFrom?.(path) ?? '' }));
}

function leavesOf(value: unknown, path: Path): readonly (readonly [Path, unknown])[] {
  if (value === undefined) return [];
  const isList = Array.isArray(value);
  const goesOn = isList ? value.some(isObject) : isObject(value) && Object.keys(value).length > 0;
  if (!goesOn || isSecret(path)) return [[path, value]];
  const members: readonly (readonly [string | number, unknown])[] = isList ? value.map((item, index) => [index, item] as const) : Object.entries(value as object);
  return members.flatMap(([name, member]) => leavesOf(member, [...path, name]));
}

function keyOf(path: Path): string {
  return path.map((name, index) => (typeof name === 'number' ? `[${name}]` : index === 0 ? name : `.${name}`)).join('');
}

/** Headers for others carry their keys. */
function isSecret(path: Path): boolean {
  return path.some((name) => typeof name === 'string' && (isSecretName(name) || /hash(?:es)?$|^headers$/i.test(name)));
}

function harmless(value: unknown, path: Path): unknown {
  if (isSecret(path)) return isEmpty(value) ? value : '(set)';
  if (/(?:basePath|compatiblePath)$/i.test(String(path.at(-1)))) return value;
  return Array.isArray(value) ? value.map(withoutPlace) : withoutPlace(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Of files the name, of addresses what is not a password. */
function withoutPlace(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (isAbsolute(value)) return `…/${basename(value)}`;
  return value.replace(/^([a-z][a-z+.-]*:\/\/)[^/?#@]*@/i, '$1');
}
