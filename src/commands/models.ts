/** `oar models`: the models that can be asked for. */
import type { Command } from './command.ts';
import { type Fields, fieldsOf, numberOf, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';
import { textTable } from './text-table.ts';

export const command: Command = {
  name: 'models',
  summary: 'list the models that can be asked for',
  run: (context, _args, options) => printAnswer(context, { method: 'GET', path: '/v1/router/models', options }, view),
};

function view(body: unknown): string {
  const answer = fieldsOf(body) ?? {};
  const configured = rowsOf(answer.configured);
  const listed = rowsOf(fieldsOf(answer.ollama)?.models);
  const loaded = new Set(rowsOf(answer.loaded).map((row) => plainName(row)));
  const rest = listed.filter((row) => !configured.some((spec) => plainName(spec) === plainName(row)));
  const rows = [...configured, ...rest].map((row) => [textOf(row.name), sizeOf(row), loaded.has(plainName(row)) ? 'yes' : '', purposes(row), configured.includes(row) && !listed.some((one) => plainName(one) === plainName(row)) ? 'no backend has it' : '']);
  return textTable(['model', 'size', 'in memory', 'good for', ''], rows, 'No models. Pull one, for example: ollama pull llama3.2:3b');
}

function plainName(row: Fields): string {
  return textOf(row.name).replace(/:latest$/, '');
}

function sizeOf(row: Fields): string {
  const sizeGb = numberOf(row.sizeGb) ?? (numberOf(row.size) ?? 0) / 1e9;
  return sizeGb > 0 ? `${sizeGb.toFixed(1)} GB` : '';
}

function purposes(row: Fields): string {
  return Array.isArray(row.purpose) ? row.purpose.map(textOf).join(', ') : '';
}
