/** Which models people keep in the memory of which machine. */
import { signal } from '@preact/signals';
import * as api from './api.ts';

const pinned = signal<Readonly<Record<string, readonly string[]>>>({});

/** Names without a tag mean the latest. */
const whole = (model: string): string => (model.includes(':') ? model : `${model}:latest`);

export function isPinned(node: string, model: string): boolean {
  return (pinned.value[node] ?? []).some((name) => whole(name) === whole(model));
}

/** Older routers have no pins: then nothing is. */
export async function readPins(): Promise<void> {
  pinned.value = await api.pins().then(({ per_node: nodes }) => nodes, () => ({}));
}

export async function pin(node: string, model: string, on: boolean): Promise<void> {
  await api.pin(node, model, on);
  await readPins();
}
