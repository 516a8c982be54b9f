/** Tools as the OpenAI responses API defines them: functions, groups of them, and tools that take plain text. */
import type { Tool, ToolChoice } from '../core/request.ts';
import { defined, type FieldReader, type Fields, wrongField } from './read-fields.ts';
import { isObject, parseObject } from '../util/json-object.ts';

/** A tool that the caller runs, as a function that any model can call. */
export interface CallerTool {
  readonly tool: Tool;
  /** What the caller knows it by; `tool.name` has the group's name in front. */
  readonly name: string;
  readonly group?: string;
  /** Takes one text instead of arguments. */
  readonly custom: boolean;
}

export interface ResponsesTools {
  readonly tools: readonly CallerTool[];
  /** Tools that only OpenAI runs. */
  readonly others: readonly Fields[];
}

/** The group whose tools stand for themselves. */
const plainGroup = 'functions';

/**
 * Reads `tools`. Coding agents add a search of the provider's cache and a picture maker to tools of their own, unasked and
 * whoever serves; those two are left out then, and the answer's `tools` show it. Throws `invalid_request` for a wrong
 * definition, and for two tools that would have one name.
 */
export function readResponsesTools(body: FieldReader): ResponsesTools {
  const items = body.objects('tools') ?? [];
  const tools = items.flatMap((item) => readGroup(item));
  const names = new Set<string>();
  for (const { tool } of tools) {
    if (names.has(tool.name)) throw wrongField('tools', `tools with different names; two are called ${tool.name}`);
    names.add(tool.name);
  }
  const foreign = items.filter((item) => !ownTypes.has(typeOf(item))).map((item) => item.fields);
  return { tools, others: tools.length === 0 ? foreign : foreign.filter((fields) => !addedUnasked(fields)) };
}

/** The definitions that were offered to the model, as the caller wrote them. */
export function offeredTools(body: FieldReader): readonly unknown[] {
  const { others } = readResponsesTools(body);
  return (body.objects('tools') ?? []).filter((item) => ownTypes.has(typeOf(item)) || others.includes(item.fields)).map((item) => item.fields);
}

const ownTypes: ReadonlySet<string> = new Set(['function', 'custom', 'namespace']);

function typeOf(item: FieldReader): string {
  return item.string('type') ?? 'function';
}

function addedUnasked(fields: Fields): boolean {
  return fields.type === 'image_generation' || (fields.type === 'web_search' && fields.external_web_access === false);
}

function readGroup(item: FieldReader): readonly CallerTool[] {
  const type = typeOf(item);
  if (type === 'namespace') {
    const name = item.requiredString('name');
    return (item.objects('tools') ?? []).map((tool) => readOne(tool, name === plainGroup ? undefined : name));
  }
  return ownTypes.has(type) ? [readOne(item, undefined)] : [];
}

function readOne(item: FieldReader, group: string | undefined): CallerTool {
  const name = item.requiredString('name');
  const custom = typeOf(item) === 'custom';
  const tool = defined<Tool>({
    name: groupedName(group, name),
    description: custom ? customDescription(item) : item.string('description'),
    parameters: custom ? textParameters : (item.fields.parameters ?? undefined),
    strict: custom ? undefined : item.boolean('strict'),
  });
  return defined<CallerTool>({ tool, name, group, custom });
}

/** The name a model is told: no two groups of one name, and no dots, which some servers refuse. */
export function groupedName(group: string | undefined, name: string): string {
  if (group === undefined || group === plainGroup) return name;
  return group.endsWith('__') ? `${group}${name}` : `${group}__${name}`;
}

const textParameters = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input of the tool, as plain text.' } },
  required: ['input'],
  additionalProperties: false,
};

/** A grammar cannot be enforced elsewhere, but the model can be told of it. */
function customDescription(item: FieldReader): string | undefined {
  const format = item.object('format');
  const described = item.string('description');
  if (format?.string('type') !== 'grammar') return described;
  const grammar = `The input follows this ${format.string('syntax') ?? ''} grammar:\n${format.string('definition') ?? ''}`;
  return described === undefined ? grammar : `${described}\n\n${grammar}`;
}

export interface ChosenTools {
  readonly choice?: ToolChoice;
  /** Names of the only tools that may be called; absent: all. */
  readonly allowed?: ReadonlySet<string>;
  /** False for a choice that only OpenAI can make. */
  readonly understood: boolean;
}

export function readResponsesChoice(value: unknown): ChosenTools {
  if (value === undefined || value === null) return { understood: true };
  if (value === 'auto' || value === 'none' || value === 'required') return { choice: value, understood: true };
  if (!isObject(value)) return { understood: false };
  if (value.type === 'allowed_tools' && Array.isArray(value.tools)) {
    const names = value.tools.map(nameOf);
    const known = names.filter((name) => name !== null);
    return { choice: value.mode === 'required' ? 'required' : 'auto', allowed: new Set(known), understood: known.length === names.length };
  }
  const name = nameOf(value);
  return name === null ? { understood: false } : { choice: { name }, understood: true };
}

function nameOf(value: unknown): string | null {
  if (!isObject(value) || typeof value.name !== 'string' || (value.type !== 'function' && value.type !== 'custom')) return null;
  return groupedName(typeof value.namespace === 'string' ? value.namespace : undefined, value.name);
}

/** The arguments with which a function takes a custom tool's text. */
export function textArguments(input: string): string {
  return JSON.stringify({ input });
}

/** The text for a custom tool; what the model wrote instead of `input` is passed on as it is. */
export function textInput(argumentText: string): string {
  const given = parseObject(argumentText)?.input;
  return typeof given === 'string' ? given : argumentText;
}
