/** One answer of a model as it streams in, with its times and what the router's headers say of it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import * as api from './api.ts';
import { CallFailed, readLines } from './request.ts';
import { failureIn } from './resource.ts';

export interface Question {
  readonly model: string;
  /** Empty: wherever is best. */
  readonly backend: string;
  readonly prompt: string;
  readonly temperature?: number;
}

interface Facts {
  readonly model: string;
  readonly backend: string;
  readonly why: string;
  readonly requestId: string;
}

interface Held {
  readonly state: 'idle' | 'running';
  readonly text: string;
  readonly thinking: string;
  readonly facts: Facts;
  readonly firstMs: number | null;
  readonly ms: number | null;
  readonly tokens: number | null;
  /** Output tokens a second, once the first has come. */
  readonly speed: number | null;
  readonly error: CallFailed | null;
}

export interface Answer extends Held {
  start(question: Question): Promise<void>;
  stop(): void;
}

const nothing: Held = { state: 'idle', text: '', thinking: '', facts: { model: '', backend: '', why: '', requestId: '' }, firstMs: null, ms: null, tokens: null, speed: null, error: null };
const tickMs = 100;

export function useAnswer(): Answer {
  const [held, setHeld] = useState<Held>(nothing);
  const left = useRef<AbortController | null>(null);
  useEffect(() => () => left.current?.abort(), []);
  const start = async (question: Question): Promise<void> => {
    left.current?.abort();
    const mine = new AbortController();
    left.current = mine;
    const show = (next: Held): void => void (left.current === mine && setHeld(next));
    await follow(question, mine.signal, show);
  };
  return { ...held, start, stop: () => left.current?.abort() };
}

async function follow(question: Question, signal: AbortSignal, show: (held: Held) => void): Promise<void> {
  const startedAt = performance.now();
  let held: Held = { ...nothing, state: 'running', ms: 0 };
  const passed = (): number => performance.now() - startedAt;
  const timer = setInterval(() => show({ ...held, ms: passed() }), tickMs);
  try {
    const { model, backend, prompt, temperature } = question;
    const answer = await api.chat({ model, messages: [{ role: 'user', content: prompt }], stream: true, stream_options: { include_usage: true }, ...(temperature === undefined ? {} : { temperature }) }, backend, signal);
    held = { ...held, facts: factsIn(answer.headers) };
    for await (const part of readLines(answer)) held = withPart(held, part, passed());
  } catch (thrown) {
    if (!signal.aborted) held = { ...held, error: failureIn(thrown) };
  } finally {
    clearInterval(timer);
    show({ ...held, state: 'idle', ms: passed() });
  }
}

function factsIn(headers: Headers): Facts {
  const of = (name: string): string => headers.get(name) ?? '';
  return { model: of('x-oar-model') || of('x-fleet-served-model'), backend: of('x-oar-backend') || of('x-fleet-node'), why: of('x-oar-decision'), requestId: of('x-oar-request-id') };
}

interface Part {
  readonly model?: string;
  readonly error?: { readonly message?: string; readonly code?: string } | string;
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null; readonly reasoning?: string | null; readonly reasoning_content?: string | null } }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
}

/** Throws the error that a stream ends with. */
function withPart(held: Held, raw: Readonly<Record<string, unknown>>, ms: number): Held {
  const part = raw as Part;
  if (part.error !== undefined) throw new CallFailed(typeof part.error === 'string' ? part.error : (part.error.message ?? 'The answer broke off.'), { code: typeof part.error === 'string' ? '' : String(part.error.code ?? ''), requestId: held.facts.requestId });
  const delta = part.choices?.[0]?.delta;
  const text = delta?.content ?? '';
  const thinking = delta?.reasoning ?? delta?.reasoning_content ?? '';
  const came = text !== '' || thinking !== '';
  const firstMs = held.firstMs ?? (came ? ms : null);
  const tokens = part.usage?.completion_tokens ?? (held.tokens ?? 0) + (came ? 1 : 0);
  const seconds = firstMs === null ? 0 : (ms - firstMs) / 1000;
  return { ...held, text: held.text + text, thinking: held.thinking + thinking, firstMs, tokens, ms, speed: seconds > 0.05 && tokens > 1 ? tokens / seconds : held.speed, facts: held.facts.model === '' && part.model !== undefined ? { ...held.facts, model: part.model } : held.facts };
}
