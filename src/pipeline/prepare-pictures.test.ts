import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { ChatRequest } from '../core/request.ts';
import { dialect as anthropic } from '../dialects/anthropic-messages.ts';
import { dialect as openAi } from '../dialects/openai-chat.ts';
import { dialect as responses } from '../dialects/openai-responses.ts';
import { type FetchPicture, namesPictures, Pictures } from './prepare-pictures.ts';

const caller = () => new AbortController();
const shown = { mediaType: 'image/png', data: 'AAAA' };
const dataUrl = 'data:image/png;base64,AAAA';

function pictures(fetch: FetchPicture, clock = new FakeClock()): Pictures {
  return new Pictures({ fetch, timeoutMs: 1000, clock });
}

function asking(...urls: readonly string[]): ChatRequest {
  return openAi.decodeRequest(JSON.stringify({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...urls.map((url) => ({ type: 'image_url', image_url: { url, detail: 'low' } }))] }] }));
}

test('the picture stands in the place of its address, decoded and on the wire, and whatever stood beside it stays', async () => {
  const given = 'data:image/gif;base64,R0lGODlh';
  const request = await pictures(() => Promise.resolve(shown)).into(asking('https://a.example/1.png', given), caller().signal);
  expect(request.messages[0]?.content).toEqual([{ type: 'text', text: 'What is it?' }, { type: 'image', ...shown }, { type: 'image', mediaType: 'image/gif', data: 'R0lGODlh' }]);
  expect(request.wire).toBe(asking(dataUrl, given).wire);
});

test('on Anthropic’s wire and in responses requests, tool results included', async () => {
  const url = 'https://a.example/1.png';
  const image = { type: 'image', source: { type: 'url', url } };
  const there = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
  const anthropicBody = (picture: unknown) => JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [picture] }, { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'see', input: {} }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [picture] }] }] });
  const one = await pictures(() => Promise.resolve(shown)).into(anthropic.decodeRequest(anthropicBody(image)) as ChatRequest, caller().signal);
  expect(one.wire).toBe(anthropicBody(there));
  const responsesBody = (address: string) => JSON.stringify({ model: 'm', input: [{ role: 'user', content: [{ type: 'input_image', image_url: address }] }] });
  const two = await pictures(() => Promise.resolve(shown)).into(responses.decodeRequest(responsesBody(url)) as ChatRequest, caller().signal);
  expect(two.wire).toBe(responsesBody(dataUrl));
});

test('each address is fetched once, for however many parts and tries', async () => {
  const fetched: string[] = [];
  const all = pictures((url) => {
    fetched.push(url);
    return Promise.resolve(shown);
  });
  const request = asking('https://a.example/1.png', 'https://a.example/2.png', 'https://a.example/1.png');
  await all.into(request, caller().signal);
  await all.into(request, caller().signal);
  expect(fetched).toEqual(['https://a.example/1.png', 'https://a.example/2.png']);
});

test('all are fetched at the same time, within one limit', async () => {
  const clock = new FakeClock();
  const signals: AbortSignal[] = [];
  const hanging: FetchPicture = (_url, signal) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RouterError('cancelled', 'left'))));
  };
  const outcome = pictures(hanging, clock).into(asking('https://a.example/1.png', 'https://a.example/2.png'), caller().signal);
  const refused = expect(outcome).rejects.toMatchObject({ code: 'invalid_request', status: 400, message: expect.stringContaining('1000 ms'), details: { param: 'messages[0].content[1]' } });
  await settled();
  expect(signals).toHaveLength(2);
  clock.advance(1000);
  await refused;
  expect(clock.pending).toBe(0);
});

test('one that is refused names its part, and ends the others', async () => {
  let other: AbortSignal | undefined;
  const fetch: FetchPicture = (url, signal) => {
    if (url.includes('bad')) return Promise.reject(new RouterError('invalid_request', 'a.example answered with status 404.'));
    other = signal;
    return new Promise(() => {});
  };
  await expect(pictures(fetch).into(asking('https://a.example/1.png', 'https://a.example/bad.png'), caller().signal)).rejects.toMatchObject({
    code: 'invalid_request', message: '`messages[0].content[2]`: a.example answered with status 404.', details: { param: 'messages[0].content[2]' },
  });
  expect(other?.aborted).toBe(true);
});

test('a caller who leaves ends the fetching and is not told of a bad request', async () => {
  const leaving = caller();
  const fetch: FetchPicture = (_url, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RouterError('cancelled', 'left'))));
  const clock = new FakeClock();
  const outcome = expect(pictures(fetch, clock).into(asking('https://a.example/1.png'), leaving.signal)).rejects.toMatchObject({ code: 'cancelled' });
  leaving.abort();
  await outcome;
  expect(clock.pending).toBe(0);
});

test('more pictures than any model looks at are refused before any is fetched', async () => {
  const fetch: FetchPicture = () => Promise.reject(new Error('nothing was to be fetched'));
  const many = asking(...Array.from({ length: 33 }, (_, index) => `https://a.example/${index}.png`));
  await expect(pictures(fetch).into(many, caller().signal)).rejects.toMatchObject({ code: 'invalid_request', details: { param: 'messages' } });
});

test('a data URL is no address', () => {
  expect(namesPictures(asking('data:image/png;base64,AAAA', 'DATA:image/svg+xml,<svg/>'))).toBe(false);
  expect(namesPictures(asking('file:///etc/passwd'))).toBe(true);
});
