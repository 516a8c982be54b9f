/** Says what is wrong with a value, and what to write instead. Pure. */
import type { z } from 'zod';
import { closestName, plainName } from './closest-name.ts';
import { formatPath, isSection, valueAt } from './config-path.ts';
import { type SchemaNode, schemaAt, schemaTree } from './schema.ts';

export interface Description {
  readonly path: readonly PropertyKey[];
  /** Is it the key that is wrong, rather than its value? */
  readonly key: boolean;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** One description for each place, in the order of the issues; `isHidden` keeps values out of messages. */
export function describeIssues(issues: readonly Issue[], tree: unknown, isHidden: (path: readonly PropertyKey[]) => boolean): readonly Description[] {
  const seen = new Set<string>();
  return issues
    .flatMap((issue) => describeIssue(issue, tree, isHidden))
    .filter(({ path, key }) => {
      const id = `${formatPath(path)} ${key}`;
      return !seen.has(id) && seen.add(id);
    });
}

function describeIssue(issue: Issue, tree: unknown, isHidden: (path: readonly PropertyKey[]) => boolean): readonly Description[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => ({ path: [...issue.path, name], key: true, message: describeUnknownKey(issue.path, name) }));
  if (issue.code === 'invalid_key') return [{ path: issue.path, key: true, message: `${formatPath(issue.path)} cannot be used as a name here.` }];
  const schema = schemaAt(issue.path);
  const value = valueAt(tree, issue.path);
  const place = issue.path.length === 0 ? 'The configuration' : formatPath(issue.path);
  const wanted = schema === null ? issue.message : expected(schema);
  if (value === undefined) return [{ path: issue.path, key: true, message: `${place} is missing. It must be ${wanted}.` }];
  const hidden = isSecret(issue.path) || isHidden(issue.path);
  return [{ path: issue.path, key: false, message: `${place} must be ${wanted}${hidden ? '' : `, not ${actual(value)}`}.${schema === null || hidden ? '' : advice(schema, value)}` }];
}

/** What belongs here, in words: `a whole number from 1 to 65535`. */
export function expected(schema: SchemaNode): string {
  if (schema.expects !== undefined) return schema.expects;
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${listed(schema.items)}`;
    case 'object':
      return schema.properties === undefined ? 'a section of names and values' : `a section with keys such as ${Object.keys(schema.properties).slice(0, 3).join(', ')}`;
    default:
      return 'a text';
  }
}

function listed(items: SchemaNode | undefined): string {
  if (items === undefined) return '';
  return items.type === 'object' ? ' of sections, each beginning with -' : ' of texts such as [a, b]';
}

function range({ minimum, exclusiveMinimum, maximum }: SchemaNode): string {
  // The schema writes the bounds of safe integers out; they are no news to anyone.
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return `, ${least} or more`;
  return exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`;
}

function actual(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isSection(value)) return 'a section';
  if (typeof value !== 'string') return String(value);
  return value.length > 60 ? `the text ${JSON.stringify(value.slice(0, 60))}…` : `the text ${JSON.stringify(value)}`;
}

function advice(schema: SchemaNode, value: unknown): string {
  if (schema.enum !== undefined) {
    const near = typeof value === 'string' ? closestName(value, schema.enum.map(String)) : null;
    return near === null ? '' : ` Did you mean ${near}?`;
  }
  const numeric = schema.type === 'integer' || schema.type === 'number';
  if (numeric && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim())) return ` Write ${value.trim()} without quotes.`;
  if (schema.type === 'boolean' && typeof value === 'string' && /^(true|false)$/i.test(value.trim())) return ` Write ${value.trim().toLowerCase()} without quotes.`;
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return ` Write "${value}" in quotes.`;
  if (schema.type === 'array' && typeof value === 'string' && schema.items?.type === 'string') return ` Write [${value}].`;
  const usual = schema.default;
  return typeof usual === 'string' || typeof usual === 'number' || typeof usual === 'boolean' ? ` The default is ${usual}.` : '';
}

function describeUnknownKey(section: readonly PropertyKey[], name: string): string {
  const known = Object.keys(schemaAt(section)?.properties ?? {});
  const here = closestName(name, known);
  const place = formatPath([...section, name]);
  if (here !== null) return `There is no key ${place}. Did you mean ${here}?`;
  const elsewhere = sameNameElsewhere(name);
  if (elsewhere !== null) return `There is no key ${place}. Did you mean ${elsewhere}?`;
  return `There is no key ${place}. ${section.length === 0 ? 'The sections are' : `${formatPath(section)} has the keys`} ${known.join(', ')}.`;
}

/** The full path of a key of this name in another section. */
function sameNameElsewhere(name: string): string | null {
  const search = (node: SchemaNode, path: readonly string[]): string | null => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (plainName(key) === plainName(name)) return formatPath([...path, key]);
      const below = search(child.items ?? child, [...path, child.items === undefined ? key : `${key}[]`]);
      if (below !== null) return below;
    }
    return null;
  };
  return search(schemaTree(), []);
}

function isSecret(path: readonly PropertyKey[]): boolean {
  return path.some((step) => ['apiKey', 'headers', 'keyHash', 'apiKeyHashes', 'enrolToken'].includes(String(step)));
}
