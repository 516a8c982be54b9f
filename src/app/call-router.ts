/** Calls a running router for the command line; plain node modules, so that a command starts at once. */
import { request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { CommandContext, GlobalOptions } from '../commands/command.ts';
import { errorCode } from '../util/error-code.ts';

const usualTimeoutMs = 30_000;

type Answer = Awaited<ReturnType<CommandContext['call']>>;

/** Rejects with an Error whose message says what to do: nobody answers, the certificate is not trusted, it takes too long. */
export async function callRouter(method: string, path: string, options: GlobalOptions, body?: Readonly<Record<string, unknown>>, timeoutMs = usualTimeoutMs): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const address = addressOf(path, options);
  const send = address.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const request = send(address, requestOptions(method, options, text, AbortSignal.timeout(timeoutMs)), (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (cause) => reject(new Error(whyFailed(cause, address, timeoutMs), { cause })));
      response.on('end', () => resolve({ ...answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')), ...idIn(response.headers['x-oar-request-id']) }));
    });
    request.on('error', (cause) => reject(new Error(whyFailed(cause, address, timeoutMs), { cause })));
    request.end(text);
  });
}

/** The address of a path below `--url` and `--base-path`; a bare `host:port` is taken for HTTP. */
export function addressOf(path: string, { url = 'http://127.0.0.1:11435', basePath = '' }: GlobalOptions): URL {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  const base = URL.canParse(written) ? new URL(written) : null;
  if (base === null || !/^https?:$/.test(base.protocol)) throw new Error(`${url} is not an address of a router. Write --url http://127.0.0.1:11435`);
  const folders = `${base.pathname}/${basePath}`.split('/').filter((part) => part !== '');
  return new URL(`${base.origin}${folders.map((part) => `/${part}`).join('')}${path}`);
}

/** `connection: close`: a command asks once. */
export function requestOptions(method: string, { apiKey, insecure }: GlobalOptions, body: string | undefined, signal: AbortSignal): RequestOptions & { rejectUnauthorized?: boolean } {
  const headers = { accept: 'application/json', connection: 'close', ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }), ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }) };
  return { method, headers, agent: false, signal, ...(insecure === true ? { rejectUnauthorized: false } : {}) };
}

function idIn(header: string | string[] | undefined): Pick<Answer, 'requestId'> {
  return typeof header === 'string' ? { requestId: header } : {};
}

/** The body is undefined when it is no JSON. */
export function answerOf(status: number, text: string): Answer {
  try {
    return { status, text, body: JSON.parse(text) as unknown };
  } catch {
    return { status, text, body: undefined };
  }
}

const certificateCodes = ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'];

/** A failure of the network as a sentence. */
export function whyFailed(cause: Error, address: URL, timeoutMs: number): string {
  const code = errorCode(cause) ?? '';
  const where = `${address.origin}${address.pathname.replace(/\/(?:v1|dashboard)\/.*$/, '')}`;
  if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return `The router at ${where} did not answer within ${timeoutMs / 1000} s.`;
  if (certificateCodes.includes(code)) return `The certificate of ${where} is not trusted (${code}). To talk to it all the same, add --insecure.`;
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code)) return `No router answers at ${where}. Start one with \`oar up\`, or name it with --url.`;
  return `The call to ${where} failed: ${cause.message || code}`;
}
