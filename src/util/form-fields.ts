/** Finds the fields of a form with files (RFC 7578), and edits it without touching another byte. All texts have one character a byte. */
import { RouterError } from '../core/errors.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface FormField {
  readonly name: string;
  /** Where the name stands, without quotes. */
  readonly nameAt: Range;
  readonly value: Range;
}

export interface FormEdit extends Range {
  readonly text: string;
}

/** In order. Throws `invalid_request` for a form without a boundary, one that is cut off, and parts without a name. */
export function readForm(form: string, contentType: string): readonly FormField[] {
  const boundary = boundaryOf(contentType);
  const fields: FormField[] = [];
  for (let mark = nextMark(form, boundary, 0); ; ) {
    if (mark === null) throw malformed('it has no end; perhaps it was cut off');
    if (mark.last) return fields;
    const end = nextMark(form, boundary, mark.to - lineEnd.length);
    if (end !== null) fields.push(readField(form, { from: mark.to, to: end.from }));
    mark = end;
  }
}

/** What the value of a field says; empty without one. */
export function textIn(form: string, field: FormField | undefined): string {
  return field === undefined ? '' : Buffer.from(form.slice(field.value.from, field.value.to), 'latin1').toString();
}

/** A text as a form holds it. */
export function asForm(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** `edits` in the order of the form. */
export function editForm(form: string, edits: readonly FormEdit[]): string {
  let at = 0;
  let edited = '';
  for (const edit of edits) {
    edited += form.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return edited + form.slice(at);
}

/** The form with one more field at its front. */
export function withField(form: string, contentType: string, name: string, value: string): string {
  const boundary = boundaryOf(contentType);
  return `--${boundary}${lineEnd}Content-Disposition: form-data; name="${name}"${lineEnd}${lineEnd}${asForm(value)}${lineEnd}${form}`;
}

const lineEnd = '\r\n';

function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw malformed('its content type names no boundary');
  return boundary;
}

interface Mark extends Range {
  readonly last: boolean;
}

/** The next line that is the boundary: from its line end before it, to behind its own. */
function nextMark(form: string, boundary: string, from: number): Mark | null {
  const text = `--${boundary}`;
  for (let at = form.indexOf(text, from); at >= 0; at = form.indexOf(text, at + 1)) {
    const begins = at === 0 || form.startsWith(lineEnd, at - lineEnd.length);
    const rest = at + text.length;
    const start = Math.max(0, at - lineEnd.length);
    if (!begins) continue;
    if (form.startsWith('--', rest)) return { from: start, to: rest + 2, last: true };
    const blank = /[ \t]*\r\n/y;
    blank.lastIndex = rest;
    if (blank.test(form)) return { from: start, to: blank.lastIndex, last: false };
  }
  return null;
}

function readField(form: string, part: Range): FormField {
  const headEnd = form.indexOf(lineEnd + lineEnd, part.from);
  if (headEnd < 0 || headEnd + lineEnd.length * 2 > part.to) throw malformed('a part of it has no end of its headers');
  const nameAt = findName(form.slice(part.from, headEnd));
  if (nameAt === null) throw malformed('a part of it has no name');
  const from = part.from + nameAt.from;
  const to = part.from + nameAt.to;
  return { name: Buffer.from(form.slice(from, to), 'latin1').toString(), nameAt: { from, to }, value: { from: headEnd + lineEnd.length * 2, to: part.to } };
}

/** Among the parameters of `content-disposition`, one after the other: the name of a file may look like anything. */
function findName(head: string): Range | null {
  const begin = /(?:^|\r\n)content-disposition:\s*form-data\s*/i.exec(head);
  if (begin === null) return null;
  const parameter = /;\s*([\w*]+)\s*=\s*(?:"((?:[^"\\\r]|\\.)*)"|([^;\s]*))\s*/dy;
  parameter.lastIndex = begin.index + begin[0].length;
  for (let found = parameter.exec(head); found !== null; found = parameter.exec(head)) {
    const at = found.indices?.[2] ?? found.indices?.[3];
    if (found[1]?.toLowerCase() === 'name' && at !== undefined) return { from: at[0], to: at[1] };
  }
  return null;
}

function malformed(why: string): RouterError {
  return new RouterError('invalid_request', `The form cannot be read: ${why}.`);
}
