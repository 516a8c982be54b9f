/** Turns a failed connection or a passed time limit into the one RouterError that says so. */
import { RouterError, type ErrorCode } from '../core/errors.ts';
import type { Timeouts } from './backend.ts';

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection; check that it runs and that its `url` is right',
  ENOTFOUND: 'has a host name that cannot be resolved; check its `url`',
  EAI_AGAIN: 'has a host name that cannot be resolved now; check its `url` and the name service',
  EHOSTUNREACH: 'cannot be reached over the network; check that its machine is on and that its `url` is right',
  ENETUNREACH: 'cannot be reached over the network; check the connection and its `url`',
  ETIMEDOUT: 'does not answer on the network; check that its machine is on and that its `url` is right',
  UND_ERR_DESTROYED: 'was taken out of service',
  UND_ERR_CLOSED: 'was taken out of service',
};

/** `begun`: the head of an answer had arrived. The cause is kept. */
export function connectionFailure(error: Error, backendId: string, timeouts: Timeouts, begun: boolean): RouterError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const failure = (errorCode: ErrorCode, text: string): RouterError => new RouterError(errorCode, `Backend ${backendId} ${text}.`, { cause: error, backend: backendId });
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return failure('backend_timeout', `did not accept a connection within ${timeouts.connectMs} ms (connectMs)`);
  if (code === 'UND_ERR_INVALID_ARG') return failure('internal', `has settings that make no valid request: ${error.message}`);
  if (begun) return failure('backend_protocol', 'broke off before its answer was complete');
  const known = unreachable[code];
  if (known !== undefined) return new RouterError('backend_unreachable', `Backend ${backendId} ${known}.`, { cause: error, backend: backendId, noConnection: true });
  if (isTls(code)) return failure('backend_unreachable', `could not be reached securely (${code}); check its certificate and its \`url\``);
  if (isMalformed(code, error)) return failure('backend_protocol', 'answered with something that is not HTTP; check that its `url` is that of an inference server');
  return failure('backend_unreachable', 'closed the connection without an answer; it may have begun the work');
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/.test(code);
}

function isMalformed(code: string, { name, message }: Error): boolean {
  return name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW' || message === 'bad response' || message === 'bad upgrade';
}

export type Limit = 'firstByteMs' | 'idleMs' | 'totalMs';

export function timeLimitFailure(limit: Limit, backendId: string, timeouts: Timeouts): RouterError {
  const text = {
    firstByteMs: 'did not begin its answer within',
    idleMs: 'fell silent in the middle of its answer for',
    totalMs: 'did not complete its answer within',
  }[limit];
  return new RouterError('backend_timeout', `Backend ${backendId} ${text} ${timeouts[limit]} ms (${limit}).`, { backend: backendId, ...(limit === 'totalMs' ? {} : { silent: true }) });
}
