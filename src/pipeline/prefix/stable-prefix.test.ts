import { describe, expect, test } from 'vitest';
import { editJson } from '../../util/json-edit.ts';
import { type PromptBody, prefixEdits } from './stable-prefix.ts';

const billing = 'x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=cli; cch=eb6c6;';
const budget = '<total_tokens>14931235 tokens left</total_tokens>';
const clock = 'Current date and time: 2026-03-09 18:00:31';
const moved = '[Current date and time: 2026-03-09 18:00:31]';

/** The body after the rules, as text, and their names; null when they found nothing. */
function steady(body: PromptBody, order: readonly string[] | null = null) {
  const found = prefixEdits(body, order);
  return found === null ? null : { body: JSON.parse(editJson(JSON.stringify(body), found.edits)) as PromptBody, rules: found.rules };
}

test('of Anthropic’s system blocks the one that is emptied goes, and a system text that is emptied goes as a whole', () => {
  const messages = [{ role: 'user', content: 'Hello' }];
  expect(steady({ system: [{ type: 'text', text: billing }, { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }], messages })).toEqual({
    body: { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }], messages },
    rules: ['billing-header'],
  });
  expect(steady({ system: billing, messages })?.body).toEqual({ messages });
  expect(steady({ system: [{ type: 'text', text: billing }], messages })?.body).toEqual({ messages });
});

test('a system message that only counts down goes wherever it stands, and the turn before it is the last one', () => {
  const body = { messages: [{ role: 'system', content: clock }, { role: 'user', content: 'One' }, { role: 'system', content: [{ type: 'text', text: budget }] }] };
  expect(steady(body)).toEqual({
    body: { messages: [{ role: 'system', content: 'Current date and time: 2026-03-09' }, { role: 'user', content: `One\n\n${moved}` }] },
    rules: ['clock-time', 'token-budget'],
  });
});

test('a request that has nothing but such a message keeps it', () => {
  expect(steady({ messages: [{ role: 'system', content: billing }] })).toBeNull();
});

test('a note behind a user’s words goes, with the part that it has for itself; his turn never becomes empty', () => {
  expect(steady({ messages: [{ role: 'user', content: `One\n\n${budget}` }] })?.body).toEqual({ messages: [{ role: 'user', content: 'One' }] });
  const result = { type: 'tool_result', tool_use_id: 't', content: 'x' };
  expect(steady({ messages: [{ role: 'user', content: [result, { type: 'text', text: budget }] }] })?.body).toEqual({ messages: [{ role: 'user', content: [result] }] });
  expect(steady({ messages: [{ role: 'tool', content: 'x' }, { role: 'user', content: budget }] })?.body).toEqual({ messages: [{ role: 'tool', content: 'x' }] });
  expect(steady({ messages: [{ role: 'assistant', content: 'x' }, { role: 'user', content: budget }] })).toBeNull();
  expect(steady({ messages: [{ role: 'user', content: budget }] })).toBeNull();
});

describe('the time of day', () => {
  const at = (last: unknown) => steady({ messages: [{ role: 'system', content: clock }, last] })?.body['messages'];
  const front = { role: 'system', content: 'Current date and time: 2026-03-09' };

  test('stands behind what the user said last, in a part of its own behind a picture', () => {
    expect(at({ role: 'user', content: 'Hello' })).toEqual([front, { role: 'user', content: `Hello\n\n${moved}` }]);
    expect(at({ role: 'user', content: `Hello\n${budget}` })).toEqual([front, { role: 'user', content: `Hello\n\n${moved}` }]);
    expect(at({ role: 'user', content: [{ type: 'text', text: 'Hello' }, { type: 'text', text: budget }] })).toEqual([front, { role: 'user', content: [{ type: 'text', text: `Hello\n\n${moved}` }] }]);
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
    expect(at({ role: 'user', content: [picture] })).toEqual([front, { role: 'user', content: [picture, { type: 'text', text: moved }] }]);
  });

  test('is not put behind the results of tools, nor behind what the assistant said', () => {
    for (const last of [{ role: 'tool', content: 'x' }, { role: 'assistant', content: 'x' }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'x' }] }]) expect(at(last)).toEqual([front, last]);
  });

  test('is found in the instructions of a responses request, and in the system text of a generate request', () => {
    expect(steady({ instructions: clock, input: 'Hello' })?.body).toEqual({ instructions: 'Current date and time: 2026-03-09', input: `Hello\n\n${moved}` });
    expect(steady({ instructions: clock, input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }] })?.body['input']).toEqual([{ role: 'user', content: [{ type: 'input_text', text: `Hello\n\n${moved}` }] }]);
    expect(steady({ system: clock, prompt: 'Hello' })?.body).toEqual({ system: 'Current date and time: 2026-03-09', prompt: `Hello\n\n${moved}` });
  });
});

test.each([
  ['a user’s words', { messages: [{ role: 'user', content: `${billing}\n${clock}\nWhat is this?` }] }],
  ['an assistant’s words', { messages: [{ role: 'user', content: 'x' }, { role: 'assistant', content: `${clock}\n${budget}` }] }],
  ['a tool’s result', { messages: [{ role: 'tool', content: `${clock}\n${budget}` }] }],
  ['a system message in the middle', { messages: [{ role: 'user', content: 'x' }, { role: 'system', content: clock }, { role: 'user', content: 'y' }] }],
  ['a prompt without messages', { prompt: `${billing}\n${clock}` }],
  ['parts that are no text', { messages: [{ role: 'system', content: [{ type: 'document', text: clock }, null, 7] }, null, 'x'] }],
  ['a body without a prompt', { model: 'x' }],
])('%s: left alone', (_what, body) => expect(steady(body)).toBeNull());

test('tools are put into the order that holds, by the name that each dialect gives them', () => {
  const tool = (name: string) => ({ type: 'function', function: { name, parameters: {} } });
  expect(steady({ messages: [], tools: [tool('b'), { type: 'web_search' }, tool('a')] }, ['a', 'b'])).toEqual({ body: { messages: [], tools: [tool('a'), { type: 'web_search' }, tool('b')] }, rules: ['tool-order'] });
  expect(steady({ messages: [], tools: [{ name: 'b' }, { name: 'a' }] }, ['a', 'b'])?.body['tools']).toEqual([{ name: 'a' }, { name: 'b' }]);
  expect(steady({ messages: [], tools: [{ name: 'a' }, { name: 'b' }] }, ['a', 'b'])).toBeNull();
});
