/** Ollama's chat API, read and written for the conformance suite. */
import type { Json, Kit } from './kit.ts';
import { ollamaAnswers, readOllamaOptions, writeOllamaOptions } from './ollama.ts';

export const kit: Kit = {
  ...ollamaAnswers((line) => line.message.content, (line) => line.message),
  conversations: true,
  write: (asked) => ({
    ...writeOllamaOptions(asked),
    messages: [...(asked.system === undefined ? [] : [{ role: 'system', content: asked.system }]), { role: 'user', content: asked.user, images: asked.image === undefined ? undefined : [asked.image] }],
  }),
  read: (body) => {
    const user = body.messages.find((message: Json) => message.role === 'user');
    return { ...readOllamaOptions(body), system: body.messages.find((message: Json) => message.role === 'system')?.content, user: user.content, image: user.images?.[0] };
  },
  // As older clients send it: no ids, results told apart by the tool's name.
  writeTurns: (turns, tools) => ({
    model: 'm',
    messages: turns.map((turn) => ({
      role: turn.role,
      content: turn.text,
      ...(turn.calls ? { tool_calls: turn.calls.map((call) => ({ function: call })) } : {}),
      ...(turn.toolName ? { tool_name: turn.toolName } : {}),
    })),
    tools: tools.map((one) => ({ type: 'function', function: one })),
  }),
  readTurns: (body) => body.messages.map((message: Json) => ({
    role: message.role,
    text: message.content,
    ...(message.tool_calls ? { calls: message.tool_calls.map((call: Json) => ({ name: call.function.name, arguments: call.function.arguments })) } : {}),
    ...(message.tool_name ? { toolName: message.tool_name } : {}),
  })),
  readTools: (body) => body.tools.map((tool: Json) => tool.function),
};
