/** Arguments of a tool call as the Anthropic API carries them: an object. */
import type { Fields } from './read-fields.ts';
import { parseObject } from '../util/json-object.ts';

/** The name that the API's documentation gives to arguments a model wrote wrongly, so that whoever reads them sees what they are. */
const unreadable = 'INVALID_JSON';

/** Nothing at all means no arguments. */
export function writeToolInput(text: string): Fields {
  return text.trim() === '' ? {} : (parseObject(text) ?? { [unreadable]: text });
}

/** The same as JSON text; what is right already stays as the model wrote it. */
export function toolInputText(text: string): string {
  if (text.trim() === '') return '{}';
  return parseObject(text) === null ? JSON.stringify({ [unreadable]: text }) : text;
}
