/** The fleet as it is now, over one event stream: at most one change a frame, paused while nobody looks, opened again when it breaks. */
import { computed, effect, signal } from '@preact/signals';
import { coloursOf } from './colours.ts';
import { routerUrl } from './place.ts';
import { call, keyNeeded } from './request.ts';
import type { LiveState } from './shapes.ts';

export type LineState = { readonly state: 'connecting' } | { readonly state: 'open' } | { readonly state: 'lost'; /** When it is tried again, by `performance.now()`. */ readonly againAt: number };

/** The last that was told; it stays when the line is lost. */
export const live = signal<LiveState | null>(null);
export const line = signal<LineState>({ state: 'connecting' });

/** Output tokens a second over the last two minutes, one figure for each second. */
export const speeds = signal<readonly number[]>([]);
export const speedSeconds = 120;

/** CPU of each node, for its small line. */
export const loads = signal<ReadonlyMap<string, readonly number[]>>(new Map());
const loadsKept = 60;

export const nodes = computed(() => live.value?.nodes ?? []);
export const nodeColours = computed(() => coloursOf(nodes.value.map((node) => node.node_id)));

/** The number of the series colour that a node or one of its backends has everywhere; 0 when it is not known. */
export function colourOf(name: string | null | undefined): number {
  if (!name) return 0;
  const owner = nodes.value.find((node) => node.node_id === name || node.backends?.some((backend) => backend.id === name));
  return nodeColours.value.get(owner?.node_id ?? name) ?? 0;
}

/** Beyond this without a word the line counts as lost. */
const silenceMs = 10_000;
const firstPauseMs = 1000;
const longestPauseMs = 15_000;

let source: EventSource | null = null;
let pauseMs = firstPauseMs;
let timer: ReturnType<typeof setTimeout> | undefined;
let watchdog: ReturnType<typeof setTimeout> | undefined;
let newest: string | null = null;
let frame = 0;

export function startLive(): void {
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : connect()));
  // Somebody has shown a key.
  effect(() => {
    if (!keyNeeded.value && line.peek().state === 'lost') connect();
  });
  setInterval(keepSpeed, 1000);
  connect();
}

/** Tries now instead of when it is due. */
export function connect(): void {
  close();
  if (document.hidden) return;
  if (line.peek().state === 'lost') line.value = { state: 'connecting' };
  const opened = new EventSource(routerUrl('/dashboard/events'));
  source = opened;
  watch();
  opened.onmessage = ({ data }: MessageEvent<string>) => {
    watch();
    newest = data;
    // The first is awaited by everybody.
    if (live.peek() === null) paint();
    else if (frame === 0) frame = requestAnimationFrame(paint);
  };
  opened.onerror = () => void lose();
}

function close(): void {
  clearTimeout(timer);
  clearTimeout(watchdog);
  source?.close();
  source = null;
}

function watch(): void {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => void lose(), silenceMs);
}

async function lose(): Promise<void> {
  close();
  line.value = { state: 'lost', againAt: performance.now() + pauseMs };
  timer = setTimeout(connect, pauseMs);
  pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  // An event stream does not say why it was refused.
  await call('/v1/session').catch(() => {});
}

function paint(): void {
  frame = 0;
  const text = newest;
  newest = null;
  if (text === null) return;
  const state = readState(text);
  if (state === null) return;
  pauseMs = firstPauseMs;
  live.value = state;
  if (line.peek().state !== 'open') line.value = { state: 'open' };
  keepLoads(state);
}

function readState(text: string): LiveState | null {
  try {
    // What is not known is told as null, and is absent here.
    const state = JSON.parse(text, (_, value: unknown) => value ?? undefined) as LiveState;
    return Array.isArray(state.nodes) ? state : null;
  } catch {
    return null;
  }
}

/** While the line is lost nothing is known, and nothing moves. */
function keepSpeed(): void {
  if (line.peek().state !== 'open') return;
  const now = live.peek()?.totals?.tokens_per_second ?? 0;
  speeds.value = [...speeds.peek(), now].slice(-speedSeconds);
}

let loadsKeptAt = 0;

function keepLoads(state: LiveState): void {
  if (state.timestamp - loadsKeptAt < 1.5) return;
  loadsKeptAt = state.timestamp;
  const before = loads.peek();
  loads.value = new Map(state.nodes.flatMap((node) => {
    const now = node.cpu?.utilization_pct;
    return now === undefined ? [] : [[node.node_id, [...(before.get(node.node_id) ?? []), now].slice(-loadsKept)] as const];
  }));
}
