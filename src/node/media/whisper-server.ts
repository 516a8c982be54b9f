/** whisper.cpp's own server, which has one model and one address for recordings. */
import { readOpenAiTranscript } from './audio-server.ts';
import { askServer, fieldsOf, lookAt } from './local-server.ts';
import type { MediaTool, Recording } from './media.ts';

const name = 'whisper-server';
/** Its usual port is llama-server's too, so it is often told another. */
const usualUrls = ['http://127.0.0.1:8080', 'http://127.0.0.1:8081', 'http://127.0.0.1:9000'];

/** It has a page and no list: the page names it. */
export function isWhisperPage(page: string | null): boolean {
  return page !== null && /whisper\.cpp/i.test(page) && page.includes('/inference');
}

export function whisperForm({ bytes, ending, language }: Recording): FormData {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(bytes)]), `recording${ending || '.wav'}`);
  form.append('response_format', 'verbose_json');
  form.append('language', language ?? 'auto');
  return form;
}

export function whisperServer(urls: readonly string[] = usualUrls): MediaTool {
  let found = urls[0] ?? '';
  return {
    name,
    async find(host, signal) {
      for (const url of urls) {
        if (!isWhisperPage(await lookAt(host, `${url}/`, signal).catch(() => null))) continue;
        found = url;
        return [{ name: 'whisper', capability: 'transcription' }];
      }
      return [];
    },
    async hear(recording, host, signal) {
      const response = await askServer(host, name, `${found}/inference`, { method: 'POST', body: whisperForm(recording), signal });
      return readOpenAiTranscript(name, await fieldsOf(name, response));
    },
  };
}
