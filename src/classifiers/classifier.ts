/** What a classifier is: one way to tell what a request is about. Types only. */
import type { Classification, ChatRequest } from '../core/request.ts';

export interface ClassifierTools {
  /** Route names of the configuration, the ten task types included. */
  readonly knownTaskTypes: ReadonlySet<string>;
  /** Asks the classifier model, when one is configured; null when not. The only I/O a classifier gets. */
  readonly ask: ((prompt: string, signal: AbortSignal) => Promise<string>) | null;
}

export interface Classifier {
  readonly id: string;
  /** Classifiers are asked in descending order; the first that answers wins. */
  readonly order: number;
  /** Null: cannot tell. Never throws for a valid request. */
  classify(request: ChatRequest, tools: ClassifierTools, signal: AbortSignal): Classification | null | Promise<Classification | null>;
}
