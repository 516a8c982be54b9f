/** Tool definitions and the choice among them; the OpenAI and Ollama APIs write them alike. */
import type { Tool, ToolChoice } from '../core/request.ts';
import { defined, type FieldReader } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

export interface ReadTools {
  readonly tools: readonly Tool[];
  /** Definitions that are no functions; only the caller's dialect knows what they are. */
  readonly others: readonly unknown[];
}

/** Throws `invalid_request` for a definition without a name. */
export function readTools(body: FieldReader): ReadTools {
  const tools: Tool[] = [];
  const others: unknown[] = [];
  for (const item of body.objects('tools') ?? []) {
    const type = item.string('type');
    if (type !== undefined && type !== 'function') others.push(item.fields);
    else tools.push(readTool(item));
  }
  return { tools, others };
}

function readTool(item: FieldReader): Tool {
  const made = item.object('function') ?? item;
  return defined<Tool>({
    name: made.requiredString('name'),
    description: made.string('description'),
    parameters: made.fields.parameters ?? undefined,
    strict: made.boolean('strict'),
  });
}

export function writeTools(tools: readonly Tool[]): unknown[] {
  return tools.map((tool) => ({ type: 'function', function: tool }));
}

/** Undefined when absent, or when it is something that only the caller's dialect knows. */
export function readToolChoice(value: unknown): ToolChoice | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  if (value === 'any') return 'required';
  if (!isObject(value) || (value.type !== 'function' && value.type !== undefined)) return undefined;
  const made = isObject(value.function) ? value.function : value;
  return typeof made.name === 'string' ? { name: made.name } : undefined;
}

export function writeToolChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };
}
