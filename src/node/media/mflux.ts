/** mflux: a command for each family of image models, on Apple silicon. */
import { join } from 'node:path';
import { checkPng, programFailed } from './media-failure.ts';
import type { MediaTool, PictureOrder } from './media.ts';

interface Family {
  readonly command: string;
  /** What the command calls the model; absent: it has one alone. */
  readonly model?: string;
  readonly steps: number;
  /** Distilled models take none. */
  readonly guidance: boolean;
  readonly negative?: boolean;
}

const families: Readonly<Record<string, Family>> = {
  'z-image-turbo': { command: 'mflux-generate-z-image-turbo', steps: 9, guidance: false },
  'flux-dev': { command: 'mflux-generate', model: 'dev', steps: 20, guidance: true },
  'flux-schnell': { command: 'mflux-generate', model: 'schnell', steps: 4, guidance: false },
  'qwen-image': { command: 'mflux-generate-qwen', steps: 20, guidance: true, negative: true },
};

const usualQuantize = 8;

/** Texts go behind `=`, or one that begins with a dash would be taken for another option. */
export function mfluxArguments({ model, prompt, width, height, steps, guidance, seed, negativePrompt, quantize }: PictureOrder, output: string): readonly string[] {
  const family = families[model];
  if (family === undefined) return [];
  return [
    ...(family.model === undefined ? [] : ['--model', family.model]),
    `--prompt=${prompt}`,
    '--width', String(width), '--height', String(height),
    '--steps', String(steps ?? family.steps),
    '--quantize', String(quantize ?? usualQuantize),
    ...(guidance === undefined || !family.guidance ? [] : ['--guidance', String(guidance)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ...(negativePrompt === undefined || family.negative !== true ? [] : [`--negative-prompt=${negativePrompt}`]),
    '--output', output,
  ];
}

export const mflux: MediaTool = {
  name: 'mflux',
  async find(host) {
    const commands = [...new Set(Object.values(families).map((family) => family.command))];
    const there = new Set((await Promise.all(commands.map(async (command) => ((await host.onPath(command)) === null ? [] : [command])))).flat());
    return Object.entries(families).flatMap(([name, { command }]) => (there.has(command) ? [{ name, capability: 'image' }] : []));
  },
  paint: (order, host, signal) =>
    host.inFolder(async (folder) => {
      const command = families[order.model]?.command ?? '';
      const output = join(folder, 'picture.png');
      const end = await host.run(command, mfluxArguments(order, output), { cwd: folder, signal });
      if (end.code !== 0) throw programFailed(command, end);
      return checkPng(command, await host.read(output));
    }),
};
