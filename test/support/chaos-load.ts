/** Callers of a fleet that is being torn apart, and what they were told. */
import type { LanRouter } from './fleet-world.ts';

/** What became of one request. */
export interface Told {
  readonly what: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Null: not even an answer began. */
  readonly status: number | null;
  readonly firstToken: boolean;
  /** All twelve tokens came. */
  readonly whole: boolean;
  /** It said that it was at its end, in the way of its API. */
  readonly saidDone: boolean;
  readonly text: string;
}

const apis = [
  { path: '/api/chat', done: '"done":true' },
  { path: '/v1/chat/completions', done: 'data: [DONE]' },
] as const;

export async function askOnce(router: LanRouter, model: string, api: (typeof apis)[number]): Promise<Told> {
  const startedAt = Date.now();
  let status: number | null = null;
  let text = '';
  try {
    const response = await fetch(`${router.url}${api.path}`, { method: 'POST', headers: router.headers(), body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Go on.' }] }) });
    status = response.status;
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  } catch (thrown) {
    text += ` (${thrown instanceof Error ? `${thrown.message} ${String(thrown.cause ?? '')}` : String(thrown)})`;
  }
  return { what: `${model} at ${api.path}`, startedAt, endedAt: Date.now(), status, firstToken: text.includes('t0 '), whole: text.includes('t11 '), saidDone: text.includes(api.done), text: text.slice(-300) };
}

/** Callers that ask one after the other until `done`. Resolves with everything they were told. */
export async function callers(count: number, router: LanRouter, models: readonly string[], random: () => number, done: () => boolean): Promise<readonly Told[]> {
  const told: Told[] = [];
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const one = async (): Promise<void> => {
    while (!done()) {
      const answer = await askOnce(router, pick(models), pick(apis));
      told.push(answer);
      // Nobody calls a dead router thousands of times a second.
      if (answer.status === null) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return told;
}
