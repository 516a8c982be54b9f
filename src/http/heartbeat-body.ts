/** Reads the body of a heartbeat: ours, and that of the old agents (contract fleet part 3). Pure. */
import { RouterError } from '../core/errors.ts';
import type { NodeReport } from '../core/node.ts';
import { oldReport } from './old-report.ts';
import { ownReport } from './own-report.ts';
import { ReportFields, wrong } from './report-fields.ts';

export type HeartbeatBody =
  /** It takes no new work from now on. */
  | { readonly kind: 'leaving'; readonly nodeId: string }
  /** `hosts`: what the body names as its own addresses. */
  | { readonly kind: 'report'; readonly report: NodeReport; readonly old: boolean; readonly hosts: readonly NamedHost[] };

export interface NamedHost {
  readonly field: string;
  readonly host: string;
}

/** Larger ones are not looked at. */
export const longestBody = 2_000_000;

/** Throws `invalid_request` that names what is missing or wrong, and `payload_too_large`. `at`: epoch milliseconds, where the body does not say. */
export function readHeartbeat(text: string, at: number): HeartbeatBody {
  if (text.length > longestBody) throw new RouterError('payload_too_large', `A heartbeat has at most ${longestBody} characters.`);
  const fields = ReportFields.of(parsed(text), '') ?? wrong('', 'The body must be a JSON object with node_id, cpu, memory and ollama.');
  const nodeId = nodeIdIn(fields);
  const own = fields.child('oar');
  if (own === null && fields.flag('draining') && !fields.has('memory') && !fields.has('ollama')) return { kind: 'leaving', nodeId };
  if (own === null) checkPresent(fields);
  return { kind: 'report', report: own === null ? oldReport(fields, nodeId, at) : ownReport(own, nodeId, at), old: own === null, hosts: hostsIn(fields) };
}

/** Who asks for a proof, and with what number. Throws `invalid_request`. */
export function readProofQuestion(text: string): { readonly nodeId: string; readonly nonce: string } {
  const fields = ReportFields.of(parsed(text), '') ?? wrong('', 'The body must be a JSON object with node_id and nonce.');
  const nonce = fields.text('nonce') ?? '';
  if (!/^[\w-]{16,128}$/.test(nonce)) wrong('nonce', 'nonce must have 16 to 128 letters, digits, dashes and underscores, drawn anew for each question.');
  return { nodeId: nodeIdIn(fields), nonce };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RouterError('invalid_request', 'The body is not valid JSON.', { cause });
  }
}

/** It becomes part of the ids of backends, which stand in headers. */
function nodeIdIn(fields: ReportFields): string {
  const id = fields.text('node_id') ?? wrong('node_id', 'node_id is missing. It must be a text that is not empty.');
  if (!/^[a-z0-9][a-z0-9._-]{0,127}$/i.test(id)) wrong('node_id', 'node_id must begin with a letter or digit, and have at most 128 letters, digits, dots, dashes and underscores.');
  return id;
}

function checkPresent(fields: ReportFields): void {
  const missing = ['cpu', 'memory', 'ollama'].filter((name) => fields.child(name) === null);
  if (missing.length > 0) wrong(missing[0] ?? '', `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. A heartbeat has the objects cpu, memory and ollama.`);
}

function hostsIn(fields: ReportFields): readonly NamedHost[] {
  const server = fields.text('ollama_host');
  const address = fields.text('lan_ip');
  return [
    ...(server === undefined ? [] : [{ field: 'ollama_host', host: hostOf(server) }]),
    ...(address === undefined ? [] : [{ field: 'lan_ip', host: address.replace(/^\[|\]$/g, '') }]),
  ];
}

function hostOf(written: string): string {
  const address = /^[a-z]+:\/\//i.test(written) ? written : `http://${written}`;
  if (!URL.canParse(address)) wrong('ollama_host', 'ollama_host must be an address such as http://127.0.0.1:11434.');
  return new URL(address).hostname.replace(/^\[|\]$/g, '');
}
