/** What follows from a task type and a size, whoever told the type (contract agent-router part 3.1). */
import type { Complexity, ChatRequest, Needs } from '../core/request.ts';
import { isImage } from '../util/estimate-tokens.ts';

/** From here on a request is one of large context, whatever it asks for. */
export const largeContextTokens = 12_000;
const mediumTokens = 3000;

const heavyTasks: ReadonlySet<string> = new Set(['large_context', 'agentic_reasoning']);
const mediumTasks: ReadonlySet<string> = new Set(['code_generate', 'code_review', 'code_fix', 'tool_use']);

/** `hard`: the text speaks of architecture, debugging and the like. */
export function complexityOf(taskType: string, estimatedTokens: number, hard: boolean): Complexity {
  if (heavyTasks.has(taskType) || estimatedTokens > largeContextTokens) return 'heavy';
  return estimatedTokens > mediumTokens || hard || mediumTasks.has(taskType) ? 'medium' : 'light';
}

export function needsOf(request: ChatRequest): Needs {
  return {
    tools: request.tools.length > 0 && request.toolChoice !== 'none',
    vision: request.messages.some((message) => message.content.some(isImage)),
  };
}
