/** Classifier `model`: asks a small model for the label, when one is configured. */
import type { ChatRequest } from '../core/request.ts';
import type { Classifier, ClassifierTools } from './classifier.ts';
import { complexityOf, largeContextTokens, needsOf } from './complexity.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';
import { lastUserText } from './message-text.ts';

const longestQuestion = 2000;
const confidence = 0.85;

export const classifier: Classifier = {
  id: 'model',
  order: 50,
  classify(request, tools, signal) {
    const estimatedTokens = estimateTokens(request);
    const question = lastUserText(request).slice(0, longestQuestion).trim();
    // The size decides by itself, and silence needs no model to judge it.
    if (tools.ask === null || question === '' || estimatedTokens > largeContextTokens) return null;
    return askForLabel(request, question, tools, tools.ask, signal, estimatedTokens);
  },
};

async function askForLabel(request: ChatRequest, question: string, tools: ClassifierTools, ask: NonNullable<ClassifierTools['ask']>, signal: AbortSignal, estimatedTokens: number) {
  let answer: string;
  try {
    answer = await ask(promptFor(question, tools.knownTaskTypes), signal);
  } catch {
    // The next classifier answers: a slow or broken model must not fail the request.
    return null;
  }
  const taskType = labelIn(answer, tools.knownTaskTypes);
  if (taskType === null) return null;
  return { taskType, complexity: complexityOf(taskType, estimatedTokens, false), confidence, by: 'model', estimatedTokens, needs: needsOf(request) };
}

function promptFor(question: string, labels: ReadonlySet<string>): string {
  return [
    'Which one of these labels fits the request below best? Do not answer the request. Reply with the label alone.',
    `Labels: ${[...labels].join(', ')}`,
    'Request:',
    question,
    'Label:',
  ].join('\n');
}

/** The one label that the answer names; null when it names none or several. Thoughts before the answer do not count. */
function labelIn(answer: string, labels: ReadonlySet<string>): string | null {
  const end = answer.lastIndexOf('</think>');
  const said = (end < 0 ? answer : answer.slice(end + '</think>'.length)).toLowerCase().match(/[\p{L}\p{N}_.:-]+/gu) ?? [];
  const words = new Set(said.map((word) => word.replace(/[.:]+$/, '')));
  const named = [...labels].filter((label) => words.has(label.toLowerCase()));
  return named.length === 1 ? (named[0] ?? null) : null;
}
