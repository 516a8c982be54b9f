/** Listens to an event stream of a running router, for the command line. */
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { GlobalOptions } from '../commands/command.ts';
import { failureMessage } from '../commands/print-answer.ts';
import { SseReader } from '../util/sse.ts';
import { addressOf, answerOf, requestOptions, whyFailed } from './call-router.ts';

/** The router says something every two seconds. */
const silentMs = 10_000;
const longestRefusal = 65_536;

/** As `CommandContext.watch` promises. */
export async function* watchRouter(path: string, options: GlobalOptions, signal: AbortSignal): AsyncIterable<string> {
  const address = addressOf(path, options);
  const response = await open(address, options, signal);
  try {
    if (response.statusCode !== 200) throw await refusalOf(response);
    const reader = new SseReader();
    for await (const chunk of response) for (const { data } of reader.push(chunk as Buffer)) yield data;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'TurnedAway') throw thrown;
    throw new Error(whyFailed(thrown as Error, address, silentMs), { cause: thrown });
  } finally {
    response.destroy();
  }
}

function open(address: URL, options: GlobalOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const send = address.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const request = send(address, { ...requestOptions('GET', options, undefined, signal), timeout: silentMs }, resolve);
    request.on('timeout', () => request.destroy(Object.assign(new Error('nothing came any more'), { name: 'TimeoutError' })));
    request.on('error', (cause) => reject(new Error(whyFailed(cause, address, silentMs), { cause })));
    request.end();
  });
}

/** A router that is starting or stopping is asked again. */
async function refusalOf(response: IncomingMessage): Promise<Error> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > longestRefusal) break;
  }
  const status = response.statusCode ?? 0;
  const error = new Error(failureMessage(answerOf(status, text)));
  if (status < 500) error.name = 'TurnedAway';
  return error;
}
