/** `gpu`: what is known of the GPUs and how they are watched. */
import { z } from 'zod';
import { filePath, flag, positiveMilliseconds, text } from './values.ts';

const monitor = z
  .strictObject({
    enabled: flag.default(true).describe('Measure in the background. Off: `gpu.vramTotalMb` counts as free.'),
    intervalMs: positiveMilliseconds.default(5000).describe('Time between two measurements.'),
    nvidiaSmiPath: filePath.default('nvidia-smi').describe('The program that measures NVIDIA GPUs.'),
  })
  .prefault({})
  .describe('How the GPUs are measured.');

export const gpu = z
  .strictObject({
    provider: z.enum(['none', 'nvidia']).optional().describe('Absent: found out at start.'),
    name: text.optional().describe('Shown where nothing is measured.'),
    vramTotalMb: z.number().min(0).optional().describe('Memory of all GPUs together in MiB, for when nothing is measured.'),
    vramSafetyReserveMb: z.number().min(0).default(1024).describe('MiB that stay free when a model is loaded.'),
    maxGpuUtilizationPct: z.number().min(1).max(100).default(100).describe('No request starts while the GPU is busier than this; 100 is off.'),
    requireGpuOnlyByDefault: flag.default(false).describe('Use only models that fit wholly on the GPU, unless the request says otherwise.'),
    monitor,
  })
  .prefault({})
  .describe('GPUs of this machine.');
