/** Opens connections for undici so that a reset while a body is paused cannot end the process. */
import type { buildConnector as Connectors } from 'undici';
import { buildConnector } from './undici-parts.ts';

/** `connectMs` 0: no limit of our own. */
export function guardedConnector(connectMs: number): Connectors.connector {
  const connect = buildConnector({ timeout: connectMs });
  return (options, callback) =>
    connect(options, (...result) => {
      result[1]?.prependListener('error', calledSocketError);
      callback(...result);
    });
}

/**
 * undici 7 asserts, outside of any handler, when ECONNRESET meets a paused response of a connection that is to be closed;
 * and it fails requests that wait for an idle connection when that is reset. Both spare an error of its own code.
 */
function calledSocketError(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
}
