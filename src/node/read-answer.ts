/** Reads the router's answer to a heartbeat; what it does not say, as old routers do not, is taken for the usual. Pure. */
import type { NodeCommand } from '../core/node.ts';
import { jsonIn, numberIn, textIn } from './known-values.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

export interface HeartbeatAnswer {
  readonly enrolment: 'enrolled' | 'waiting';
  /** When the next heartbeat is expected; null: it does not say. */
  readonly heartbeatMs: number | null;
  readonly commands: readonly NodeCommand[];
}

/** Nobody is asked more often than twice a second, or so seldom that the router would give it up. */
const quickestMs = 500;
const slowestMs = 60_000;

/** Null when it is not the answer of a router. */
export function readAnswer(text: string): HeartbeatAnswer | null {
  const value = jsonIn(text);
  if (!isObject(value) || textIn(value['status']) === undefined) return null;
  const ms = numberIn(value['heartbeat_ms']);
  const commands = Array.isArray(value['commands']) ? value['commands'] : [];
  return {
    enrolment: value['enrolment'] === 'waiting' ? 'waiting' : 'enrolled',
    heartbeatMs: ms === undefined ? null : Math.min(slowestMs, Math.max(quickestMs, ms)),
    commands: commands.flatMap((one) => (isObject(one) ? (commandIn(one) ?? []) : [])),
  };
}

/** Null for a command that this version does not know. */
function commandIn(value: JsonObject): NodeCommand | null {
  if (value['type'] === 'restart_ollama') {
    const env = isObject(value['env']) ? Object.fromEntries(Object.entries(value['env']).flatMap(([name, one]) => (typeof one === 'string' || typeof one === 'number' ? [[name, String(one)]] : []))) : undefined;
    return { type: 'restart_ollama', reason: textIn(value['reason']) ?? 'no reason given', ...(env === undefined ? {} : { env }) };
  }
  if (value['type'] !== 'capacity_override') return null;
  const { mode, until } = value;
  if (mode !== 'full' && mode !== 'paused' && mode !== 'auto') return null;
  return { type: 'capacity_override', mode, until: typeof until === 'number' ? until : null };
}

/** What an error answer says, in one line (empty: nothing), and the field that it complains of. */
export function problemIn(text: string): { readonly why: string; readonly about?: string } {
  const value = jsonIn(text);
  const error = isObject(value) ? value['error'] : undefined;
  const { message, param } = isObject(error) ? error : { message: error };
  const about = textIn(param);
  return { why: (textIn(message) ?? '').slice(0, 500), ...(about === undefined ? {} : { about }) };
}
