/** `oar result <id>`: the answer of a job as JSON, or how far it is. */
import type { Command } from './command.ts';
import { jobPath } from './job-view.ts';
import { printAnswer } from './print-answer.ts';

export const command: Command = {
  name: 'result',
  summary: 'print the answer of a job, or its status while it is not done',
  args: [{ name: '<id>', description: 'the id of the job' }],
  run: (context, [id], options) => printAnswer(context, { method: 'GET', path: `${jobPath(id)}/result`, options }, null),
};
