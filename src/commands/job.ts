/** `oar job <id>`: one job with its request and result. */
import type { Command } from './command.ts';
import { jobPath, jobView } from './job-view.ts';
import { printAnswer } from './print-answer.ts';

export const command: Command = {
  name: 'job',
  summary: 'show one job',
  args: [{ name: '<id>', description: 'the id of the job' }],
  run: (context, [id], options) => printAnswer(context, { method: 'GET', path: jobPath(id), options }, jobView),
};
