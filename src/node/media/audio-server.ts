/** A server of this machine that speaks OpenAI's transcription API and is offered under a name of ours. */
import { numberIn, textIn } from './fields.ts';
import { askServer, fieldsOf } from './local-server.ts';
import { badAnswer } from './media-failure.ts';
import type { Transcript } from '../../util/transcript.ts';
import type { MediaModel, MediaTool } from './media.ts';
import { isObject, type JsonObject, parseObject } from '../../util/json-object.ts';

export interface AudioServer {
  readonly name: string;
  readonly url: string;
  readonly apiKey?: string;
  /** Asked for what it has; what the answer is taken for. */
  readonly listPath: string;
  models(answer: JsonObject): readonly { readonly model: MediaModel; readonly theirs: string }[];
}

/** `json` and `verbose_json`. */
export function readOpenAiTranscript(name: string, answer: JsonObject): Transcript {
  const text = textIn(answer, 'text');
  if (text === undefined) throw badAnswer(name, 'answered without a transcript');
  const language = textIn(answer, 'language');
  const segments = Array.isArray(answer['segments']) ? answer['segments'].filter(isObject) : [];
  return {
    text: text.replaceAll(/\s*\n\s*/g, ' ').trim(),
    ...(language === undefined ? {} : { language }),
    segments: segments.map((one) => ({ start: numberIn(one, 'start') ?? 0, end: numberIn(one, 'end') ?? 0, text: (textIn(one, 'text') ?? '').trim() })),
  };
}

export function audioServer({ name, url, apiKey, listPath, models }: AudioServer): MediaTool {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  let theirs = new Map<string, string>();
  return {
    name,
    async find(host, signal) {
      const response = await host.fetch(`${url}${listPath}`, { headers, signal, redirect: 'error' });
      const answer = parseObject(await response.text());
      const found = !response.ok || answer === null ? [] : models(answer);
      theirs = new Map(found.map(({ model, theirs: own }) => [model.name, own]));
      return found.map(({ model }) => model);
    },
    async hear(recording, host, signal) {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(recording.bytes)]), `recording${recording.ending || '.wav'}`);
      form.append('model', theirs.get(recording.model) ?? recording.model);
      form.append('response_format', 'verbose_json');
      if (recording.language !== undefined) form.append('language', recording.language);
      const response = await askServer(host, name, `${url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form, signal });
      return readOpenAiTranscript(name, await fieldsOf(name, response));
    },
  };
}

/** The server of mlx-qwen3-asr; it needs the key that its owner started it with. */
export function qwenServer(env: Readonly<Record<string, string | undefined>>): MediaTool {
  const apiKey = env['MLX_ASR_API_KEY'];
  return audioServer({
    name: 'mlx-qwen3-asr',
    url: 'http://127.0.0.1:8765',
    ...(apiKey === undefined ? {} : { apiKey }),
    listPath: '/health',
    models: (health) => {
      const model = textIn(health, 'model') ?? '';
      return /qwen3-asr/i.test(model) ? [{ model: { name: 'qwen3-asr', capability: 'transcription' }, theirs: model }] : [];
    },
  });
}

export interface SpeechEngine {
  readonly url: string;
  readonly apiKey: string;
}

/** Our own engine, which may start later, end and come back. */
export function builtInSpeech(engine: () => SpeechEngine | null): MediaTool {
  const name = 'moonshine';
  const tool = (running: SpeechEngine): MediaTool =>
    audioServer({
      name,
      ...running,
      listPath: '/v1/models',
      models: ({ data }) => (Array.isArray(data) ? data.filter(isObject) : []).flatMap((row) => {
        const id = textIn(row, 'id');
        return id === undefined ? [] : [{ model: { name: id, capability: 'transcription' as const }, theirs: id }];
      }),
    });
  return {
    name,
    find(host, signal) {
      const running = engine();
      return running === null ? Promise.resolve([]) : tool(running).find(host, signal);
    },
    hear(recording, host, signal) {
      const running = engine();
      const heard = running === null ? undefined : tool(running).hear?.(recording, host, signal);
      return heard ?? Promise.reject(badAnswer(name, 'does not run any more'));
    },
  };
}
