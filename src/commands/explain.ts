/** `oar explain <request-id>`: why one request went where it went, and what it took. */
import type { Command } from './command.ts';
import { explainView } from './explain-view.ts';
import { segmentOf } from './job-view.ts';
import { printed } from './print-answer.ts';

export const command: Command = {
  name: 'explain',
  summary: 'show why a request went where it went, and what it took',
  args: [{ name: '<id>', description: 'the id of the request, from the header X-OAR-Request-Id, or of a job' }],
  async run(context, [id], options) {
    const own = await context.call('GET', `/v1/router/traces/${segmentOf(id)}`, options);
    // Of somebody else's request those may read who may read the fleet.
    const any = own.status === 404 ? await context.call('GET', `/dashboard/api/traces/${segmentOf(id)}`, options) : own;
    return printed(context, any.status === 200 ? any : own, options, explainView);
  },
};
