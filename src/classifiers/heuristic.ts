/** Classifier `heuristic`: tells the task from key words and the structure of the last message; always answers. */
import type { ChatRequest, TaskType } from '../core/request.ts';
import type { Classifier } from './classifier.ts';
import { complexityOf, largeContextTokens, needsOf } from './complexity.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';
import { keyWords } from './key-words.ts';
import { earlierText, lastUserText } from './message-text.ts';
import { proseOf, structureOf, type TextStructure } from './text-structure.ts';
import { WordFinder, wordsOf } from './word-finder.ts';

const finder = new WordFinder(keyWords);

/** What the rules look at. Counts are of the parts of the last message where instructions stand. */
interface Clues {
  readonly tokens: number;
  readonly length: number;
  readonly wordCount: number;
  readonly structure: TextStructure;
  readonly offersTools: boolean;
  /** Is any word of it one we know? */
  readonly saysAnything: boolean;
  /** `fix(scope): what changed` at the beginning: words of what was done, not of what is wanted. */
  readonly isCommitMessage: boolean;
  /** Does it follow an answer of the model? */
  readonly isAnswer: boolean;
  /** Numbers, addresses, quotations: what a call of a tool would be filled with. */
  readonly hasParticulars: boolean;
  count(group: keyof typeof keyWords): number;
  /** In the system message: only a hint, since it is the same for every turn. */
  hinted(group: keyof typeof keyWords): number;
}

interface Rule {
  readonly taskType: TaskType;
  readonly confidence: number;
  holds(clues: Clues): boolean;
}

/** The first that holds decides; the confidences of contract agent-router part 3.1. */
const rules: readonly Rule[] = [
  { taskType: 'large_context', confidence: 0.8, holds: (clues) => clues.tokens > largeContextTokens || clues.count('large') > 0 },
  { taskType: 'unknown', confidence: 0.4, holds: (clues) => clues.structure.noise || (clues.wordCount === 1 && !clues.saysAnything) },
  { taskType: 'agentic_reasoning', confidence: 0.72, holds: isAgentic },
  { taskType: 'triage', confidence: 0.7, holds: isTriage },
  { taskType: 'code_review', confidence: 0.82, holds: isReview },
  { taskType: 'code_fix', confidence: 0.8, holds: isFix },
  { taskType: 'summarize', confidence: 0.86, holds: (clues) => clues.count('summarize') > 0 && !clues.structure.diff },
  { taskType: 'code_generate', confidence: 0.78, holds: isGenerate },
  { taskType: 'tool_use', confidence: 0.75, holds: isToolUse },
  { taskType: 'agentic_reasoning', confidence: 0.72, holds: isPlan },
];

export const classifier: Classifier = {
  id: 'heuristic',
  order: 10,
  classify(request) {
    const clues = cluesOf(request);
    const { taskType, confidence } = rules.find((rule) => rule.holds(clues)) ?? { taskType: 'simple_chat', confidence: 0.55 };
    return {
      taskType,
      complexity: complexityOf(taskType, clues.tokens, clues.count('hard') > 0),
      confidence,
      by: 'heuristic',
      estimatedTokens: clues.tokens,
      needs: needsOf(request),
    };
  },
};

function isAgentic(clues: Clues): boolean {
  return clues.count('agent') + (clues.hinted('agent') > 0 ? 1 : 0) >= 2;
}

function isTriage(clues: Clues): boolean {
  if (clues.structure.code) return false;
  return clues.count('triage') > 0 || (clues.hinted('triage') >= 2 && clues.length < 600);
}

function isReview(clues: Clues): boolean {
  if (clues.structure.diff) return clues.isCommitMessage || clues.count('fix') <= clues.count('review');
  return clues.count('review') > 0 && (clues.structure.code || codeWords(clues) > 0 || clues.length < 60) && clues.count('review') >= clues.count('fix');
}

function isFix(clues: Clues): boolean {
  if (clues.structure.failure && !clues.structure.diff) return true;
  return clues.count('fix') > 0 && (clues.structure.code || codeWords(clues) > 0 || clues.length < 120);
}

/** Coding agents offer tools with each request, so a plain wish for code is not a call for a tool. */
function isGenerate(clues: Clues): boolean {
  if (clues.structure.code) return true;
  return codeWords(clues) > 0 && (clues.count('generate') > 0 || (clues.count('ask') > 0 && !clues.offersTools));
}

function isToolUse(clues: Clues): boolean {
  if (clues.count('tool') > 0) return true;
  if (!clues.offersTools && clues.hinted('tool') === 0) return false;
  return clues.count('act') > 0 || (clues.isAnswer && clues.hasParticulars);
}

function isPlan(clues: Clues): boolean {
  const plans = clues.count('plan');
  return plans >= 2 || (plans > 0 && (clues.count('generate') > 0 || clues.length > 1200));
}

function codeWords(clues: Clues): number {
  return clues.count('code') - clues.count('notCode');
}

function cluesOf(request: ChatRequest): Clues {
  const text = lastUserText(request);
  const words = wordsOf(text);
  const instructions = finder.count(wordsOf(instructionsIn(text)));
  const hints = finder.count(wordsOf(earlierText(request, 'system', 1500)));
  return {
    tokens: estimateTokens(request),
    length: text.length,
    wordCount: words.length,
    structure: structureOf(text, words),
    saysAnything: instructions.size > 0,
    isCommitMessage: /^\w+(?:\([\w-]+\))?!?: /.test(text),
    isAnswer: request.messages.some((message) => message.role === 'assistant'),
    hasParticulars: /\d|https?:|www\.|@|"|“/.test(text),
    offersTools: needsOf(request).tools,
    count: (group) => instructions.get(group) ?? 0,
    hinted: (group) => hints.get(group) ?? 0,
  };
}

const headChars = 500;
const tailChars = 250;

/** People say what they want at the beginning or at the end; what lies between, and code, is what they want it done with. */
function instructionsIn(text: string): string {
  const plain = proseOf(text);
  return plain.length <= headChars + tailChars ? plain : `${plain.slice(0, headChars)}\n${plain.slice(-tailChars)}`;
}
