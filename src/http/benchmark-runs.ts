/** Runs a benchmark from the page or the command line: `/dashboard/api/benchmarks/start`, `progress`, `cancel` (contract fleet part 1.3). */
import type { BenchDesk, BenchForm, BenchKind } from '../bench/bench.ts';
import { RouterError } from '../core/errors.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { rules } from './rules.ts';

const kinds = ['llm', 'embed', 'image'] as const satisfies readonly BenchKind[];
const usual = { durationSeconds: 300, promptTokens: 16, answerTokens: 128 };
const longestSeconds = 3_600;
const mostAtOnce = 256;
const longestPrompt = 100_000;
const longestAnswer = 8_192;
const mostModels = 200;

export function benchmarkRunRoutes(desk: BenchDesk): Route[] {
  return [
    { method: 'POST', path: '/dashboard/api/benchmarks/start', rule: rules.manage, handle: (exchange) => start(exchange, desk) },
    { method: 'GET', path: '/dashboard/api/benchmarks/progress', rule: rules.read, handle: (exchange) => exchange.send(200, desk.progress()) },
    { method: 'POST', path: '/dashboard/api/benchmarks/cancel', rule: rules.manage, handle: async (exchange) => exchange.send(200, { status: 'cancelled', run_id: await desk.cancel() }) },
  ];
}

async function start(exchange: Exchange, desk: BenchDesk): Promise<void> {
  const form = formIn(await readJsonObject(exchange));
  const runId = desk.start(form, { principal: exchange.principal, spend: exchange.spend });
  exchange.send(200, { status: 'started', run_id: runId, mode: form.mode, duration: form.durationMs / 1000, model_types: form.kinds });
}

type Fields = Readonly<Record<string, unknown>>;

/** Throws `invalid_request`. */
function formIn(fields: Fields): BenchForm {
  const { mode = 'default', save = true } = fields;
  if (mode !== 'default' && mode !== 'smart') throw wrong('mode', 'default or smart');
  if (typeof save !== 'boolean') throw wrong('save', 'true or false');
  const models = namesIn(fields, 'models');
  const types = namesIn(fields, 'model_types') ?? kinds;
  const wanted = kinds.filter((kind) => types.includes(kind));
  if (types.length === 0 || types.some((type) => !(kinds as readonly string[]).includes(type))) throw wrong('model_types', `a list of ${kinds.join(', ')}`);
  const concurrency = wholeWithin(fields, 'concurrency', mostAtOnce);
  return {
    mode,
    durationMs: 1000 * (within(fields, 'duration', longestSeconds) ?? usual.durationSeconds),
    kinds: wanted,
    ...(models === undefined || models.length === 0 ? {} : { models }),
    ...(concurrency === undefined ? {} : { concurrency }),
    promptTokens: wholeWithin(fields, 'prompt_tokens', longestPrompt) ?? usual.promptTokens,
    answerTokens: wholeWithin(fields, 'max_tokens', longestAnswer) ?? usual.answerTokens,
    save,
  };
}

function within(fields: Fields, name: string, most: number): number | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 1 && value <= most) return value;
  throw wrong(name, `a number from 1 to ${most}`);
}

function wholeWithin(fields: Fields, name: string, most: number): number | undefined {
  const value = within(fields, name, most);
  if (value === undefined || Number.isInteger(value)) return value;
  throw wrong(name, 'a whole number');
}

function namesIn(fields: Fields, name: string): readonly string[] | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length <= mostModels && value.every((one): one is string => typeof one === 'string' && one.trim() !== '')) return value.map((one) => one.trim());
  throw wrong(name, `a list of texts, ${mostModels} at most`);
}

function wrong(param: string, expected: string): RouterError {
  return new RouterError('invalid_request', `\`${param}\` must be ${expected}.`, { param });
}
