/** `oar cancel <id>`: ends a job, whether it waits or runs. */
import type { Command } from './command.ts';
import { jobPath, jobView } from './job-view.ts';
import { printAnswer } from './print-answer.ts';

export const command: Command = {
  name: 'cancel',
  summary: 'cancel a job that waits or runs',
  args: [{ name: '<id>', description: 'the id of the job' }],
  run: (context, [id], options) => printAnswer(context, { method: 'DELETE', path: jobPath(id), options }, jobView),
};
