/** A week of a busy fleet, as the store keeps it, for pictures of the dashboard and for its queries. */
import { driver } from '../../src/store/sqlite/index.ts';
import type { Considered, Term } from '../../src/core/placement.ts';
import type { Attempt, Trace } from '../../src/core/trace.ts';

const hourMs = 3_600_000;
const models = ['qwen3:32b', 'qwen2.5-coder:14b', 'llama3.3:70b', 'nomic-embed-text:latest'] as const;
const nodes = ['studio', 'rack', 'attic'] as const;
const people = ['alice', 'bob', 'ci', 'ide'] as const;
const apps = ['code-review', 'nightly-eval', 'chat', 'search'] as const;

/** The same numbers each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** More by day than by night. */
function weightAt(at: number): number {
  const hour = new Date(at).getUTCHours();
  return 0.15 + Math.max(0, Math.sin(((hour - 6) / 14) * Math.PI));
}

/** Writes `amount` traces, the last of which ended just before `now`, into a new store at `path`. */
export async function writeWeek(path: string, { now, amount, hours = 168 }: { readonly now: number; readonly amount: number; readonly hours?: number }): Promise<void> {
  const store = await driver.open({ path });
  try {
    const random = dice(7);
    const times = Array.from({ length: amount * 3 }, () => now - 60_000 - random() * hours * hourMs).filter((at) => random() < weightAt(at)).slice(0, amount).sort((a, b) => a - b);
    for (let first = 0; first < times.length; first += 500) await store.traces.add(times.slice(first, first + 500).map((at, index) => oneTrace(`req_week${(first + index).toString(36).padStart(5, '0')}`, at, random)));
  } finally {
    await store.close();
  }
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() ** 1.6 * list.length)] as T;
}

function oneTrace(requestId: string, receivedAt: number, random: () => number): Trace {
  const model = pick(models, random);
  const node = pick(nodes, random);
  const queueMs = random() < 0.25 ? random() * 3000 : random() * 8;
  const loadMs = random() < 0.04 ? 4000 + random() * 5000 : undefined;
  const firstPartMs = queueMs + (loadMs ?? 0) + 120 + random() * 700;
  const totalMs = firstPartMs + 400 + random() ** 2 * 14_000;
  const outcome = random() < 0.012 ? 'failed' : random() < 0.01 ? 'cancelled' : 'succeeded';
  const attempts = attemptsOf({ model, node, receivedAt, queueMs, firstPartMs, totalMs, failed: outcome === 'failed', retried: random() < 0.02 });
  return {
    requestId, principalId: pick(people, random), address: '10.0.0.12', plane: 'standalone', dialect: random() < 0.6 ? 'openai-chat' : 'ollama-chat', task: 'chat', taskType: 'code_generate', stream: true,
    requestedModel: random() < 0.2 ? 'auto' : model, servedModel: model, backendId: node, nodeId: node, decisionReason: 'The smallest expected time to the first token.', user: pick(people, random), tags: [pick(apps, random)],
    receivedAt, queueMs, firstPartMs, totalMs, usage: { promptTokens: Math.round(200 + random() * 5000), completionTokens: Math.round(totalMs / 28), ...(loadMs === undefined ? {} : { loadMs }) },
    attempts, rewrites: random() < 0.1 ? ['num_ctx'] : [], outcome, status: outcome === 'failed' ? 502 : 200, ...(outcome === 'failed' ? { error: 'backend_failed' } : {}),
  };
}

interface Course {
  readonly model: string;
  readonly node: string;
  readonly receivedAt: number;
  readonly queueMs: number;
  readonly firstPartMs: number;
  readonly totalMs: number;
  readonly failed: boolean;
  readonly retried: boolean;
}

function attemptsOf({ model, node, receivedAt, queueMs, firstPartMs, totalMs, failed, retried }: Course): readonly Attempt[] {
  const why: readonly Term[] = [{ signal: 'wait-time', value: Math.round(queueMs), unit: 'ms' }, { signal: 'prompt', value: 290, unit: 'ms' }];
  const others = nodes.filter((one) => one !== node);
  const considered: readonly Considered[] = [
    { backendId: node, nodeId: node, model, terms: why, total: Math.round(queueMs) + 290 },
    { backendId: others[0] ?? '', nodeId: others[0] ?? '', model, terms: [{ signal: 'load', value: 2600, unit: 'ms' }, { signal: 'prompt', value: 300, unit: 'ms' }], total: 2900 },
    { backendId: others[1] ?? '', nodeId: others[1] ?? '', model, terms: [], veto: 'It is not in memory there, and 8.2 GB are missing.' },
  ];
  const served: Attempt = { backendId: node, nodeId: node, model, startedAt: receivedAt + queueMs + (retried ? 180 : 0), firstPartMs: firstPartMs - queueMs, endedMs: totalMs - queueMs, why, considered, ...(failed ? { error: 'backend_failed', message: 'CUDA error: out of memory' } : {}) };
  if (!retried) return [served];
  return [{ backendId: others[0] ?? '', nodeId: others[0] ?? '', model, startedAt: receivedAt + queueMs, endedMs: 120, why: [], error: 'backend_unreachable', message: 'The connection was refused.' }, served];
}
