/** mlx-qwen3-asr: speech to text on Apple silicon, by one command. */
import { join } from 'node:path';
import { numberIn, textIn } from './fields.ts';
import { badAnswer, programFailed } from './media-failure.ts';
import type { Transcript } from '../../util/transcript.ts';
import type { MediaTool } from './media.ts';
import { isObject, parseObject } from '../../util/json-object.ts';

const command = 'mlx-qwen3-asr';

/** What it writes with `-f json`. */
export function readQwenTranscript(text: string): Transcript {
  const answer = parseObject(text);
  const said = textIn(answer, 'text');
  if (answer === null || said === undefined) throw badAnswer(command, 'left no transcript');
  const language = textIn(answer, 'language');
  const segments = Array.isArray(answer['segments']) ? answer['segments'].filter(isObject) : [];
  return {
    text: said.trim(),
    ...(language === undefined ? {} : { language }),
    segments: segments.map((one) => ({ start: numberIn(one, 'start') ?? 0, end: numberIn(one, 'end') ?? 0, text: (textIn(one, 'text') ?? '').trim() })),
  };
}

export const qwen3Asr: MediaTool = {
  name: command,
  find: async (host) => ((await host.onPath(command)) === null ? [] : [{ name: 'qwen3-asr', capability: 'transcription' }]),
  hear: (recording, host, signal) =>
    host.inFolder(async (folder) => {
      const file = join(folder, `recording${recording.ending || '.wav'}`);
      await host.write(file, recording.bytes);
      const language = recording.language === undefined ? [] : [`--language=${recording.language}`];
      const end = await host.run(command, [file, '-f', 'json', '-o', folder, ...language], { cwd: folder, signal });
      if (end.code !== 0) throw programFailed(command, end);
      const made = (await host.list(folder)).find((name) => name.endsWith('.json'));
      if (made === undefined) throw badAnswer(command, 'ended well and left no transcript');
      return readQwenTranscript((await host.read(join(folder, made))).toString('utf8'));
    }),
};
