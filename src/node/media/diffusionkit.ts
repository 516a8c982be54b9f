/** DiffusionKit: Stable Diffusion 3 on Apple silicon, by one command. */
import { join } from 'node:path';
import { checkPng, programFailed } from './media-failure.ts';
import type { MediaTool, PictureOrder } from './media.ts';

const command = 'diffusionkit-cli';

const versions: Readonly<Record<string, string>> = {
  'sd3-medium': 'argmaxinc/mlx-stable-diffusion-3-medium',
  'sd3.5-large': 'argmaxinc/mlx-stable-diffusion-3.5-large-4bit-quantized',
};

/** Texts go behind `=`, or one that begins with a dash would be taken for another option. */
export function diffusionKitArguments({ model, prompt, width, height, steps, guidance, seed, negativePrompt }: PictureOrder, output: string): readonly string[] {
  return [
    `--prompt=${prompt}`,
    '--model-version', versions[model] ?? model,
    '--width', String(width), '--height', String(height),
    ...(steps === undefined ? [] : ['--steps', String(steps)]),
    ...(guidance === undefined ? [] : ['--cfg', String(guidance)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ...(negativePrompt === undefined ? [] : [`--negative_prompt=${negativePrompt}`]),
    '--w16', '--a16',
    '--output-path', output,
  ];
}

export const diffusionKit: MediaTool = {
  name: 'diffusionkit',
  find: async (host) => ((await host.onPath(command)) === null ? [] : Object.keys(versions).map((name) => ({ name, capability: 'image' }))),
  paint: (order, host, signal) =>
    host.inFolder(async (folder) => {
      const output = join(folder, 'picture.png');
      const end = await host.run(command, diffusionKitArguments(order, output), { cwd: folder, signal });
      if (end.code !== 0) throw programFailed(command, end);
      return checkPng(command, await host.read(output));
    }),
};
