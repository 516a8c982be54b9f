/** `oar gpu`: what is measured of the GPUs. */
import type { Command } from './command.ts';
import { gpuLine } from './gpu-line.ts';
import { fieldsOf, rowsOf, textOf } from './loose-json.ts';
import { printAnswer } from './print-answer.ts';

export const command: Command = {
  name: 'gpu',
  summary: 'show the GPUs',
  run: (context, _args, options) => printAnswer(context, { method: 'GET', path: '/v1/router/gpu', options }, view),
};

function view(body: unknown): string {
  const gpu = fieldsOf(body) ?? {};
  if (gpu.available === false) return 'No GPU is measured.';
  const each = rowsOf(gpu.gpus).map((row) => `GPU ${textOf(row.index)}  ${gpuLine(row)}`);
  return each.length > 0 ? each.join('\n') : gpuLine(gpu) || 'Nothing is known of the GPU.';
}
