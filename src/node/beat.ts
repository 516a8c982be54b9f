/** One heartbeat: the whole state of this machine, sent, and what the router answered. */
import type { NodeReport } from '../core/node.ts';
import { encodeHeartbeat } from './encode-heartbeat.ts';
import { type HeartbeatAnswer, problemIn, readAnswer } from './read-answer.ts';
import type { LinkAnswer, RouterLink } from './router-link.ts';

export type BeatOutcome =
  | { readonly kind: 'ok'; readonly answer: HeartbeatAnswer; readonly localAddress: string }
  /** Nobody answers there any more, or nobody who is well. */
  | { readonly kind: 'lost'; readonly why: string }
  /** It does not want this machine; `about`: the field that it complains of. */
  | { readonly kind: 'refused'; readonly status: number; readonly why: string; readonly about?: string };

export interface BeatTerms {
  /** By which the router knows this machine. */
  readonly secret: string;
  /** Shown while the machine is not let in yet. */
  readonly joinToken: string | null;
  /** Null: the router takes this machine for another when it is told. */
  readonly lanIp: string | null;
}

/** Never rejects. */
export async function beat(link: RouterLink, url: string, report: NodeReport, { secret, joinToken, lanIp }: BeatTerms, signal: AbortSignal): Promise<BeatOutcome> {
  const headers = { authorization: `Bearer ${secret}`, ...(joinToken === null ? {} : { 'x-oar-join-token': joinToken }) };
  try {
    return outcomeOf(await link.post(url, '/heartbeat', JSON.stringify(encodeHeartbeat(report, lanIp)), headers, signal));
  } catch (thrown) {
    return { kind: 'lost', why: reasonOf(thrown) };
  }
}

function outcomeOf({ status, text, localAddress }: LinkAnswer): BeatOutcome {
  if (status === 200) {
    const answer = readAnswer(text);
    return answer === null ? { kind: 'refused', status, why: 'What answers there is no router.' } : { kind: 'ok', answer, localAddress };
  }
  const { why, ...about } = problemIn(text);
  return status >= 500 ? { kind: 'lost', why: why || `status ${status}` } : { kind: 'refused', status, why: why || `It answers with status ${status}.`, ...about };
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === 'TimeoutError' || thrown.name === 'AbortError' ? 'no answer in time' : ((thrown as NodeJS.ErrnoException).code ?? thrown.message);
}
