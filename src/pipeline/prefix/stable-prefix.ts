/** Finds what the rules change in one prompt, whether it is a decoded request or a body of any dialect. */
import type { JsonEdit, JsonPath } from '../../util/json-edit.ts';
import { type TextRule, textRules, toolOrderRule } from './prefix-rules.ts';
import { arrangement } from './tool-orders.ts';

/** Members of a decoded request or of a parsed body, as far as they make up the prompt. */
export type PromptBody = Readonly<Record<string, unknown>>;

export interface PrefixEdits {
  readonly edits: readonly JsonEdit[];
  /** Names of the rules, each once. */
  readonly rules: readonly string[];
}

/** What the rules do to one text, or to all texts of one message. */
interface Found {
  readonly edits: readonly JsonEdit[];
  readonly rules: readonly string[];
  readonly moved: readonly string[];
  /** Nothing is left but white space. */
  readonly empty: boolean;
}

/** A message, or anything else that stands in a list of them. */
type Item = { readonly role?: unknown; readonly content?: unknown } | null | undefined;

const frontRules = textRules.filter((rule) => rule.at !== 'user');
const systemRules = textRules.filter((rule) => rule.at === 'system');
const userRules = textRules.filter((rule) => rule.at === 'user');
const noRules: readonly TextRule[] = [];

/** `toolOrder`: the order that the tools shall stand in; null when they stand right. Null when nothing is to be changed. */
export function prefixEdits(body: PromptBody, toolOrder: readonly string[] | null): PrefixEdits | null {
  const draft = new Draft();
  for (const key of ['system', 'instructions']) {
    const found = contentEdits([key], body[key], frontRules);
    if (found !== null) draft.take(found.empty ? { ...found, edits: [{ path: [key], change: { kind: 'remove' } }] } : found);
  }
  const list = ['messages', 'input'].find((key) => Array.isArray(body[key]));
  if (list === undefined) closeText(draft, body);
  else readMessages(draft, list, body[list] as readonly unknown[]);
  if (toolOrder !== null) orderTools(draft, body['tools'], toolOrder);
  return draft.edits.length === 0 ? null : { edits: draft.edits, rules: [...new Set(draft.rules)] };
}

/** What is to be done to a prompt, as far as it was read. */
class Draft {
  readonly edits: JsonEdit[] = [];
  readonly rules: string[] = [];
  readonly moved: string[] = [];

  take(found: Found): void {
    this.edits.push(...found.edits);
    this.rules.push(...found.rules);
    this.moved.push(...found.moved);
  }
}

function readMessages(draft: Draft, key: string, items: readonly unknown[]): void {
  let front = true;
  let last: { readonly position: number; readonly item: Item } | null = null;
  for (let position = 0; position < items.length; position += 1) {
    const item = items[position] as Item;
    const system = item?.role === 'system' || item?.role === 'developer';
    front &&= system;
    const rules = system ? (front ? frontRules : systemRules) : item?.role === 'user' ? userRules : noRules;
    const found = rules === noRules ? null : contentEdits([key, position, 'content'], item?.content, rules);
    if (found?.empty === true) {
      // A user's turn never becomes empty, unless it only followed a tool's result or another turn of his.
      const mayGo = system ? items.length > 1 : last !== null && last.item?.role !== 'assistant';
      if (mayGo) {
        draft.take({ ...found, edits: [{ path: [key, position], change: { kind: 'remove' } }] });
        continue;
      }
    } else if (found !== null) draft.take(found);
    last = { position, item };
  }
  if (last?.item?.role === 'user' && draft.moved.length > 0) closeMessage(draft, [key, last.position, 'content'], last.item.content);
}

/** The rules upon a string, or upon the text parts of a list; those for users see the last part only. Null when nothing changes. */
function contentEdits(path: JsonPath, content: unknown, rules: readonly TextRule[]): Found | null {
  if (typeof content === 'string') return textEdits(path, content, rules);
  if (!Array.isArray(content) || content.length === 0) return null;
  const all: Found[] = [];
  for (let position = rules === userRules ? content.length - 1 : 0; position < content.length; position += 1) {
    const text = textOf(content[position]);
    const found = text === undefined ? null : textEdits([...path, position, 'text'], text, rules);
    if (found?.empty === true) all.push({ ...found, edits: [{ path: [...path, position], change: { kind: 'remove' } }] });
    else if (found !== null) all.push(found);
  }
  if (all.length === 0) return null;
  const empty = all.filter((found) => found.empty).length === content.length;
  return { edits: all.flatMap((found) => found.edits), rules: all.flatMap((found) => found.rules), moved: all.flatMap((found) => found.moved), empty };
}

function textEdits(path: JsonPath, text: string, rules: readonly TextRule[]): Found | null {
  let rest = text;
  const names: string[] = [];
  const moved: string[] = [];
  for (const rule of rules) {
    const steadied = rule.steady(rest);
    if (steadied === null) continue;
    rest = steadied.text;
    names.push(rule.name);
    if (steadied.moved !== undefined) moved.push(...steadied.moved);
  }
  return names.length === 0 ? null : { edits: [{ path, change: { kind: 'set', value: rest } }], rules: names, moved, empty: rest.trim() === '' };
}

/** What was moved stands behind what the user said last; behind a tool's result there is no place for it. */
function closeMessage(draft: Draft, path: JsonPath, content: unknown): void {
  if (typeof content === 'string') return lengthen(draft, path, content);
  if (!Array.isArray(content) || content.some((part) => kindOf(part) === 'tool_result')) return;
  const position = content.findLastIndex((_, index) => editAt(draft, [...path, index])?.change.kind !== 'remove');
  const text = textOf(content[position]);
  if (text !== undefined) return lengthen(draft, [...path, position, 'text'], text);
  const type = content.some((part) => kindOf(part) === 'input_text') ? 'input_text' : 'text';
  draft.edits.push({ path, change: { kind: 'append', value: { type, text: closing(draft) } } });
}

/** One edit for each text: what a rule has set already is set anew. */
function lengthen(draft: Draft, path: JsonPath, original: string): void {
  const before = editAt(draft, path);
  const text = before?.change.kind === 'set' ? String(before.change.value) : original;
  if (before !== undefined) draft.edits.splice(draft.edits.indexOf(before), 1);
  draft.edits.push({ path, change: { kind: 'set', value: `${text}\n\n${closing(draft)}` } });
}

function editAt({ edits }: Draft, path: JsonPath): JsonEdit | undefined {
  return edits.find((edit) => edit.path.length === path.length && edit.path.every((step, index) => step === path[index]));
}

/** APIs without messages: the prompt is one text. */
function closeText(draft: Draft, body: PromptBody): void {
  const key = ['prompt', 'input'].find((one) => typeof body[one] === 'string');
  if (key !== undefined && draft.moved.length > 0) lengthen(draft, [key], String(body[key]));
}

function closing({ moved }: Draft): string {
  return `[${moved.join('; ')}]`;
}

function orderTools(draft: Draft, tools: unknown, order: readonly string[]): void {
  const positions = Array.isArray(tools) ? arrangement(tools.map(toolName), order) : null;
  if (positions === null) return;
  draft.rules.push(toolOrderRule);
  draft.edits.push({ path: ['tools'], change: { kind: 'order', positions } });
}

function kindOf(part: unknown): unknown {
  return typeof part === 'object' && part !== null ? (part as { readonly type?: unknown }).type : undefined;
}

function textOf(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const { type, text } = part as { readonly type?: unknown; readonly text?: unknown };
  return typeof text === 'string' && (type === undefined || type === 'text' || type === 'input_text') ? text : undefined;
}

function toolName(tool: unknown): string | undefined {
  if (typeof tool !== 'object' || tool === null) return undefined;
  const { name, function: made } = tool as { readonly name?: unknown; readonly function?: { readonly name?: unknown } | null };
  const found = name ?? made?.name;
  return typeof found === 'string' ? found : undefined;
}
