/** Reads what a media server is asked for, out of OpenAI's requests. Pure. */
import { RouterError } from '../../core/errors.ts';
import { readForm, textIn as valueIn } from '../../util/form-fields.ts';
import type { PictureOrder, Recording } from './media.ts';
import { type JsonObject, parseObject } from '../../util/json-object.ts';

const usualSide = 1024;
const largestSide = 4096;
const formats: ReadonlySet<string> = new Set(['json', 'verbose_json', 'text', 'srt', 'vtt']);

/** Throws `invalid_request` naming the field. */
export function readPictureOrder(body: string): { readonly order: PictureOrder; readonly asUrl: boolean } {
  const fields = parseObject(body);
  if (fields === null) throw new RouterError('invalid_request', 'The body must be a JSON object.');
  const prompt = fields['prompt'];
  if (typeof prompt !== 'string' || prompt === '') throw wrong('prompt', 'a text');
  if ((fields['n'] ?? 1) !== 1) throw wrong('n', '1 on this machine');
  const whole = (key: string, least: number): number | undefined => numberOf(fields, key, (value) => Number.isInteger(value) && value >= least);
  const order = {
    model: typeof fields['model'] === 'string' ? fields['model'] : '',
    prompt,
    ...sizeOf(fields['size']),
    steps: whole('steps', 1),
    guidance: numberOf(fields, 'guidance', Number.isFinite),
    seed: whole('seed', 0),
    quantize: whole('quantize', 1),
    negativePrompt: typeof fields['negative_prompt'] === 'string' && fields['negative_prompt'] !== '' ? fields['negative_prompt'] : undefined,
  };
  return { order: Object.fromEntries(Object.entries(order).filter(([, value]) => value !== undefined)) as unknown as PictureOrder, asUrl: fields['response_format'] === 'url' };
}

function sizeOf(size: unknown): { readonly width: number; readonly height: number } {
  if (size === undefined || size === null || size === 'auto' || size === '') return { width: usualSide, height: usualSide };
  const [, width, height] = typeof size === 'string' ? (/^(\d+)x(\d+)$/.exec(size) ?? []) : [];
  const sides = { width: Number(width), height: Number(height) };
  if (![sides.width, sides.height].every((side) => side >= 1 && side <= largestSide)) throw wrong('size', `a width and a height of at most ${largestSide} pixels, such as 1024x1024`);
  return sides;
}

function numberOf(fields: JsonObject, key: string, fits: (value: number) => boolean): number | undefined {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !fits(value)) throw wrong(key, 'a number that makes sense');
  return value;
}

/** `form` has one character for each byte. Throws `invalid_request`. */
export function readRecording(form: string, contentType: string): Recording {
  const fields = readForm(form, contentType);
  const value = (name: string): string => valueIn(form, fields.find((field) => field.name === name));
  const file = fields.find((field) => field.name === 'file' || field.name === 'audio');
  if (file === undefined) throw wrong('file', 'a recording');
  const format = value('response_format') || 'json';
  if (!formats.has(format)) throw wrong('response_format', [...formats].join(', '));
  const language = value('language');
  if (!/^[\w -]{0,40}$/.test(language)) throw wrong('language', 'a language, such as en');
  return {
    model: value('model'),
    bytes: Buffer.from(form.slice(file.value.from, file.value.to), 'latin1'),
    ending: endingOf(form.slice(Math.max(0, file.nameAt.from - 512), file.value.from)),
    ...(language === '' ? {} : { language }),
    format,
  };
}

/** Of the file's name, which is the sender's: only what an ending can be. */
function endingOf(head: string): string {
  return /filename="[^"\r\n]*(\.[A-Za-z0-9]{1,5})"/.exec(head)?.[1]?.toLowerCase() ?? '';
}

function wrong(param: string, expected: string): RouterError {
  return new RouterError('invalid_request', `\`${param}\` must be ${expected}.`, { param });
}
