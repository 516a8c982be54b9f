/** whisper.cpp by its command line, with the weights that lie on this machine. */
import { join } from 'node:path';
import { numberIn, textIn } from './fields.ts';
import { badAnswer, programFailed } from './media-failure.ts';
import type { Transcript } from '../../util/transcript.ts';
import type { MediaHost, MediaTool } from './media.ts';
import { isObject, parseObject } from '../../util/json-object.ts';

const commands = ['whisper-cli', 'whisper-cpp'];

/** Where its own download script, packages and people put weights. */
function foldersOf({ env, home }: MediaHost): readonly string[] {
  const own = env['WHISPER_MODELS'];
  return [...(own ? [own] : []), join(home, '.cache', 'whisper.cpp'), join(home, 'whisper.cpp', 'models'), join(home, '.local', 'share', 'whisper.cpp'), '/usr/share/whisper.cpp/models', '/usr/local/share/whisper.cpp/models', '/opt/homebrew/share/whisper.cpp/models'];
}

/** `ggml-base.en.bin` is `whisper-base.en`; its tests and helpers are no models. */
export function whisperName(file: string): string | null {
  const name = /^ggml-(.+)\.bin$/.exec(file)?.[1];
  return name === undefined || /silero|for-tests/.test(name) ? null : `whisper-${name}`;
}

async function weightsOf(host: MediaHost): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(foldersOf(host).map(async (folder) => (await host.list(folder)).map((file) => [whisperName(file), join(folder, file)] as const)));
  return new Map(found.flat().toReversed().flatMap(([name, path]) => (name === null ? [] : [[name, path] as const])));
}

async function commandOf(host: MediaHost): Promise<string | null> {
  for (const command of commands) {
    if ((await host.onPath(command)) !== null) return command;
  }
  return null;
}

/** What it writes with `-oj`; its offsets are milliseconds. */
export function readWhisperTranscript(text: string): Transcript {
  const answer = parseObject(text);
  const rows = answer?.['transcription'];
  if (answer === null || !Array.isArray(rows)) throw badAnswer('whisper.cpp', 'left no transcript');
  const segments = rows.filter(isObject).map((row) => {
    const offsets = isObject(row['offsets']) ? row['offsets'] : {};
    return { start: (numberIn(offsets, 'from') ?? 0) / 1000, end: (numberIn(offsets, 'to') ?? 0) / 1000, text: (textIn(row, 'text') ?? '').trim() };
  });
  const language = isObject(answer['result']) ? textIn(answer['result'], 'language') : undefined;
  return { text: segments.map((one) => one.text).join(' ').trim(), ...(language === undefined ? {} : { language }), segments };
}

export const whisperCli: MediaTool = {
  name: 'whisper.cpp',
  find: async (host) => ((await commandOf(host)) === null ? [] : [...(await weightsOf(host)).keys()].sort().map((name) => ({ name, capability: 'transcription' }))),
  hear: (recording, host, signal) =>
    host.inFolder(async (folder) => {
      const [command, weights] = await Promise.all([commandOf(host), weightsOf(host)]);
      const path = weights.get(recording.model);
      if (command === null || path === undefined) throw badAnswer('whisper.cpp', `has no ${recording.model} any more`);
      const file = join(folder, `recording${recording.ending || '.wav'}`);
      await host.write(file, recording.bytes);
      const end = await host.run(command, ['-m', path, '-f', file, '-l', recording.language ?? 'auto', '-np', '-oj', '-of', join(folder, 'heard')], { cwd: folder, signal });
      if (end.code !== 0) throw programFailed(command, end);
      return readWhisperTranscript((await host.read(join(folder, 'heard.json'))).toString('utf8'));
    }),
};
