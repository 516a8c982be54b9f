import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import type { LocalServer } from './node.ts';
import { type ServerState, ServerWatch } from './server-watch.ts';

/** A server whose answers the test sets. */
class Scripted implements LocalServer {
  readonly name: string;
  readonly kind = 'ollama';
  readonly url: string;
  answer: BackendReport | 'refused' | 'hangs' | 'nonsense' = 'refused';
  probes = 0;

  constructor(name: string, url = 'http://127.0.0.1:11434') {
    this.name = name;
    this.url = url;
  }

  probe(_previous: BackendReport | null, signal: AbortSignal): Promise<BackendReport> {
    this.probes += 1;
    const { answer } = this;
    if (answer === 'refused') return Promise.reject(new RouterError('backend_unreachable', 'refused'));
    if (answer === 'nonsense') return Promise.reject(new RouterError('backend_protocol', 'no list'));
    if (answer === 'hangs') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RouterError('backend_timeout', 'late'))));
    return Promise.resolve(answer);
  }

  answersAt(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

const having = (models: readonly string[], resident: readonly string[] = []): BackendReport => ({ models: models.map((name) => ({ name })), resident: resident.map((name) => ({ name })) });

function bed(servers: readonly LocalServer[], find: () => readonly LocalServer[] = () => []) {
  const clock = new FakeClock();
  const news: string[] = [];
  const changed = (state: ServerState, before: ServerState): void => void news.push(`${state.server.name} ${before.status}>${state.status}`);
  return { clock, news, watch: new ServerWatch({ clock, servers, sources: [{ find: () => Promise.resolve(find()) }], changed }) };
}

test('one that comes up is seen within half a second, one that dies within two', async () => {
  const ollama = new Scripted('ollama');
  const { clock, news, watch } = bed([ollama]);
  await watch.start();
  expect(watch.states()[0]).toMatchObject({ status: 'down', problem: 'Ollama does not answer at http://127.0.0.1:11434.' });
  ollama.answer = having(['a']);
  await clock.advanceAsync(500);
  expect(watch.states()[0]).toMatchObject({ status: 'up', report: { models: [{ name: 'a' }] } });
  ollama.answer = 'refused';
  await clock.advanceAsync(2000);
  expect(watch.states()[0]?.status).toBe('down');
  expect(news).toEqual(['ollama unknown>down', 'ollama down>up', 'ollama up>down']);
  watch.stop();
  expect(clock.pending).toBe(0);
});

test('news are a model that was pulled, deleted, loaded or unloaded, and nothing else', async () => {
  const ollama = new Scripted('ollama');
  ollama.answer = having(['a']);
  const { clock, news, watch } = bed([ollama]);
  await watch.start();
  const after = async (answer: BackendReport): Promise<number> => {
    ollama.answer = answer;
    const before = news.length;
    await clock.advanceAsync(2000);
    return news.length - before;
  };
  expect(await after(having(['a']))).toBe(0);
  expect(await after(having(['a'], ['a']))).toBe(1);
  expect(await after({ ...having(['a'], ['a']), version: '2' })).toBe(0);
  expect(await after(having(['a']))).toBe(1);
  expect(await after(having(['a', 'b']))).toBe(1);
  watch.stop();
});

test('a busy server that is slow to answer is not taken for dead; one that stays silent is', async () => {
  const ollama = new Scripted('ollama');
  ollama.answer = having(['a']);
  const { clock, watch } = bed([ollama]);
  await watch.start();
  ollama.answer = 'hangs';
  await clock.advanceAsync(2000 + 5000 + 2000 + 5000);
  expect(watch.states()[0]?.status).toBe('up');
  await clock.advanceAsync(2000 + 5000);
  expect(watch.states()[0]?.status).toBe('down');
  watch.stop();
});

test('other servers are found when they come, once each, and forgotten a minute after they went', async () => {
  const ollama = new Scripted('ollama');
  const vllm = new Scripted('vllm', 'http://127.0.0.1:8000');
  vllm.answer = having(['m']);
  let found: LocalServer[] = [];
  const { clock, watch, news } = bed([ollama], () => found);
  await watch.start();
  found = [vllm, new Scripted('twin', 'http://127.0.0.1:8000'), new Scripted('ollama-again', ollama.url)];
  await clock.advanceAsync(10_000);
  expect(watch.states().map(({ server }) => server.name)).toEqual(['ollama', 'vllm']);
  found = [];
  vllm.answer = 'refused';
  await clock.advanceAsync(30_000);
  expect(watch.states().find(({ server }) => server === vllm)?.status).toBe('down');
  await clock.advanceAsync(40_000);
  expect(watch.states().map(({ server }) => server.name)).toEqual(['ollama']);
  expect(news.at(-1)).toMatch(/>unknown$/);
  watch.stop();
  expect(clock.pending).toBe(0);
});

test('asked to hurry, it asks at once, and never twice at a time', async () => {
  const ollama = new Scripted('ollama');
  ollama.answer = having(['a']);
  const { clock, watch } = bed([ollama]);
  await watch.start();
  watch.refresh('ollama');
  await clock.advanceAsync(0);
  expect(ollama.probes).toBe(2);
  ollama.answer = 'hangs';
  await clock.advanceAsync(2000);
  watch.refresh('ollama');
  await clock.advanceAsync(0);
  expect(ollama.probes).toBe(3);
  watch.stop();
});
