/** Asks the router and prints what it says: JSON for programs, a view for people. */
import type { CommandContext, GlobalOptions } from './command.ts';
import { fieldsOf, textOf } from './loose-json.ts';

interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly options: GlobalOptions;
  readonly send?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** Prints JSON with `--json` and in a pipe, else what `view` makes of the body. Resolves with 0, or 1 for an answer that is an error. */
export async function printAnswer(context: CommandContext, { method, path, options, send }: Question, view: ((body: unknown) => string) | null): Promise<number> {
  return printed(context, await context.call(method, path, options, send), options, view);
}

/** The same for an answer that is here already. */
export function printed(context: CommandContext, answer: Answer, options: GlobalOptions, view: ((body: unknown) => string) | null): number {
  if (answer.status < 200 || answer.status > 299) {
    context.err(failureMessage(answer));
    return 1;
  }
  const forPeople = view !== null && context.isTerminal && options.json !== true && fieldsOf(answer.body) !== null;
  context.out(forPeople ? view(answer.body) : prettyJson(answer));
  return 0;
}

function prettyJson({ body, text }: Answer): string {
  return body === undefined || body === null ? text : JSON.stringify(body, null, 2);
}

/** The message of any of the router's error shapes, else the body, else the status alone. */
export function failureMessage({ status, body, text }: Answer): string {
  const error = fieldsOf(body)?.error;
  const message = textOf(fieldsOf(error)?.message) || textOf(error);
  return message || text.trim() || `The router answered with status ${status}.`;
}
