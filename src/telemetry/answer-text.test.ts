import { expect, test } from 'vitest';
import { answerText } from './answer-text.ts';

const lines = (...pieces: readonly object[]): string => pieces.map((piece) => `${JSON.stringify(piece)}\n`).join('');
const events = (...pieces: readonly object[]): string => pieces.map((piece) => `event: x\ndata: ${JSON.stringify(piece)}\n\n`).join('');

test.each([
  ['OpenAI, whole', JSON.stringify({ choices: [{ message: { content: 'Hello', reasoning_content: 'Hm', tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] } }] }), { text: 'Hello', reasoning: 'Hm', toolCalls: 'f {"a":1}' }],
  ['OpenAI, streamed', `${events({ choices: [{ delta: { content: 'Hel' } }] }, { choices: [{ delta: { content: 'lo', tool_calls: [{ function: { name: 'f', arguments: '{"a"' } }] } }] }, { choices: [{ delta: { tool_calls: [{ function: { arguments: ':1}' } }] } }] })}data: [DONE]\n\n`, { text: 'Hello', reasoning: '', toolCalls: 'f {"a":1}' }],
  ['completions', JSON.stringify({ choices: [{ text: 'Hello' }] }), { text: 'Hello', reasoning: '', toolCalls: '' }],
  ['Ollama chat, streamed', lines({ message: { role: 'assistant', content: 'Hel', thinking: 'Hm' } }, { message: { content: 'lo' }, done: true }), { text: 'Hello', reasoning: 'Hm', toolCalls: '' }],
  ['Ollama chat, whole', JSON.stringify({ message: { content: '', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] } }), { text: '', reasoning: '', toolCalls: 'f {"a":1}' }],
  ['Ollama generate', lines({ response: 'Hel' }, { response: 'lo', done: true }), { text: 'Hello', reasoning: '', toolCalls: '' }],
  ['Anthropic, whole', JSON.stringify({ type: 'message', content: [{ type: 'thinking', thinking: 'Hm' }, { type: 'text', text: 'Hello' }, { type: 'tool_use', name: 'f', input: { a: 1 } }] }), { text: 'Hello', reasoning: 'Hm', toolCalls: 'f {"a":1}' }],
  ['Anthropic, streamed', events({ type: 'message_start', message: { content: [] } }, { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Hello' } }, { type: 'content_block_start', content_block: { type: 'tool_use', name: 'f', input: {} } }, { type: 'content_block_delta', delta: { partial_json: '{"a":1}' } }), { text: 'Hello', reasoning: '', toolCalls: 'f {"a":1}' }],
  ['responses, whole', JSON.stringify({ object: 'response', output: [{ type: 'reasoning', summary: [{ text: 'Hm' }] }, { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }, { type: 'function_call', name: 'f', arguments: '{"a":1}' }] }), { text: 'Hello', reasoning: 'Hm', toolCalls: 'f {"a":1}' }],
  ['responses, streamed', events({ type: 'response.output_text.delta', delta: 'Hel' }, { type: 'response.output_text.delta', delta: 'lo' }, { type: 'response.completed', response: { output: [{ type: 'message', content: [{ text: 'Hello' }] }] } }), { text: 'Hello', reasoning: '', toolCalls: '' }],
])('%s', (_name, wire, expected) => {
  expect(answerText(wire)).toEqual(expected);
});

test.each(['', 'no JSON', '{"embeddings":[[1,2]]}', '{"error":{"message":"quotes a prompt"}}', '[1,2]', '{"data":[{"b64_json":"x"}]}'])('%j holds no answer in words', (wire) => {
  expect(answerText(wire)).toBeNull();
});
