/** `oar bench`: measures the fleet over the way that every request goes, and shows what it came to. */
import { benchView, standingLine } from './bench-view.ts';
import type { Command, CommandContext, GlobalOptions } from './command.ts';
import { type Fields, fieldsOf, textOf } from './loose-json.ts';
import { printed } from './print-answer.ts';
import { spanMs } from './time-span.ts';

const path = '/dashboard/api/benchmarks';
const lookMs = 1000;

type Options = GlobalOptions & Readonly<Record<string, unknown>>;

export const command: Command = {
  name: 'bench',
  summary: 'measure models and machines: requests through the router for a while, behind those of people',
  options: [
    { flags: '--models <names>', description: 'with commas between them, in memory or on disk; left out: those that are in memory' },
    { flags: '--kinds <kinds>', description: 'of llm, embed, image; all when left out' },
    { flags: '--smart', description: 'also models on disk that fit beside what is in memory' },
    { flags: '--duration <time>', description: 'seconds, or such as 5m; 300 when left out' },
    { flags: '--concurrency <count>', description: 'requests at once; left out: what the machines are good for' },
    { flags: '--prompt-tokens <count>', description: 'about how long prompts are; a sentence when left out' },
    { flags: '--max-tokens <count>', description: 'how long answers may be, 128 when left out' },
    { flags: '--no-save', description: 'show the figures and do not keep them' },
  ],
  async run(context, _args, options) {
    const started = await context.call('POST', `${path}/start`, options, formOf(options));
    if (started.status !== 200) return printed(context, started, options, null);
    const id = textOf(fieldsOf(started.body)?.run_id);
    const ended = await untilEnded(context, options, id);
    if (ended === null) return cancelled(context, options);
    if (textOf(ended.status) !== 'completed') {
      context.err(`The benchmark ${id} ${textOf(ended.status)}.${ended.error === null ? '' : ` ${textOf(ended.error)}`}`);
      return 1;
    }
    return printed(context, { status: 200, body: ended.result, text: '' }, options, benchView);
  },
};

function formOf(options: Options): Readonly<Record<string, unknown>> {
  const { models, kinds, smart, save } = options;
  const numbers = [['concurrency', 'concurrency'], ['promptTokens', 'prompt_tokens'], ['maxTokens', 'max_tokens']] as const;
  return {
    mode: smart === true ? 'smart' : 'default',
    ...(options['duration'] === undefined ? {} : { duration: secondsIn(options['duration']) }),
    ...(models === undefined ? {} : { models: wordsIn(models) }),
    ...(kinds === undefined ? {} : { model_types: wordsIn(kinds) }),
    ...Object.fromEntries(numbers.flatMap(([option, name]) => (options[option] === undefined ? [] : [[name, numberIn(name, options[option])]]))),
    ...(save === false ? { save: false } : {}),
  };
}

function wordsIn(written: unknown): readonly string[] {
  return String(written).split(',').map((word) => word.trim()).filter((word) => word !== '');
}

function secondsIn(written: unknown): number {
  const plain = Number(written);
  const ms = Number.isFinite(plain) ? plain * 1000 : spanMs(String(written));
  if (ms === null || ms < 1000) throw new Error(`--duration takes seconds, or a time such as 5m, not ${String(written)}.`);
  return ms / 1000;
}

function numberIn(name: string, written: unknown): number {
  const value = Number(written);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name.replaceAll('_', '-')} takes a whole number, not ${String(written)}.`);
  return value;
}

/** Null: somebody wants it to end. Another run in its place means that this one is over. */
async function untilEnded(context: CommandContext, options: Options, id: string): Promise<Fields | null> {
  for (;;) {
    const { status, body, text } = await context.call('GET', `${path}/progress`, options);
    const progress = fieldsOf(body);
    if (status !== 200 || progress === null) throw new Error(`The router no longer tells of the benchmark: ${text.slice(0, 200)}`);
    if (textOf(progress.run_id) !== id) return { status: 'was replaced by another', error: null };
    if (textOf(progress.status) !== 'running') return progress;
    if (context.isTerminal && options.json !== true) context.err(standingLine(progress));
    if (!(await context.pause(lookMs))) return null;
  }
}

async function cancelled(context: CommandContext, options: Options): Promise<number> {
  await context.call('POST', `${path}/cancel`, options, {});
  context.err('Cancelled; nothing was kept.');
  return 130;
}
