/** `oar replay <request-id>`: sends a kept request again, and shows both answers beside each other. */
import type { Command, CommandContext, GlobalOptions } from './command.ts';
import { segmentOf } from './job-view.ts';
import { type Fields, fieldsOf, numberOf, textOf } from './loose-json.ts';
import { printed } from './print-answer.ts';
import { replayView } from './replay-view.ts';

/** A model may have to be loaded first, and write for long. */
const answerMs = 1_800_000;

export const command: Command = {
  name: 'replay',
  summary: 'send a request again that telemetry.capture kept, and compare both answers',
  args: [{ name: '<id>', description: 'the id of the request, from the header X-OAR-Request-Id, or of a job' }],
  options: [{ flags: '--model <name>', description: 'ask this model instead' }],
  async run(context, [id], options) {
    const kept = await context.call('GET', `/v1/router/traces/${segmentOf(id)}/capture`, options);
    const capture = fieldsOf(kept.body);
    if (kept.status !== 200 || capture === null) return printed(context, kept, options, null);
    const body = fieldsOf(capture.body);
    if (body === null) throw new Error('The request itself was not kept: it held a file, or was too long. There is nothing to send again.');
    if ((numberOf(capture.redactions) ?? 0) > 0) context.err(`Secrets or pictures were taken out in ${textOf(capture.redactions)} places when it was kept; the answer may differ for that.`);
    const { model } = options;
    const sent = await context.call('POST', textOf(capture.path), options, typeof model === 'string' ? { ...body, model } : body, answerMs);
    if (sent.status < 200 || sent.status > 299 || sent.requestId === undefined) return printed(context, sent.status < 300 ? { ...sent, status: 500, text: 'The router did not say the id of the new request.', body: undefined } : sent, options, null);
    const [before, now] = await Promise.all([traceOf(context, options, textOf(id)), traceOf(context, options, sent.requestId)]);
    return printed(context, { status: 200, text: '', body: { before, now } }, options, replayView);
  },
};

/** With what was kept of it, under `captured`. */
async function traceOf(context: CommandContext, options: GlobalOptions, id: string): Promise<Fields | null> {
  const { status, body } = await context.call('GET', `/v1/router/traces/${segmentOf(id)}`, options);
  return status === 200 ? fieldsOf(body) : null;
}
