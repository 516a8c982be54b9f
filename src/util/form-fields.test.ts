import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import { asForm, editForm, readForm, textIn } from './form-fields.ts';

const contentType = 'multipart/form-data; boundary=XX';

/** As curl writes it: one character a byte. */
function formOf(parts: readonly (readonly [head: string, value: string])[], boundary = 'XX'): string {
  return `${parts.map(([head, value]) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`).join('')}--${boundary}--\r\n`;
}

function failure(form: string, type = contentType): RouterError {
  try {
    readForm(form, type);
  } catch (thrown) {
    if (thrown instanceof RouterError) return thrown;
  }
  throw new Error('It was read.');
}

describe('fields', () => {
  test('have names and values, whatever the value holds', () => {
    const audio = '\x00\xff--XX\r\n--X\r\n--XXY\r\n\r\n --XX ';
    const form = formOf([['name="model"', asForm('Łódź-1')], ['name="file"; filename="a; name=\\"model\\".wav"', audio], ['name=language', ''], ['filename=x; NAME="prompt"', 'a\r\nb']]);
    const fields = readForm(form, contentType);
    expect(fields.map((field) => field.name)).toEqual(['model', 'file', 'language', 'prompt']);
    expect(fields.map((field) => form.slice(field.value.from, field.value.to))).toEqual([asForm('Łódź-1'), audio, '', 'a\r\nb']);
    expect([textIn(form, fields[0]), textIn(form, undefined)]).toEqual(['Łódź-1', '']);
  });

  test('are found after other headers, behind a preamble, and with a quoted boundary', () => {
    const form = 'preamble\r\n--a b\t \r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n--a b--';
    expect(readForm(form, 'Multipart/Form-Data; charset=utf-8; Boundary="a b"')).toMatchObject([{ name: 'x' }]);
    expect(readForm('--XX--', contentType)).toEqual([]);
  });

  test('are not read from what is no whole form', () => {
    const whole = formOf([['name="model"', 'm']]);
    expect(failure(whole, 'multipart/form-data').message).toContain('boundary');
    for (const cut of ['', whole.slice(0, -6), whole.slice(0, 30), 'model=m']) expect(failure(cut)).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('cut off') });
    expect(failure(formOf([['filename="model"', 'm']])).message).toContain('name');
    expect(failure('--XX\r\nContent-Disposition: form-data; name="a"\r\n--XX--').message).toContain('headers');
  });
});

test('an edit touches nothing else, for any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value).toString('latin1'));
  fc.assert(fc.property(bytes, bytes, fc.string({ unit: 'binary', maxLength: 8 }), (before, after, name) => {
    fc.pre(!`${before}${after}`.includes('--XX'));
    const parts = (model: string) => formOf([['name="file"; filename="a"', before], ['name="model"', asForm(model)], ['name="file2"', after]]);
    const form = parts('old');
    const edits = readForm(form, contentType).flatMap((field) => (field.name === 'model' ? [{ ...field.value, text: asForm(name) }] : []));
    expect(editForm(form, edits)).toBe(parts(name));
    expect(editForm(form, [])).toBe(form);
  }));
});
