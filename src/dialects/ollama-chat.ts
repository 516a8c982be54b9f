/** Ollama's chat API: `POST /api/chat`. */
import type { ChatRequest } from '../core/request.ts';
import { refuseOwnFeatures, unsupported } from './cannot-translate.ts';
import type { InferenceDialect, Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { chatShape } from './ollama-answer.ts';
import { ollamaDialect } from './ollama-dialect.ts';
import { readExtra, readSharedFields, sharedFields, writeSharedFields } from './ollama-fields.ts';
import { readOllamaMessages, writeOllamaMessages } from './ollama-messages.ts';
import { parseBody } from './read-fields.ts';
import { readTools, writeTools } from './tools.ts';

const id = 'ollama-chat';
const path = '/api/chat';
const decisive = ['format', 'tools'];
const held: ReadonlySet<string> = new Set([...sharedFields, 'messages', 'tools']);

function decodeRequest(text: string): ChatRequest {
  const body = parseBody(text);
  const shared = readSharedFields(body);
  const { tools, others } = readTools(body);
  const extra = readExtra(body, held, shared.responseFormat !== undefined);
  return { task: 'chat', dialect: id, wire: text, ...shared, decisive, messages: readOllamaMessages(body), tools, extra: others.length === 0 ? extra : { ...extra, tools: others } };
}

function encodeForeign(request: ChatRequest, target: Target): WireCall {
  refuseOwnFeatures(request, 'Ollama');
  const choice = request.toolChoice ?? 'auto';
  if (choice === 'required' || typeof choice === 'object') throw unsupported('tool_choice', 'Ollama');
  const { fields, rewrites } = writeSharedFields(request, target);
  const tools = request.tools.length === 0 || choice === 'none' ? {} : { tools: writeTools(request.tools) };
  return { path, body: jsonText({ model: target.model, messages: writeOllamaMessages(request.messages), ...tools, ...fields }), rewrites };
}

export const dialect: InferenceDialect<ChatRequest> = ollamaDialect({ id, path, shape: chatShape, decodeRequest, encodeForeign });
